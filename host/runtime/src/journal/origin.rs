//! Is this database the one that was written last, and is it whole? One that is older or shorter than
//! it was does not know what was paid since: its keys, allowances and holds are not trusted, and what
//! is unfinished in it may have gone further than it tells.
//!
//! A copy is another file than the original, and so is a copy of what lies beside it ([`high_water`]).
//! A snapshot of a whole volume that was put back looks like the original; nothing in it can tell.

use std::{fs, io, path::Path};

use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::{
    KEPT,
    high_water::{self, Found, HighWater, History, Mark, Next},
    writer::signed,
};
use crate::{crypto::Digest, error::Error};

/// What versions before counted openings in.
const GENERATION: &str = "generation";

/// Why a journal is not what it was.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Older {
    /// Each thing that shows it, as a clause.
    pub reasons: Vec<String>,
    /// How many groups of entries were written to it once, as far as is known.
    pub had: Option<u64>,
    /// How many it has.
    pub has: u64,
}

/// A person's word that a store is to be trusted as it is now.
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    /// Who says so.
    pub by: String,
    /// Why, in the person's words.
    pub note: String,
}

/// What the database knows of itself.
struct Known {
    file: String,
    generation: u64,
    commits: u64,
    history: History,
    /// The files that may lie beside it; none, if it was written by a version that made none.
    beside: Option<[Option<String>; 2]>,
}

/// What the database and the files in its folder say.
struct Evidence {
    known: Option<Known>,
    file: String,
    found: Option<Found>,
    /// Which file is becoming what lies beside it, if one is.
    becoming: Option<String>,
    /// How often it was opened, as a version before wrote beside it.
    generation: Option<u64>,
    /// Do policies lie beside it that runs were begun with?
    has_policies: bool,
}

/// Do policies lie in a store's folder? They are put there once its journal is.
pub(super) fn has_policies(folder: &Path) -> bool {
    fs::read_dir(folder.join(KEPT)).is_ok_and(|mut kept| kept.next().is_some())
}

impl Evidence {
    /// What lies beside the database is read first: it is written last, so it never has more.
    async fn of(connection: &mut SqliteConnection, folder: &Path) -> Result<Self, Error> {
        let io = |name: &str| {
            let path = folder.join(name);
            move |error| Error::Io { path, source: error }
        };
        let found = high_water::find(folder).map_err(io(high_water::FILE))?;
        let becoming = high_water::becoming(folder).map_err(io(high_water::FILE))?;
        let generation = match fs::read_to_string(folder.join(GENERATION)) {
            Ok(text) => text.trim().parse().ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io(GENERATION)(error)),
        };
        let about = fs::metadata(folder.join(super::FILE)).map_err(io(super::FILE))?;
        let known = known(connection).await?;
        let has_policies = has_policies(folder);
        let file = high_water::identity(&about);
        Ok(Self { known, file, found, becoming, generation, has_policies })
    }

    fn older(&self) -> Option<Older> {
        let had = self.found.as_ref().and_then(|found| found.water);
        let mut reasons = Vec::new();
        match &self.known {
            None if self.found.is_some() || self.generation.is_some() || self.has_policies => {
                reasons.push("its journal is empty, and something was written to it".to_owned());
            }
            None => {}
            Some(known) => known.compare(self, &mut reasons),
        }
        let has = self.known.as_ref().map_or(0, |known| known.commits);
        (!reasons.is_empty()).then(|| Older { reasons, had: had.map(|had| had.commits), has })
    }
}

impl Known {
    fn compare(&self, evidence: &Evidence, reasons: &mut Vec<String>) {
        let mut say = |reason: String| reasons.push(reason);
        if self.file != evidence.file {
            say("its journal is a copy: another file than the one that was written last".into());
        }
        if let Some(noted) = evidence.generation.filter(|noted| *noted > self.generation) {
            say(format!("it was opened {noted} times and knows of {}", self.generation));
        }
        let Some(own) = &self.beside else { return };
        let name = high_water::FILE;
        let Some(found) = &evidence.found else {
            // Whoever made the store was killed before the first file took its place.
            if own[0].is_none() && own[1].is_some() && own[1] == evidence.becoming {
                return;
            }
            say(format!("the file {name} beside it, which says how far it had come, is missing"));
            return;
        };
        if !own.iter().flatten().any(|own| *own == found.identity) {
            say(format!("the file {name} beside it is a copy"));
        }
        let Some(had) = found.water else {
            say(format!("the file {name} beside it, which says how far it had come, is damaged"));
            return;
        };
        if had.commits > self.commits {
            let (had, has) = (had.commits, self.commits);
            say(format!("{had} groups of entries were written to it, and {has} are there"));
        } else if had.commits == self.commits && had.history != self.history {
            say("it has other entries than were written to it last".into());
        } else if had.generation > self.generation {
            let (had, has) = (had.generation, self.generation);
            say(format!("it was opened {had} times and knows of {has}"));
        }
    }
}

async fn known(connection: &mut SqliteConnection) -> Result<Option<Known>, Error> {
    let has_tables: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('origin', 'high_water')",
    )
    .fetch_one(&mut *connection)
    .await?;
    let query = match has_tables {
        0 => return Ok(None),
        1 => "SELECT file, generation, NULL, NULL, NULL, NULL FROM origin",
        _ => {
            "SELECT file, generation, commits, history, beside, next FROM origin \
             LEFT JOIN high_water"
        }
    };
    let Some(row) = sqlx::query(query).fetch_optional(connection).await? else { return Ok(None) };
    let commits: Option<i64> = row.try_get(2)?;
    let history: Option<Vec<u8>> = row.try_get(3)?;
    let history = history.and_then(|history| history.try_into().ok()).map(Digest);
    Ok(Some(Known {
        file: row.try_get(0)?,
        generation: row.try_get::<i64, _>(1)?.unsigned_abs(),
        commits: commits.unwrap_or_default().unsigned_abs(),
        history: history.map(History).unwrap_or_default(),
        beside: match commits {
            Some(_) => Some([row.try_get(4)?, row.try_get(5)?]),
            None => None,
        },
    }))
}

/// Is the journal older or shorter than it was? Nothing is written.
pub(super) async fn look(
    connection: &mut SqliteConnection,
    folder: &Path,
) -> Result<Option<Older>, Error> {
    let older = Evidence::of(connection, folder).await?.older();
    // Its owner may have opened it just between the two looks: then the second comes to another end.
    match older {
        Some(_) => Ok(Evidence::of(connection, folder).await?.older()),
        None => Ok(None),
    }
}

/// Notes that the journal is opened once more, unless it is older than it was: then nothing is
/// changed that shows it.
pub(super) async fn open(
    connection: &mut SqliteConnection,
    folder: &Path,
) -> Result<(Option<Older>, Mark), Error> {
    let evidence = Evidence::of(connection, folder).await?;
    if let Some(older) = evidence.older() {
        return Ok((Some(older), Mark::default()));
    }
    let known = evidence.known.as_ref();
    let water = HighWater {
        generation: known.map_or(0, |known| known.generation) + 1,
        commits: known.map_or(0, |known| known.commits),
        history: known.map_or_else(History::default, |known| known.history),
    };
    Ok((None, note(connection, folder, &evidence, water, None).await?))
}

/// A person trusts the journal as it is: what it has is what it had from now on.
pub(super) async fn accept(
    connection: &mut SqliteConnection,
    folder: &Path,
    acceptance: &Acceptance,
    now: u64,
) -> Result<Mark, Error> {
    let evidence = Evidence::of(connection, folder).await?;
    let why = evidence.older().map_or_else(String::new, |older| older.reasons.join("; "));
    let had = evidence.found.as_ref().and_then(|found| found.water).unwrap_or_default();
    let known = evidence.known.as_ref();
    let Acceptance { by, note: words } = acceptance;
    // Above all that was: a copy of what is given up now is never ahead of it.
    let water = HighWater {
        generation: known.map_or(0, |known| known.generation).max(had.generation) + 1,
        commits: known.map_or(0, |known| known.commits).max(had.commits),
        history: known.map_or_else(History::default, |known| known.history),
    };
    let water = water.after(&[b"accepted", &now.to_le_bytes(), by.as_bytes(), words.as_bytes()]);
    let row = Accepted { at: now, by, note: words, why: &why };
    note(connection, folder, &evidence, water, Some(row)).await
}

struct Accepted<'a> {
    at: u64,
    by: &'a str,
    note: &'a str,
    why: &'a str,
}

/// Writes how far the journal has come, into it and beside it. Whatever comes in between, the database
/// knows both files.
async fn note(
    connection: &mut SqliteConnection,
    folder: &Path,
    evidence: &Evidence,
    water: HighWater,
    accepted: Option<Accepted<'_>>,
) -> Result<Mark, Error> {
    let beside = folder.join(high_water::FILE);
    let io = |error| Error::Io { path: beside.clone(), source: error };
    let next = Next::make(folder, water).map_err(io)?;
    let mut transaction = connection.begin().await?;
    for emptied in ["DELETE FROM origin", "DELETE FROM high_water"] {
        sqlx::query(emptied).execute(&mut *transaction).await?;
    }
    sqlx::query("INSERT INTO origin (file, generation) VALUES (?, ?)")
        .bind(&evidence.file)
        .bind(signed(water.generation))
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO high_water (commits, history, beside, next) VALUES (?, ?, ?, ?)")
        .bind(signed(water.commits))
        .bind(&water.history.0.0[..])
        .bind(evidence.found.as_ref().map(|found| &found.identity))
        .bind(&next.identity)
        .execute(&mut *transaction)
        .await?;
    if let Some(Accepted { at, by, note, why }) = accepted {
        sqlx::query("INSERT INTO accepted (at, by, note, why) VALUES (?, ?, ?, ?)")
            .bind(signed(at))
            .bind(by)
            .bind(note)
            .bind(why)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    let file = next.take_its_place().map_err(io)?;
    match fs::remove_file(folder.join(GENERATION)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    Ok(Mark { file: Some(file), water })
}

/// Writes how far the journal has come, in the transaction of a group of entries.
pub(super) async fn raise(connection: &mut SqliteConnection, water: HighWater) -> sqlx::Result<()> {
    sqlx::query("UPDATE high_water SET commits = ?, history = ?")
        .bind(signed(water.commits))
        .bind(&water.history.0.0[..])
        .execute(connection)
        .await
        .map(drop)
}
