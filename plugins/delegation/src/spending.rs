//! Out of which credits each invoice is paid.
//!
//! POD takes a credit's whole rest before it goes on to the next, so what an invoice leaves of its
//! last credit is what the next one finds. Credit that expires first is spent first, unless that
//! would take from the common pool what other guilds' invoices need: then the guild's own credit
//! comes first, which always works out for invoices that were [selected](crate::selection). The
//! wallet is part of the common pool, but only with what all credit together cannot pay: so it is
//! the last resort of the whole plan, not of each invoice.

use std::collections::BTreeMap;

/// A credit that is not expired, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Credit<'a> {
    /// What is left, in rials.
    pub rials: u64,
    /// Only for invoices of this guild.
    pub guild: Option<&'a str>,
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
pub struct Purse<'a> {
    credits: Vec<u64>,
    order: Vec<Position>,
    /// Indices of a guild's credits in the order of use; `None` for those that any invoice can use.
    queues: BTreeMap<Option<&'a str>, Queue>,
    /// What each guild's invoices will still take.
    needed: BTreeMap<Option<&'a str>, u64>,
    wallet: u64,
    /// What all guilds will still take beyond their own credit.
    beyond: u64,
}

/// The order of use: what expires first; among equals the largest, so that as few as possible are
/// touched.
type Position = (u64, std::cmp::Reverse<u64>, bool, usize);

#[derive(Default)]
struct Queue {
    credits: Vec<usize>,
    next: usize,
    left: u64,
}

impl<'a> Purse<'a> {
    /// A purse with these credits and at most so much of a wallet, for the invoices that were selected:
    /// each guild and its invoice's rials. Sums must fit.
    #[must_use]
    pub fn new(
        credits: &[Credit<'a>],
        wallet: u64,
        selected: impl IntoIterator<Item = (Option<&'a str>, u64)>,
    ) -> Self {
        let order: Vec<Position> = (0..)
            .zip(credits)
            .map(|(index, credit)| {
                let largest = std::cmp::Reverse(credit.rials);
                (credit.expires_at.unwrap_or(u64::MAX), largest, credit.guild.is_none(), index)
            })
            .collect();
        let mut queues: BTreeMap<Option<&str>, Queue> = BTreeMap::new();
        for (index, credit) in credits.iter().enumerate().filter(|(_, credit)| credit.rials > 0) {
            let queue = queues.entry(credit.guild).or_default();
            queue.credits.push(index);
            queue.left += credit.rials;
        }
        for queue in queues.values_mut() {
            queue.credits.sort_unstable_by_key(|&index| order[index]);
        }
        let mut needed: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for (guild, rials) in selected {
            *needed.entry(guild).or_default() += rials;
        }
        let mut purse = Self {
            credits: credits.iter().map(|credit| credit.rials).collect(),
            order,
            queues,
            needed,
            wallet,
            beyond: 0,
        };
        purse.beyond = purse.needed.keys().map(|guild| purse.beyond(*guild)).sum();
        // The wallet is for what all credit together does not pay, and for no more.
        purse.wallet = wallet.min(purse.beyond.saturating_sub(purse.left(None)));
        purse
    }

    /// Pays one of the selected invoices.
    #[must_use]
    pub fn pay(&mut self, guild: Option<&'a str>, rials: u64) -> Spent {
        let others = self.beyond - self.beyond(guild);
        let needed = self.needed.entry(guild).or_default();
        *needed = needed.saturating_sub(rials);
        let needed = *needed;

        let by_expiry = self.split(guild, rials, false);
        let own: u64 = self.of_guild(guild, &by_expiry.credits);
        let common = rials - own - by_expiry.wallet;
        let own_left = self.own_left(guild) - own;
        let pool_left = (self.left(None) - common) + (self.wallet - by_expiry.wallet);
        let works_out = others + needed.saturating_sub(own_left) <= pool_left;
        let spent = if works_out { by_expiry } else { self.split(guild, rials, true) };
        self.book(guild, &spent);
        self.beyond = others + self.beyond(guild);
        spent
    }

    /// What a guild's invoices will still take beyond its own credit.
    fn beyond(&self, guild: Option<&'a str>) -> u64 {
        let needed = self.needed.get(&guild).copied().unwrap_or(0);
        needed.saturating_sub(self.own_left(guild))
    }

    fn own_left(&self, guild: Option<&'a str>) -> u64 {
        if guild.is_some() { self.left(guild) } else { 0 }
    }

    fn left(&self, guild: Option<&'a str>) -> u64 {
        self.queues.get(&guild).map_or(0, |queue| queue.left)
    }

    /// Rials of these that come out of the guild's own credit.
    fn of_guild(&self, guild: Option<&'a str>, spent: &[(usize, u64)]) -> u64 {
        if guild.is_none() {
            return 0;
        }
        let common = |index: &usize| self.order[*index].2;
        spent.iter().filter(|(index, _)| !common(index)).map(|(_, rials)| rials).sum()
    }

    fn rest(&self, guild: Option<&'a str>) -> &[usize] {
        self.queues.get(&guild).map_or(&[], |queue| &queue.credits[queue.next..])
    }

    fn split(&self, guild: Option<&'a str>, rials: u64, guild_first: bool) -> Spent {
        let mut own = if guild.is_some() { self.rest(guild) } else { &[] };
        let mut common = self.rest(None);
        let mut spent = Spent { guild_first, ..Spent::default() };
        let mut rest = rials;
        loop {
            let own_is_next = match (own.first(), common.first()) {
                (Some(own), Some(common)) => guild_first || self.order[*own] < self.order[*common],
                (own, _) => own.is_some(),
            };
            let queue = if own_is_next { &mut own } else { &mut common };
            let Some((&credit, others)) = queue.split_first() else { break };
            if rest == 0 {
                spent.next = Some((credit, self.credits[credit]));
                break;
            }
            *queue = others;
            let taken = self.credits[credit].min(rest);
            rest -= taken;
            spent.credits.push((credit, taken));
        }
        spent.wallet = rest;
        spent
    }

    fn book(&mut self, guild: Option<&'a str>, spent: &Spent) {
        self.wallet -= spent.wallet;
        for &(credit, rials) in &spent.credits {
            let is_common = self.order[credit].2;
            self.credits[credit] -= rials;
            if let Some(queue) = self.queues.get_mut(&guild.filter(|_| !is_common)) {
                queue.left -= rials;
                if self.credits[credit] == 0 {
                    queue.next += 1;
                }
            }
        }
    }
}
