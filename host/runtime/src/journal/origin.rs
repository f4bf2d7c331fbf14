//! Is this database the one that was written last, or an older copy of it? A run that is unfinished
//! in an older copy may have gone further than it tells.
//!
//! A copy is another file than the original, and a copy that was put in the original's place has
//! been opened less often than the file `generation` beside it says. A snapshot of a whole volume
//! that was put back looks like the original; nothing in it can tell.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use sqlx::{Row, SqliteConnection};

use crate::Error;

/// Counts how often the database was opened, beside it.
const GENERATION: &str = "generation";

/// Notes that the database is opened once more. Was it an older copy?
pub(super) async fn open(
    connection: &mut SqliteConnection,
    folder: &Path,
    database: &Path,
) -> Result<bool, Error> {
    let io = |path: &Path, error| Error::Io { path: path.to_owned(), error };
    let file = identity(database).map_err(|error| io(database, error))?;
    let beside = folder.join(GENERATION);
    let noted: Option<i64> = match fs::read_to_string(&beside) {
        Ok(text) => text.trim().parse().ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(io(&beside, error)),
    };

    let known = sqlx::query("SELECT file, generation FROM origin")
        .fetch_optional(&mut *connection)
        .await?
        .map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?)))
        .transpose()?;
    let (restored, generation): (bool, i64) = match known {
        None => (false, 1),
        Some((original, generation)) => {
            let original: String = original;
            let older = noted.is_some_and(|noted| noted > generation);
            (older || original != file, noted.unwrap_or(0).max(generation) + 1)
        }
    };
    sqlx::query("DELETE FROM origin").execute(&mut *connection).await?;
    sqlx::query("INSERT INTO origin (file, generation) VALUES (?, ?)")
        .bind(&file)
        .bind(generation)
        .execute(connection)
        .await?;
    fs::write(&beside, format!("{generation}\n")).map_err(|error| io(&beside, error))?;
    Ok(restored)
}

/// What tells a file from its copies: a number, which is used again when the file is gone, and when
/// it was made, where the file system knows.
fn identity(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    let made = about.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{}-{}", about.ino(), made.unwrap_or(Duration::ZERO).as_nanos()))
}
