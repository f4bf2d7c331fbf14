//! Whose token is it? podhost.toml states an account's business, and no POD service says whose a
//! token is. Acted with for another business than it is stated for, it would look into doubts with
//! the wrong eyes and plan with somebody else's invoices, so what can be read is compared before
//! anything else.
//!
//! The one thing that POD shows of a caller is its list of invoices: those that it issued, and those
//! that were issued for its user. One of neither kind says that the token is another's; one that only
//! its issuer can see says that it is the stated one's. Where the list says neither, nothing does, and
//! that is told.

use std::{fmt, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use pod_host::Account;
use pod_platform::{
    invoices::{GetInvoiceListRequest, Invoice},
    types,
};

use crate::{account::IdSpots, emulator::Caller, error::Error, fields::Spot};

/// How many invoices are looked at: one call.
const LOOKED_AT: u32 = 50;
/// As reads of a run are repeated.
const REPEATS: usize = 2;
const PAUSE: Duration = Duration::from_millis(100);

/// That an account's token is the stated business's is what podhost.toml says, and nothing else does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unconfirmed {
    account: String,
    business: u64,
    why: String,
}

impl Unconfirmed {
    /// The account's name.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The business id that is stated.
    #[must_use]
    pub fn business(&self) -> u64 {
        self.business
    }

    /// Why nothing confirms it. POD's own words may stand in it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, business, why } = self;
        write!(
            f,
            "that the token of the account `{account}` is the business {business}'s is what \
             podhost.toml says: {why}"
        )
    }
}

/// What a list of invoices says of whose it is.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Says {
    /// The stated business's.
    Theirs,
    /// Another's, because of this invoice.
    Anothers { invoice: u64, issuer: u64 },
    /// Nothing.
    Nothing,
}

/// What is visible of an invoice's two sides.
#[derive(Clone, Copy, Debug)]
struct Sides {
    invoice: u64,
    issuer: u64,
    customer: Option<u64>,
}

impl Sides {
    fn of(invoice: &Invoice) -> Option<Self> {
        let issuer = invoice.business.as_ref()?.id;
        let customer = invoice.user_srv.as_ref().map(|user| user.id);
        Some(Self { invoice: invoice.id, issuer, customer })
    }
}

/// Compares a list with the stated business and, if that is stated, its user.
fn says(list: &[Sides], business: u64, user: Option<u64>) -> Says {
    let own = || list.iter().filter(|sides| sides.issuer == business);
    let others = || list.iter().filter(|sides| sides.issuer != business);
    // A caller is the customer of all the invoices that it sees and did not issue.
    let only_its_issuers = {
        let customers: Vec<_> = own().map(|sides| sides.customer).collect();
        customers.contains(&None) || customers.windows(2).any(|pair| pair[0] != pair[1])
    };
    if only_its_issuers {
        return Says::Theirs;
    }
    let user = user.or_else(|| others().find_map(|sides| sides.customer));
    match others().find(|sides| sides.customer.is_none() || sides.customer != user) {
        Some(Sides { invoice, issuer, .. }) => {
            Says::Anothers { invoice: *invoice, issuer: *issuer }
        }
        None => Says::Nothing,
    }
}

/// Refuses an account whose token is another business's or user's than podhost.toml states, as an
/// emulator tells it.
pub fn check_told(account: &Account, caller: &Caller, ids: &IdSpots) -> Result<(), Error> {
    let name = &account.name;
    if let (Some(stated), Some(spot)) = (account.business, &ids.business)
        && caller.business_id != Some(stated)
    {
        let whose = match caller.business_id {
            Some(business) => format!("the business {business}'s"),
            None => format!("of the user {}, who has no business", caller.user_id),
        };
        return Err(refused(spot, name, &format!("the business {stated}"), &whose));
    }
    if let (Some(stated), Some(spot)) = (account.user, &ids.user)
        && caller.user_id != stated
    {
        let whose = format!("the user {}'s", caller.user_id);
        return Err(refused(spot, name, &format!("the user {stated}"), &whose));
    }
    Ok(())
}

/// Likewise, as far as POD shows it.
pub async fn check_shown(account: &Account, ids: &IdSpots) -> Result<Option<Unconfirmed>, Error> {
    let (Some(business), Some(spot)) = (account.business, &ids.business) else { return Ok(None) };
    let request = GetInvoiceListRequest {
        offset: Some(0),
        size: LOOKED_AT,
        ..GetInvoiceListRequest::default()
    };
    let pauses =
        ExponentialBuilder::default().with_min_delay(PAUSE).with_max_times(REPEATS).with_jitter();
    let listed = (|| account.client.call(&request, &account.credentials))
        .retry(pauses)
        .when(|error| matches!(error, types::Error::Unavailable(_)))
        .await;
    let unconfirmed =
        |why: String| Ok(Some(Unconfirmed { account: account.name.clone(), business, why }));
    let page = match listed {
        Ok(page) => page,
        Err(types::Error::Unavailable(reason)) => {
            return Err(Error::OwnerUnavailable { account: account.name.clone(), reason });
        }
        Err(error) => {
            return unconfirmed(format!("the platform does not list its invoices ({error})"));
        }
    };
    let list: Vec<Sides> = page.result.iter().filter_map(Sides::of).collect();
    match says(&list, business, account.user) {
        Says::Theirs => Ok(None),
        Says::Nothing => unconfirmed("no invoice that the platform lists tells it".to_owned()),
        Says::Anothers { invoice, issuer } => {
            let whose = format!(
                "another's: it lists the invoice {invoice}, which the business {issuer} issued and \
                 the business {business} cannot see"
            );
            Err(refused(spot, &account.name, &format!("the business {business}"), &whose))
        }
    }
}

fn refused(spot: &Spot, account: &str, stated: &str, whose: &str) -> Error {
    Error::OthersToken(spot.wrong(format!(
        "the account `{account}` is stated to be {stated}'s, and its token is {whose}: nothing is \
         run; one of the two is wrong here"
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Says, Sides, says};

    /// Businesses 1 to 3 have the users 11 to 13; 14 and 15 are customers.
    fn world(seed: u64) -> Vec<Sides> {
        let mut state = seed;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        (0..next(12))
            .map(|invoice| {
                let issuer = 1 + next(3);
                // Nobody issues an invoice for itself.
                let customer = Some(11 + next(6)).filter(|user| *user < 16 && *user != issuer + 10);
                Sides { invoice, issuer, customer }
            })
            .collect()
    }

    /// What a token sees.
    fn list(world: &[Sides], business: u64) -> Vec<Sides> {
        let sees =
            |sides: &&Sides| sides.issuer == business || sides.customer == Some(business + 10);
        world.iter().filter(sees).copied().collect()
    }

    #[test]
    fn no_token_is_taken_for_anothers_or_refused_as_such() {
        let mut seen = BTreeSet::new();
        for seed in 0..20_000 {
            let world = world(seed);
            for (token, stated) in [(1, 1), (1, 2), (2, 3), (3, 1)] {
                for user in [None, Some(stated + 10)] {
                    let said = says(&list(&world, token), stated, user);
                    match (&said, token == stated) {
                        (Says::Theirs, is_theirs) => assert!(is_theirs, "{seed} {world:?}"),
                        (Says::Anothers { .. }, is_theirs) => {
                            assert!(!is_theirs, "{seed} {world:?}");
                        }
                        (Says::Nothing, _) => {}
                    }
                    let what = match said {
                        Says::Theirs => "theirs",
                        Says::Anothers { .. } => "another's",
                        Says::Nothing => "nothing",
                    };
                    seen.insert((what, token == stated, user.is_some()));
                }
            }
        }
        for (what, is_theirs) in
            [("theirs", true), ("another's", false), ("nothing", true), ("nothing", false)]
        {
            for user in [false, true] {
                assert!(seen.contains(&(what, is_theirs, user)), "{what} {is_theirs} {user}");
            }
        }
    }
}
