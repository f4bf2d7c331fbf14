//! What somebody can pay with. No POD service tells it; whoever wants to foresee what calls will do
//! has to know it all the same.

use std::collections::BTreeMap;

use pod_platform::{Instant, Rial};
use serde::Serialize;
use sqlx::{Row as _, SqliteConnection, query};

use crate::{
    invoice::{instant, rial},
    ledger,
    loans::{self, Left},
    parties::Caller,
    platform::Platform,
    store::Store,
};

/// What somebody can pay with, at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holdings {
    /// What is in each of the wallets that ever held money, by code.
    pub wallet: BTreeMap<String, Rial>,
    /// The credits that others lend, in the order of use: those with something left.
    pub delegations: Vec<DelegatedCredit>,
    /// What can be borrowed, by contract and member. Of a user: its own credits. Of a business:
    /// every member's, because a shop asks for its customers' loans.
    pub loan_credits: Vec<LoanCredit>,
}

/// What is left of a credit that one user lends another.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DelegatedCredit {
    /// Whose credit it is.
    pub delegator_id: u64,
    /// Names this credit.
    pub hash: String,
    /// How much of it is left.
    pub amount: Rial,
    /// Only for invoices of this guild. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guild_code: Option<String>,
    /// The first instant at which it is over. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

/// What a member may still borrow under a contract.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoanCredit {
    /// The contract.
    pub contract_id: u64,
    /// The member.
    pub user_id: u64,
    /// The largest loan that the contract would grant now: 0 if it has ended. The members of a
    /// contract share what it has to lend, so not all of them can have theirs.
    pub credit: Rial,
}

impl Holdings {
    /// What `caller` has on a platform; of a fork, with what is known of contracts that no call has needed
    /// yet.
    pub(crate) async fn of(
        platform: &Platform,
        store: &mut Store,
        caller: Caller,
    ) -> Result<Self, sqlx::Error> {
        let mut held = Self::read(&mut store.connection, caller, platform.clock.now()).await?;
        let known = platform.fork.as_ref().and_then(|fork| fork.gaps.known.loan_credits.as_ref());
        for credit in known.into_iter().flatten() {
            let is_callers =
                caller.business_id.is_some() || credit.user_id == caller.user_id.unsigned_abs();
            let is_same = |own: &LoanCredit| {
                (own.contract_id, own.user_id) == (credit.contract_id, credit.user_id)
            };
            if is_callers && !held.loan_credits.iter().any(is_same) {
                held.loan_credits.push(*credit);
            }
        }
        held.loan_credits.sort_by_key(|credit| (credit.contract_id, credit.user_id));
        Ok(held)
    }

    /// What `caller` has. What is due by `now` has happened.
    pub(crate) async fn read(
        connection: &mut SqliteConnection,
        caller: Caller,
        now: Instant,
    ) -> Result<Self, sqlx::Error> {
        let wallets = ledger::wallets(connection, caller.user_id).await?;
        let member = caller.business_id.is_none().then_some(caller.user_id);
        let credits = loans::left(connection, now.jalali_date(), member).await?;
        Ok(Self {
            wallet: wallets.into_iter().map(|(code, balance)| (code, rial(balance))).collect(),
            delegations: delegations(connection, caller.user_id, now).await?,
            loan_credits: credits.into_iter().map(LoanCredit::of).collect(),
        })
    }
}

impl LoanCredit {
    fn of(Left { contract, user, rials }: Left) -> Self {
        Self {
            contract_id: contract.unsigned_abs(),
            user_id: user.unsigned_abs(),
            credit: rial(rials),
        }
    }
}

async fn delegations(
    connection: &mut SqliteConnection,
    user: i64,
    now: Instant,
) -> Result<Vec<DelegatedCredit>, sqlx::Error> {
    query(
        "SELECT delegator_id, hash, balance, guild_code, expires_at
         FROM delegations JOIN accounts ON name = 'delegation:' || hash
         WHERE delegate_id = ? AND (expires_at IS NULL OR expires_at > ?) AND balance > 0
         ORDER BY position",
    )
    .bind(user)
    .bind(i64::try_from(now.0).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(DelegatedCredit {
            delegator_id: row.try_get::<i64, _>("delegator_id")?.unsigned_abs(),
            hash: row.try_get("hash")?,
            amount: rial(row.try_get("balance")?),
            guild_code: row.try_get("guild_code")?,
            until: row.try_get::<Option<i64>, _>("expires_at")?.map(instant),
        })
    })
    .collect()
}
