//! Out of which credits each invoice is paid.
//!
//! POD takes a credit's whole rest before it goes on to the next, so what an invoice leaves of its
//! last credit is what the next one finds. Credit that expires first is spent first, unless that
//! would take from the common pool what other guilds' invoices need: then the guild's own credit
//! comes first, which always works out for invoices that were [selected](crate::selection). The
//! wallet is part of the common pool, but only with what all credit together cannot pay: so it is
//! the last resort of the whole plan, not of each invoice.

use pod_sdk::{rules::spending::Rest, values::Rial};

use crate::selection::ANY_GUILD;

/// A credit that is not expired, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Credit {
    /// What is left, in rials.
    pub rials: u64,
    /// Only for invoices of this guild.
    pub guild: usize,
    /// When it is over.
    pub expires_at: Option<u64>,
}

/// How one invoice is paid.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// Index of a credit and rials out of it, in the order of use.
    pub credits: Vec<(usize, u64)>,
    /// Rials out of the wallet.
    pub wallet: u64,
    /// Did the guild's own credit have to come first?
    pub guild_first: bool,
    /// The credit that would have been next, and what is left of it.
    pub next: Option<(usize, u64)>,
}

/// What is left to spend, and what is still to be paid.
pub struct Purse {
    credits: Vec<u64>,
    order: Vec<Position>,
    /// By guild; those for any guild are the common ones.
    queues: Vec<Queue>,
    /// What each guild's invoices will still take.
    needed: Vec<u64>,
    wallet: u64,
    /// What all guilds will still take beyond their own credit.
    beyond: u64,
}

/// The order of use: what expires first; among equals the largest, so that as few as possible are
/// touched.
type Position = (u64, std::cmp::Reverse<u64>, bool, usize);

#[derive(Clone, Default)]
struct Queue {
    /// Indices in the order of use.
    credits: Vec<usize>,
    next: usize,
    left: u64,
}

impl Purse {
    /// A purse with these credits and at most so much of a wallet, for the invoices that were
    /// selected: the guild and the rials of each. So many guilds have a number; sums must fit.
    #[must_use]
    pub fn new(
        credits: &[Credit],
        wallet: u64,
        guilds: usize,
        selected: impl IntoIterator<Item = (usize, u64)>,
    ) -> Self {
        let order: Vec<Position> = (0..)
            .zip(credits)
            .map(|(index, credit)| {
                let largest = std::cmp::Reverse(credit.rials);
                let expires_at = credit.expires_at.unwrap_or(u64::MAX);
                (expires_at, largest, credit.guild == ANY_GUILD, index)
            })
            .collect();
        let mut queues = vec![Queue::default(); guilds];
        for (index, credit) in credits.iter().enumerate().filter(|(_, credit)| credit.rials > 0) {
            let queue = &mut queues[credit.guild];
            queue.credits.push(index);
            queue.left += credit.rials;
        }
        for queue in &mut queues {
            queue.credits.sort_unstable_by_key(|&index| order[index]);
        }
        let mut needed = vec![0; guilds];
        for (guild, rials) in selected {
            needed[guild] += rials;
        }
        let mut purse = Self {
            credits: credits.iter().map(|credit| credit.rials).collect(),
            order,
            queues,
            needed,
            wallet,
            beyond: 0,
        };
        purse.beyond = (0..guilds).map(|guild| purse.beyond(guild)).sum();
        // The wallet is for what all credit together does not pay, and for no more.
        purse.wallet = wallet.min(purse.beyond.saturating_sub(purse.queues[ANY_GUILD].left));
        purse
    }

    /// Pays one of the selected invoices.
    #[must_use]
    pub fn pay(&mut self, guild: usize, rials: u64) -> Spent {
        let others = self.beyond - self.beyond(guild);
        self.needed[guild] -= rials;

        let by_expiry = self.split(guild, rials, false);
        let own = self.of_own(&by_expiry);
        let common = rials - own - by_expiry.wallet;
        let own_left = self.own_left(guild) - own;
        let pool_left = (self.queues[ANY_GUILD].left - common) + (self.wallet - by_expiry.wallet);
        let works_out = others + self.needed[guild].saturating_sub(own_left) <= pool_left;
        let spent = if works_out { by_expiry } else { self.split(guild, rials, true) };
        self.book(guild, &spent);
        self.beyond = others + self.beyond(guild);
        spent
    }

    /// What a guild's invoices will still take beyond its own credit.
    fn beyond(&self, guild: usize) -> u64 {
        self.needed[guild].saturating_sub(self.own_left(guild))
    }

    fn own_left(&self, guild: usize) -> u64 {
        if guild == ANY_GUILD { 0 } else { self.queues[guild].left }
    }

    /// Rials of these that come out of a guild's own credit.
    fn of_own(&self, spent: &Spent) -> u64 {
        let own = spent.credits.iter().filter(|(credit, _)| !self.is_common(*credit));
        own.map(|(_, rials)| rials).sum()
    }

    fn is_common(&self, credit: usize) -> bool {
        self.order[credit].2
    }

    fn rest(&self, guild: usize) -> &[usize] {
        let Queue { credits, next, .. } = &self.queues[guild];
        &credits[*next..]
    }

    fn split(&self, guild: usize, rials: u64, guild_first: bool) -> Spent {
        let mut own = if guild == ANY_GUILD { &[] } else { self.rest(guild) };
        let mut common = self.rest(ANY_GUILD);
        let mut spent = Spent { guild_first, ..Spent::default() };
        let mut rest = Rest(Rial(rials));
        loop {
            let own_is_next = match (own.first(), common.first()) {
                (Some(own), Some(common)) => guild_first || self.order[*own] < self.order[*common],
                (own, _) => own.is_some(),
            };
            let queue = if own_is_next { &mut own } else { &mut common };
            let Some((&credit, others)) = queue.split_first() else { break };
            if rest.0 == Rial::ZERO {
                spent.next = Some((credit, self.credits[credit]));
                break;
            }
            *queue = others;
            let taken = rest.take(Rial(self.credits[credit]));
            spent.credits.push((credit, taken.0));
        }
        spent.wallet = rest.0.0;
        spent
    }

    fn book(&mut self, guild: usize, spent: &Spent) {
        self.wallet -= spent.wallet;
        for &(credit, rials) in &spent.credits {
            self.credits[credit] -= rials;
            let guild = if self.is_common(credit) { ANY_GUILD } else { guild };
            let queue = &mut self.queues[guild];
            queue.left -= rials;
            if self.credits[credit] == 0 {
                queue.next += 1;
            }
        }
    }
}
