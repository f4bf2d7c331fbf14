//! The double-entry ledger.
//!
//! Money only ever moves from one account to another: a transaction is a list of moves, so its
//! postings sum to zero by construction. The database keeps the rest: no account but `outside` and `assumed`
//! goes below zero, and what is posted stays posted.

use std::{collections::BTreeMap, fmt};

use pod_platform::{Instant, Rial};
use sqlx::{Row as _, SqliteConnection, query, query_scalar};

/// So many rials of the database's, for the rules: what is owed is nothing that can be spent.
pub(crate) fn rials(amount: i64) -> Rial {
    Rial(amount.max(0).unsigned_abs())
}

/// An account's name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Account<'a> {
    /// Where the scenario's money comes from. It may owe.
    Outside,
    /// Of a fork: what nobody can read, and is taken to be there. It may owe, too.
    Assumed,
    /// What a user can spend.
    Wallet { user: i64, code: &'a str },
    /// What a business earned in a trade.
    Guild { business: i64, code: &'a str },
    /// What is left of a delegated credit.
    Delegation { hash: &'a str },
    /// What was paid for an invoice and is not settled yet.
    Invoice { id: i64 },
    /// What is kept to pay an invoice later.
    Blocked { invoice: i64 },
    /// What a loan contract's grantor has left to lend.
    LoanSupply { contract: i64 },
    /// An account by its name.
    Named(&'a str),
}

impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside => f.write_str("outside"),
            Self::Assumed => f.write_str("assumed"),
            Self::Wallet { user, code } => write!(f, "wallet:{user}:{code}"),
            Self::Guild { business, code } => write!(f, "guild:{business}:{code}"),
            Self::Delegation { hash } => write!(f, "delegation:{hash}"),
            Self::Invoice { id } => write!(f, "invoice:{id}"),
            Self::Blocked { invoice } => write!(f, "blocked:{invoice}"),
            Self::LoanSupply { contract } => write!(f, "loan-supply:{contract}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Account<'_> {
    /// What is in the account; nothing if nobody ever paid into it.
    pub(crate) async fn balance(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<i64, sqlx::Error> {
        let balance = query_scalar("SELECT balance FROM accounts WHERE name = ?")
            .bind(self.to_string())
            .fetch_optional(connection)
            .await?;
        Ok(balance.unwrap_or(0))
    }
}

/// What a user can spend, by wallet code.
pub(crate) async fn wallets(
    connection: &mut SqliteConnection,
    user: i64,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let prefix = Account::Wallet { user, code: "" }.to_string();
    sqlx::query_as(
        "SELECT SUBSTR(name, LENGTH(?1) + 1), balance FROM accounts \
         WHERE SUBSTR(name, 1, LENGTH(?1)) = ?1 ORDER BY name",
    )
    .bind(prefix)
    .fetch_all(connection)
    .await
}

/// Money that goes from one account to another.
pub(crate) struct Move<'a> {
    pub(crate) from: Account<'a>,
    pub(crate) to: Account<'a>,
    pub(crate) rials: i64,
}

/// Writes one transaction. An account that would go below zero makes it fail as a whole.
pub(crate) async fn post(
    connection: &mut SqliteConnection,
    at: Instant,
    service: &str,
    reference: i64,
    moves: &[Move<'_>],
) -> Result<(), sqlx::Error> {
    let mut amounts: BTreeMap<String, i64> = BTreeMap::new();
    for Move { from, to, rials } in moves {
        add(&mut amounts, from, rials.checked_neg())?;
        add(&mut amounts, to, Some(*rials))?;
    }
    let postings: Vec<(String, i64)> =
        amounts.into_iter().filter(|(_, amount)| *amount != 0).collect();
    if postings.is_empty() {
        return Ok(());
    }
    let transaction =
        query("INSERT INTO transactions (at, service, reference) VALUES (?, ?, ?) RETURNING id")
            .bind(i64::try_from(at.0).unwrap_or(i64::MAX))
            .bind(service)
            .bind(reference)
            .fetch_one(&mut *connection)
            .await?
            .try_get::<i64, _>(0)?;
    let postings =
        serde_json::to_string(&postings).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    query(
        "INSERT INTO postings (transaction_id, account, amount)
         SELECT ?, value ->> 0, value ->> 1 FROM json_each(?)",
    )
    .bind(transaction)
    .bind(postings)
    .execute(connection)
    .await?;
    Ok(())
}

fn add(
    amounts: &mut BTreeMap<String, i64>,
    account: &Account<'_>,
    rials: Option<i64>,
) -> Result<(), sqlx::Error> {
    let amount = amounts.entry(account.to_string()).or_default();
    *amount = rials.and_then(|rials| amount.checked_add(rials)).ok_or_else(|| {
        sqlx::Error::Encode("a transaction moves more than can be counted".into())
    })?;
    Ok(())
}

/// The ledger at one moment.
///
/// Accounts are named `outside`, `assumed` (of a [fork](crate::fork)), `wallet:<user id>:<wallet code>`,
/// `guild:<business id>:<guild code>`, `delegation:<hash>`, `invoice:<invoice id>`,
/// `blocked:<invoice id>` and `loan-supply:<contract id>`.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Ledger {
    /// What is in each account that ever held money. Only `outside`, where all money comes from, and
    /// `assumed` are negative.
    pub balances: BTreeMap<String, i64>,
    /// The sum of all postings: 0.
    pub total: i64,
    /// How many transactions were written, the scenario's own included.
    pub transactions: u64,
    /// What does not add up: transactions whose postings do not sum to zero, balances that are not
    /// the sum of their postings. Empty.
    pub faults: Vec<String>,
}

impl Ledger {
    /// What is in an account; nothing if no money was ever in it.
    #[must_use]
    pub fn balance(&self, account: &str) -> i64 {
        self.balances.get(account).copied().unwrap_or(0)
    }

    /// What is in all accounts but `outside` and `assumed`, that is, all money on the platform.
    #[must_use]
    pub fn money(&self) -> Rial {
        Rial((self.balance("outside") + self.balance("assumed")).unsigned_abs())
    }

    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let balances = query("SELECT name, balance FROM accounts")
            .fetch_all(&mut *connection)
            .await?
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, sqlx::Error>>()?;
        let total = query_scalar("SELECT COALESCE(SUM(amount), 0) FROM postings")
            .fetch_one(&mut *connection)
            .await?;
        let transactions: i64 =
            query_scalar("SELECT COUNT(*) FROM transactions").fetch_one(&mut *connection).await?;
        let faults = query_scalar("SELECT fault FROM ledger_faults").fetch_all(connection).await?;
        Ok(Self { balances, total, transactions: transactions.unsigned_abs(), faults })
    }
}
