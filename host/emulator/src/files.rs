//! The files that the platform keeps: what services take and answer in bulk.

use pod_platform::files::File;
use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, query_scalar};

use crate::{
    bills,
    record::{self, record},
    service::{Context, Refusal},
};

/// The utility organisations under contract: S2 gives number and hash of this file to everybody.
const ORGANIZATIONS: (i64, &str) = (407_735, "17071b19458-0.07657295653103557");
const ORGANIZATIONS_NAME: &str = "organizations.csv";

record! {
    /// A file as the database holds it.
    Record in "files":
    id: i64,
    name: String,
    hash_code: String,
    content: Vec<u8>,
}

impl Record {
    /// The file, for whoever has its hash.
    pub(crate) async fn opened(
        connection: &mut SqliteConnection,
        id: u64,
        hash_code: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        Ok(Self::find(connection, id).await?.filter(|file| file.hash_code == hash_code))
    }

    /// What kind of file it is, by the end of its name.
    pub(crate) fn content_type(&self) -> &'static str {
        let ending = self.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("csv") => "text/csv",
            Some("txt") => "text/plain",
            Some("json") => "application/json",
            Some("pdf") => "application/pdf",
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            _ => "application/octet-stream",
        }
    }
}

/// Keeps a new file.
pub(crate) async fn keep(
    context: &mut Context<'_>,
    name: String,
    content: Vec<u8>,
) -> Result<File, Refusal> {
    let id = next_id(context).await?;
    let size = content.len() as u64;
    let file = Record { id, name, hash_code: hash_code(context, id), content };
    file.save(context.connection).await?;
    Ok(File {
        id: id.unsigned_abs(),
        name: Some(file.name),
        hash_code: file.hash_code,
        size: Some(size),
    })
}

/// S2's file has a number far above those that are given out here; a fork has no such file.
async fn next_id(context: &mut Context<'_>) -> Result<i64, sqlx::Error> {
    if context.fork.is_some() {
        return record::next_id(context.connection, "files").await;
    }
    query_scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM files WHERE id < ?")
        .bind(ORGANIZATIONS.0)
        .fetch_one(&mut *context.connection)
        .await
}

/// As POD's hashes look. It follows from the call, so that a scenario's files are always the same.
fn hash_code(context: &Context<'_>, id: i64) -> String {
    let hash = Sha256::new()
        .chain_update(b"file")
        .chain_update(id.to_be_bytes())
        .chain_update(context.reference.to_be_bytes())
        .finalize();
    let number = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:x}-0.{:017}", context.now.0, number % 100_000_000_000_000_000)
}

/// Keeps the file that every platform has.
pub(crate) async fn seed(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (id, hash_code) = ORGANIZATIONS;
    let file = Record {
        id,
        name: ORGANIZATIONS_NAME.to_owned(),
        hash_code: hash_code.to_owned(),
        content: bills::organizations_csv().into(),
    };
    file.save(connection).await
}
