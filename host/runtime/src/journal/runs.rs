//! The index of runs.

use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};

use super::receipt::Status;
use crate::crypto::Digest;

/// What the journal knows of a run without reading it.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct RunSummary {
    /// Its id.
    pub run: String,
    /// The policy's name.
    pub policy: String,
    /// The policy's version.
    pub version: String,
    /// The account that it acts for.
    pub account: String,
    /// Where it acts; none: on a platform that ended with its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The caller's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub started: u64,
    /// When it ended, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// `done`, `failed`, `refused`, `unknown-outcome`, `unfinished` or `diverged`.
    pub status: String,
    /// How many entries it has.
    pub entries: u64,
    /// The hash of its last entry.
    pub head: Digest,
    /// When its entries were moved to an archive, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<u64>,
    /// Was nothing to be paid?
    pub dry_run: bool,
}

/// A run that has no end yet.
pub(crate) const UNFINISHED: &str = "unfinished";
/// A run that waits for a person.
pub(crate) const DIVERGED: &str = "diverged";

impl RunSummary {
    /// Can it go on?
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.status == UNFINISHED
    }

    fn of(row: &SqliteRow) -> sqlx::Result<Self> {
        let millis = |column: &str| -> sqlx::Result<Option<u64>> {
            row.try_get::<Option<i64>, _>(column).map(|at| at.map(i64::unsigned_abs))
        };
        let head: Vec<u8> = row.try_get("head")?;
        let status: Option<String> = row.try_get("status")?;
        Ok(Self {
            run: row.try_get("run")?,
            policy: row.try_get("policy")?,
            version: row.try_get("version")?,
            account: row.try_get("account")?,
            platform: row.try_get("platform")?,
            key: row.try_get("key")?,
            started: millis("started")?.unwrap_or_default(),
            ended: millis("ended")?,
            status: status.unwrap_or_else(|| UNFINISHED.to_owned()),
            entries: millis("length")?.unwrap_or_default(),
            head: Digest(head.try_into().unwrap_or_default()),
            archived: millis("archived")?,
            dry_run: row.try_get("dry_run")?,
        })
    }
}

/// Which runs. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// This one, or those whose ids begin or end so.
    pub run: Option<String>,
    /// Of the policy with this name.
    pub policy: Option<String>,
    /// For this account.
    pub account: Option<String>,
    /// With this status; see [`RunSummary::status`].
    pub status: Option<String>,
    /// Begun under this key.
    pub key: Option<String>,
    /// That were about to pay this invoice.
    pub invoice: Option<u64>,
    /// Begun at this time or later, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Begun before this time, in milliseconds since 1970.
    pub before: Option<u64>,
    /// Not ended yet, or at this time or later, in milliseconds since 1970.
    pub not_ended_before: Option<u64>,
    /// Begun before this run.
    pub before_run: Option<String>,
    /// At most so many: of those that pass, the newest.
    pub limit: Option<u32>,
}

impl RunFilter {
    /// The runs that can go on.
    #[must_use]
    pub fn unfinished() -> Self {
        Self { status: Some(UNFINISHED.into()), ..Self::default() }
    }
}

/// The runs that pass the filter, the oldest first: ids are UUIDs of version 7, whose order is that
/// of their beginnings.
pub(super) async fn select(
    connection: &mut SqliteConnection,
    filter: &RunFilter,
) -> sqlx::Result<Vec<RunSummary>> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT run, policy, version, account, platform, key, started, ended, status, length, \
         head, archived, dry_run FROM runs WHERE 1 = 1",
    );
    let texts = [("policy", &filter.policy), ("account", &filter.account), ("key", &filter.key)];
    for (column, text) in texts {
        if let Some(text) = text {
            query.push(format!(" AND {column} = ")).push_bind(text);
        }
    }
    if let Some(run) = &filter.run {
        // An id begins with the time, which runs of one minute share, and ends at random.
        let length = run.len() as i64;
        query.push(" AND (substr(run, 1, ").push_bind(length);
        query.push(") = ").push_bind(run);
        query.push(" OR substr(run, ").push_bind(-length);
        query.push(") = ").push_bind(run).push(")");
    }
    match filter.status.as_deref() {
        None => {}
        Some(UNFINISHED) => {
            query.push(" AND status IS NULL");
        }
        Some(status) => {
            query.push(" AND status = ").push_bind(status);
        }
    }
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    if let Some(invoice) = filter.invoice {
        query.push(" AND run IN (SELECT run FROM invoices WHERE invoice = ");
        query.push_bind(signed(invoice)).push(")");
    }
    if let Some(since) = filter.since {
        query.push(" AND started >= ").push_bind(signed(since));
    }
    if let Some(before) = filter.before {
        query.push(" AND started < ").push_bind(signed(before));
    }
    if let Some(time) = filter.not_ended_before {
        query.push(" AND (ended IS NULL OR ended >= ").push_bind(signed(time)).push(")");
    }
    if let Some(run) = &filter.before_run {
        query.push(" AND run < ").push_bind(run);
    }
    query.push(" ORDER BY run DESC");
    if let Some(limit) = filter.limit {
        query.push(" LIMIT ").push_bind(i64::from(limit));
    }
    let rows = query.build().fetch_all(connection).await?;
    rows.iter().rev().map(RunSummary::of).collect()
}

/// The runs that a person or a resumption may have to say something about: those that stand as
/// unknown, and those without an end that could be found. Of a platform that ended with its process,
/// only what ended is left to decide.
pub(super) async fn select_doubtful(
    connection: &mut SqliteConnection,
    account: Option<&str>,
    policy: Option<&str>,
) -> sqlx::Result<Vec<RunSummary>> {
    let mut found = Vec::new();
    for status in [UNFINISHED, DIVERGED, Status::UnknownOutcome.name()] {
        let filter = RunFilter {
            status: Some(status.to_owned()),
            account: account.map(str::to_owned),
            policy: policy.map(str::to_owned),
            ..RunFilter::default()
        };
        found.extend(select(connection, &filter).await?);
    }
    let is_over = |run: &RunSummary| run.platform.is_none() && run.ended.is_none();
    found.retain(|run| !run.dry_run && run.archived.is_none() && !is_over(run));
    Ok(found)
}
