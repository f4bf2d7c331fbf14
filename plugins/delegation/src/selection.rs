//! Which invoices to pay in full, if not all can be: as many as possible.
//!
//! An invoice can be paid from its guild's credit and from a common pool: credit for any guild, and
//! the wallet. Within a guild the smallest invoices come first. What the next one takes from the
//! common pool only ever grows from one invoice of a guild to the next, so whoever takes the
//! cheapest next one, again and again, pays the most invoices.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Guilds are numbered from 1 on; this is no guild, or any.
pub const ANY_GUILD: usize = 0;

/// An invoice, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Due {
    /// In rials.
    pub rials: u64,
    /// Whose credit can pay it besides the common pool.
    pub guild: usize,
}

/// What became of an invoice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is paid.
    Paid,
    /// It would take so much of the common pool, of which less was left.
    TooMuch {
        /// In rials.
        needed: u64,
        /// In rials.
        left: u64,
    },
}

/// A guild's invoices, the smallest first, and its credit.
struct Guild {
    invoices: Vec<usize>,
    credit: u64,
}

/// Decides about each invoice. `credit` is each guild's own by its number, `common` everybody's.
/// O(n log n).
#[must_use]
pub fn select(invoices: &[Due], credit: &[u64], mut common: u64) -> Vec<Verdict> {
    let own = |guild: usize| if guild == ANY_GUILD { 0 } else { credit[guild] };
    let mut guilds: Vec<Guild> =
        (0..credit.len()).map(|guild| Guild { invoices: Vec::new(), credit: own(guild) }).collect();
    for (index, invoice) in invoices.iter().enumerate() {
        guilds[invoice.guild].invoices.push(index);
    }
    for guild in &mut guilds {
        guild.invoices.sort_unstable_by_key(|&index| (invoices[index].rials, index));
    }

    // The next invoice of each guild, by what it takes from the common pool, the least on top.
    let mut next = BinaryHeap::with_capacity(guilds.len());
    let offer = |guild: &Guild, position: usize, left: u64| {
        let &index = guild.invoices.get(position)?;
        let rials = invoices[index].rials;
        Some(Reverse((rials.saturating_sub(left), rials, index)))
    };
    let mut owner = vec![(0, 0); invoices.len()];
    for (number, guild) in guilds.iter().enumerate() {
        for (position, &index) in guild.invoices.iter().enumerate() {
            owner[index] = (number, position);
        }
        next.extend(offer(guild, 0, guild.credit));
    }
    let mut verdicts = vec![Verdict::Paid; invoices.len()];
    while let Some(Reverse((needed, rials, index))) = next.pop() {
        let (number, position) = owner[index];
        if needed > common {
            // All later ones of this guild take more.
            for &index in &guilds[number].invoices[position..] {
                let needed = invoices[index].rials - guilds[number].credit;
                verdicts[index] = Verdict::TooMuch { needed, left: common };
            }
            continue;
        }
        common -= needed;
        let guild = &mut guilds[number];
        guild.credit -= rials - needed;
        next.extend(offer(guild, position + 1, guild.credit));
    }
    verdicts
}
