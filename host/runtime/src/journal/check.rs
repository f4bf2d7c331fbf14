//! The index of runs, the invoices that they name and what they used are caches of their entries:
//! what they should be is made anew from these, compared, and if a person says so put right.
//!
//! All of a store is compared by `podhost verify --store`. Opening one compares a sample, which takes
//! as long for a large store as for a small one.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    chain::{self, StoredEntry},
    projection::Projection,
    store::{Journal, rows},
    usage::amounts,
    writer::{self, Index, signed},
};
use crate::{
    crypto::Digest,
    error::{Error, told},
    grant::{Amounts, Day},
};

/// How many unfinished runs, how many of the last and how many others opening looks into.
const SAMPLE: i64 = 16;
/// How many entries it reads for that.
const SAMPLED_ENTRIES: u64 = 2_000;

/// Something that the index of a store says otherwise than its entries.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Difference {
    /// The run.
    pub run: String,
    /// What of it.
    pub what: String,
    /// What the index says.
    pub index: String,
    /// What the entries come to.
    pub entries: String,
    /// Can it be made anew from the entries? Not, if some of these are missing or damaged.
    pub mendable: bool,
}

/// What a whole store is found to be.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct Verified {
    /// How many runs.
    pub runs: u64,
    /// How many entries.
    pub entries: u64,
    /// How many of the runs were archived: their entries are not here to be compared with.
    pub archived: u64,
    /// What is not as it should be.
    pub differences: Vec<Difference>,
}

impl Verified {
    /// Is everything as it should be?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Journal {
    /// Reads every run, checks its chain, makes anew what the index should say, and compares.
    ///
    /// # Errors
    /// If the database cannot be read. What is wrong in it is no error, but stands in the answer.
    pub async fn verify(&self) -> Result<Verified, Error> {
        self.with(|connection| {
            Box::pin(async move {
                let mut transaction = connection.begin().await?;
                all(&mut transaction).await
            })
        })
        .await
    }

    /// Makes the index anew from the entries, where these are unbroken. What cannot be mended so is
    /// left as it is.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn rebuild_index(&self) -> Result<Verified, Error> {
        let usages = self.usages.clone();
        let verified = self
            .with(move |connection| {
                Box::pin(async move {
                    let mut transaction = connection.begin().await?;
                    let found = all(&mut transaction).await?;
                    let runs: BTreeSet<&String> = found
                        .differences
                        .iter()
                        .filter(|difference| difference.mendable)
                        .map(|difference| &difference.run)
                        .collect();
                    // A key that one of them gives up may be another's.
                    for run in &runs {
                        forget(&mut transaction, run).await?;
                    }
                    for run in &runs {
                        mend(&mut transaction, run).await?;
                    }
                    let left = all(&mut transaction).await?;
                    transaction.commit().await?;
                    usages.read(connection).await?;
                    Ok(left)
                })
            })
            .await?;
        self.claim_open_intents().await?;
        self.index_is(&verified.differences);
        Ok(verified)
    }
}

/// What the index has of a run, or should have.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Indexed {
    /// By column; what the run began with, and how it stands.
    columns: BTreeMap<&'static str, String>,
    length: u64,
    head: Option<Digest>,
    archived: bool,
    invoices: BTreeSet<u64>,
    usage: BTreeMap<Day, Amounts>,
}

const COLUMNS: [&str; 12] = [
    "policy",
    "version",
    "account",
    "platform",
    "key",
    "kept",
    "component",
    "started",
    "ended",
    "status",
    "dry_run",
    "policys_failure",
];

impl Indexed {
    /// What the entries come to.
    fn of(entries: &[StoredEntry]) -> Self {
        let mut indexed = Self {
            length: entries.len() as u64,
            head: entries.last().map(|last| last.hash),
            ..Self::default()
        };
        let mut projection = Projection::default();
        let mut days = BTreeSet::new();
        for StoredEntry { entry, .. } in entries {
            days.extend(projection.add(entry).map(|change| change.day));
            if let Some(change) = Index::of(entry) {
                indexed.take(change);
            }
            for change in Index::of_sum(entry, &projection) {
                indexed.take(change);
            }
        }
        indexed.usage = days
            .into_iter()
            .map(|day| (day, projection.spent.on(day)))
            .filter(|(_, used)| *used != Amounts::default())
            .collect();
        indexed
    }

    fn take(&mut self, change: Index) {
        let mut put = |column, value: Option<String>| {
            if let Some(value) = value {
                self.columns.insert(column, value);
            }
        };
        match change {
            Index::Begins(begin) => {
                put("policy", Some(begin.policy));
                put("version", Some(begin.version));
                put("account", Some(begin.account));
                put("platform", begin.platform);
                put("key", begin.key);
                put("kept", begin.kept);
                put("component", Some(begin.component));
                put("started", Some(signed(begin.at).to_string()));
                put("dry_run", Some(u8::from(begin.is_dry_run).to_string()));
                put("policys_failure", Some("0".to_owned()));
            }
            Index::Ends { status, at } => {
                put("status", Some(status));
                put("ended", Some(signed(at).to_string()));
            }
            Index::Status(status) => put("status", Some(status)),
            Index::PolicysFailure => put("policys_failure", Some("1".to_owned())),
            Index::FreesKey => {
                self.columns.remove("key");
            }
            Index::Invoice(invoice) => {
                self.invoices.insert(invoice);
            }
            Index::Known(_) | Index::State(_) => {}
        }
    }

    /// What the index has of a run; none, if it does not know it.
    async fn read(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<Option<Self>> {
        let row = sqlx::query(
            "SELECT policy, version, account, platform, key, kept, component, \
             CAST(started AS TEXT), CAST(ended AS TEXT), status, CAST(dry_run AS TEXT), \
             CAST(policys_failure AS TEXT), length, head, archived IS NOT NULL FROM runs WHERE run = ?",
        )
        .bind(run)
        .fetch_optional(&mut *connection)
        .await?;
        let mut indexed = Self {
            invoices: invoices(connection, run).await?,
            usage: usage(connection, run).await?,
            ..Self::default()
        };
        let Some(row) = row else {
            let is_empty = indexed.invoices.is_empty() && indexed.usage.is_empty();
            return Ok((!is_empty).then_some(indexed));
        };
        for (place, column) in COLUMNS.into_iter().enumerate() {
            if let Some(value) = row.try_get::<Option<String>, _>(place)? {
                indexed.columns.insert(column, value);
            }
        }
        indexed.length = row.try_get::<i64, _>(12)?.unsigned_abs();
        let head: Vec<u8> = row.try_get(13)?;
        indexed.head = head.try_into().ok().map(Digest);
        indexed.archived = row.try_get(14)?;
        Ok(Some(indexed))
    }

    /// What this says otherwise than the entries come to.
    fn differences(&self, run: &str, entries: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut compare = |what: String, index: Option<String>, entries: Option<String>| {
            if index != entries {
                let shown = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
                let (index, entries) = (shown(index), shown(entries));
                let run = run.to_owned();
                differences.push(Difference { run, what, index, entries, mendable: true });
            }
        };
        for column in COLUMNS {
            let value = |of: &Self| of.columns.get(column).cloned();
            compare(column.to_owned(), value(self), value(entries));
        }
        let number = |of: &Self| Some(of.length.to_string());
        compare("length".into(), number(self), number(entries));
        let head = |of: &Self| of.head.map(|head| head.to_string());
        compare("head".into(), head(self), head(entries));
        for invoice in self.invoices.symmetric_difference(&entries.invoices) {
            let of = |set: &Self| set.invoices.contains(invoice).then(|| "named".to_owned());
            compare(format!("invoice {invoice}"), of(self), of(entries));
        }
        let days: BTreeSet<Day> = self.usage.keys().chain(entries.usage.keys()).copied().collect();
        for day in days {
            let of = |indexed: &Self| indexed.usage.get(&day).map(shown);
            compare(format!("usage on {day}"), of(self), of(entries));
        }
        // What is missing at a run's end is not mended by forgetting it.
        if self.length > entries.length {
            for difference in &mut differences {
                difference.mendable = false;
            }
        }
        differences
    }
}

fn shown(amounts: &Amounts) -> String {
    let Amounts { rials, calls, bytes_up, bytes_down, http_calls, sms } = amounts;
    format!(
        "{rials} rials, {calls} calls, {bytes_up} bytes up, {bytes_down} bytes down, {http_calls} \
         HTTP calls, {sms} SMS"
    )
}

async fn invoices(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<BTreeSet<u64>> {
    let invoices: Vec<i64> = sqlx::query_scalar("SELECT invoice FROM invoices WHERE run = ?")
        .bind(run)
        .fetch_all(connection)
        .await?;
    Ok(invoices.into_iter().map(i64::unsigned_abs).collect())
}

async fn usage(
    connection: &mut SqliteConnection,
    run: &str,
) -> sqlx::Result<BTreeMap<Day, Amounts>> {
    let rows = sqlx::query(
        "SELECT day, rials, calls, bytes_up, bytes_down, http_calls, sms FROM usage WHERE run = ?",
    )
    .bind(run)
    .fetch_all(connection)
    .await?;
    let read = |row: &SqliteRow| Ok((row.try_get::<Day, _>(0)?, amounts(row, 1)?));
    let used: sqlx::Result<BTreeMap<Day, Amounts>> = rows.iter().map(read).collect();
    Ok(used?.into_iter().filter(|(_, used)| *used != Amounts::default()).collect())
}

/// One run, compared; answers how many entries it has.
async fn one(
    connection: &mut SqliteConnection,
    run: &str,
    verified: &mut Verified,
) -> sqlx::Result<()> {
    verified.runs += 1;
    let index = Indexed::read(connection, run).await?;
    let rows = rows(connection, run).await?;
    verified.entries += rows.len() as u64;
    if index.as_ref().is_some_and(|index| index.archived) {
        verified.archived += 1;
        if !rows.is_empty() {
            verified.differences.push(Difference {
                run: run.to_owned(),
                what: "entries".to_owned(),
                index: "taken out".to_owned(),
                entries: format!("{} are there", rows.len()),
                mendable: true,
            });
        }
        return Ok(());
    }
    let differences = &mut verified.differences;
    let unmendable = |what: &str, index: String, entries: String| Difference {
        run: run.to_owned(),
        what: what.to_owned(),
        index,
        entries,
        mendable: false,
    };
    let index = index.unwrap_or_default();
    if rows.is_empty() {
        let missing = format!("{} entries", index.length);
        differences.push(unmendable("entries", missing, "none are there".to_owned()));
        return Ok(());
    }
    match chain::read(run, rows, None) {
        Ok(entries) => differences.extend(index.differences(run, &Indexed::of(&entries))),
        Err(error) => {
            differences.push(unmendable("entries", "an unbroken chain".into(), told(&error)));
        }
    }
    Ok(())
}

async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Verified> {
    let runs: Vec<String> = sqlx::query_scalar(
        "SELECT run FROM runs UNION SELECT run FROM entries UNION SELECT run FROM usage \
         UNION SELECT run FROM invoices ORDER BY 1",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut verified = Verified::default();
    for run in runs {
        one(connection, &run, &mut verified).await?;
    }
    Ok(verified)
}

async fn forget(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<()> {
    for emptied in [
        "DELETE FROM runs WHERE run = ?",
        "DELETE FROM invoices WHERE run = ?",
        "DELETE FROM usage WHERE run = ?",
    ] {
        sqlx::query(emptied).bind(run).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Makes one run's index anew.
async fn mend(connection: &mut SqliteConnection, run: &str) -> sqlx::Result<()> {
    let Ok(entries) = chain::read(run, rows(connection, run).await?, None) else { return Ok(()) };
    let Some(last) = entries.last() else { return Ok(()) };
    let indexed = Indexed::of(&entries);
    // What policies have stored is not of one run alone, and one-time tokens are nobody's cache.
    let mut projection = Projection::default();
    let changes: Vec<Index> = entries
        .iter()
        .flat_map(|stored| {
            projection.add(&stored.entry);
            Index::of(&stored.entry).into_iter().chain(Index::of_sum(&stored.entry, &projection))
        })
        .filter(|change| !matches!(change, Index::State(_) | Index::Known(_)))
        .collect();
    writer::index(connection, run, &changes, signed(indexed.length), last.hash.0).await?;
    for (day, used) in &indexed.usage {
        writer::use_on(connection, run, *day, *used).await?;
    }
    Ok(())
}

/// Compares a sample: runs that are unfinished, the last ones, and some of all others. What is missing
/// or damaged of entries is told when their run is read.
pub(super) async fn sample(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Difference>> {
    let mut runs = BTreeSet::new();
    for query in [
        "SELECT run FROM runs WHERE status IS NULL ORDER BY run DESC LIMIT ?",
        "SELECT run FROM runs ORDER BY run DESC LIMIT ?",
    ] {
        let some: Vec<String> =
            sqlx::query_scalar(query).bind(SAMPLE).fetch_all(&mut *connection).await?;
        runs.extend(some);
    }
    // A run that the index does not know.
    let last: Option<String> =
        sqlx::query_scalar("SELECT MAX(run) FROM entries").fetch_one(&mut *connection).await?;
    runs.extend(last);
    runs.extend(others(connection).await?);

    let mut found = Verified::default();
    for run in runs {
        let length: Option<i64> =
            sqlx::query_scalar("SELECT MAX(sequence) + 1 FROM entries WHERE run = ?")
                .bind(&run)
                .fetch_one(&mut *connection)
                .await?;
        if found.entries + length.unwrap_or_default().unsigned_abs() <= SAMPLED_ENTRIES {
            one(connection, &run, &mut found).await?;
        }
    }
    Ok(found.differences.into_iter().filter(|difference| difference.mendable).collect())
}

/// Runs from anywhere between the first and the last. Their ids begin with the time, as hexadecimal
/// digits, so some time between is where one is looked for.
async fn others(connection: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    let ends: (Option<String>, Option<String>) =
        sqlx::query_as("SELECT MIN(run), MAX(run) FROM runs").fetch_one(&mut *connection).await?;
    let time = |run: &str| uuid::Uuid::parse_str(run).ok().map(|id| id.as_u128());
    let (Some(first), Some(last)) = ends else { return Ok(Vec::new()) };
    let (Some(first), Some(last)) = (time(&first), time(&last)) else { return Ok(Vec::new()) };
    let mut others = Vec::new();
    for _ in 0..SAMPLE {
        let mut random = [0; 16];
        if getrandom::fill(&mut random).is_err() {
            break;
        }
        let from = first + u128::from_le_bytes(random) % (last - first).max(1);
        let run: Option<String> =
            sqlx::query_scalar("SELECT run FROM runs WHERE run >= ? ORDER BY run LIMIT 1")
                .bind(uuid::Uuid::from_u128(from).to_string())
                .fetch_optional(&mut *connection)
                .await?;
        others.extend(run);
    }
    Ok(others)
}
