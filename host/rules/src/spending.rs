//! How credits and a wallet pay together (S1, payInvoiceByCredit): the credits in the order in which
//! they are named, each to its end before the next, and the wallet for the rest.

use pod_values::{Instant, Rial};

/// What of a delegated credit decides whether it can pay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Credit<'a> {
    /// It is for invoices of this guild only; none: of any.
    pub guild_code: Option<&'a str>,
    /// From this moment on it is over.
    pub expires_at: Option<Instant>,
}

/// Why a credit does not pay an invoice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotUsable {
    /// It is for another guild's invoices.
    OtherGuild,
    /// It is over.
    Expired,
}

impl Credit<'_> {
    /// Is it over?
    #[must_use]
    pub fn is_over(self, now: Instant) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Can it pay an invoice of this guild?
    ///
    /// # Errors
    /// Why it cannot; where both are so, the guild.
    pub fn usable(self, guild_code: Option<&str>, now: Instant) -> Result<(), NotUsable> {
        if self.guild_code.is_some_and(|guild| guild_code != Some(guild)) {
            Err(NotUsable::OtherGuild)
        } else if self.is_over(now) {
            Err(NotUsable::Expired)
        } else {
            Ok(())
        }
    }
}

/// What one payment takes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Split {
    /// Of the credits, one by one, in their order.
    pub credits: Vec<Rial>,
    /// Of the wallet.
    pub wallet: Rial,
}

/// A payment needs more than there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shortfall {
    /// Nothing but credit may pay, and it lacks this much.
    Credits(Rial),
    /// The wallet lacks this much.
    Wallet(Rial),
}

/// What is still to be paid, while one credit after another is used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rest(pub Rial);

impl Rest {
    /// What a credit that holds so much gives: all that it holds, or all that is still to be paid.
    pub fn take(&mut self, holds: Rial) -> Rial {
        let taken = holds.min(self.0);
        self.0 = Rial(self.0.0 - taken.0);
        taken
    }
}

/// What is taken for so much from credits that hold so much, in their order, and from the wallet.
#[must_use]
pub fn split(payable: Rial, credits: impl IntoIterator<Item = Rial>) -> Split {
    let mut rest = Rest(payable);
    let credits = credits.into_iter().map(|holds| rest.take(holds)).collect();
    Split { credits, wallet: rest.0 }
}

impl Split {
    /// Is there enough? With `force_delegation` nothing but credit pays (S1, `forceDelegation`).
    ///
    /// # Errors
    /// What lacks how much.
    pub fn covered(&self, wallet: Rial, force_delegation: bool) -> Result<(), Shortfall> {
        match self.wallet.checked_sub(wallet) {
            _ if force_delegation && self.wallet > Rial::ZERO => {
                Err(Shortfall::Credits(self.wallet))
            }
            Some(lacking) if lacking > Rial::ZERO => Err(Shortfall::Wallet(lacking)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_credit_is_used_up_before_the_next() {
        let holds = [Rial(300), Rial::ZERO, Rial(500), Rial(100)];
        let split = split(Rial(1_000), holds);
        assert_eq!(split.credits, holds);
        assert_eq!(split.wallet, Rial(100));
        assert_eq!(split.covered(Rial(100), false), Ok(()));
        assert_eq!(split.covered(Rial(99), false), Err(Shortfall::Wallet(Rial(1))));
        assert_eq!(split.covered(Rial(100), true), Err(Shortfall::Credits(Rial(100))));
    }

    #[test]
    fn a_credit_is_for_its_guild_until_its_end() {
        let bread = Credit { guild_code: Some("FOOD_GUILD"), expires_at: Some(Instant(10)) };
        assert_eq!(bread.usable(Some("FOOD_GUILD"), Instant(9)), Ok(()));
        assert_eq!(bread.usable(Some("FOOD_GUILD"), Instant(10)), Err(NotUsable::Expired));
        assert_eq!(bread.usable(Some("TOYS_GUILD"), Instant(9)), Err(NotUsable::OtherGuild));
        assert_eq!(bread.usable(None, Instant(10)), Err(NotUsable::OtherGuild));
        let any = Credit { guild_code: None, expires_at: None };
        assert_eq!(any.usable(None, Instant(u64::MAX)), Ok(()));
    }

    proptest! {
        #[test]
        fn a_split_adds_up_and_takes_from_nobody_more_than_there_is(
            payable in 0_u64..1_000_000,
            holds in prop::collection::vec(0_u64..400_000, 0..8),
            wallet in 0_u64..400_000,
        ) {
            let split = split(Rial(payable), holds.iter().copied().map(Rial));
            let credits: u64 = split.credits.iter().map(|rials| rials.0).sum();
            prop_assert_eq!(credits + split.wallet.0, payable);
            let mut before = true;
            for (taken, holds) in split.credits.iter().zip(&holds) {
                prop_assert!(taken.0 <= *holds);
                // After one that was not used up, none is touched.
                prop_assert!(before || taken.0 == 0);
                before &= taken.0 == *holds;
            }
            let all: u64 = holds.iter().sum();
            prop_assert_eq!(split.covered(Rial(wallet), false).is_ok(), all + wallet >= payable);
            prop_assert_eq!(split.covered(Rial(wallet), true).is_ok(), all >= payable);
        }
    }
}
