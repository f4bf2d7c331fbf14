//! Who owns a store: one process at a time, by a lock of the operating system's. It goes with its
//! process, however that ends; so what stands in the lock's file is only for people.

use std::{
    fmt,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    thread,
    time::Duration,
};

use pod_platform::Instant;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::Error;

/// The lock's file in the store's folder.
const FILE: &str = "lock";
/// What of the file is read at most, in bytes.
const LONGEST: u64 = 4 * 1024;

/// The process that owns a store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoreOwner {
    /// Its id.
    pub process: u32,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// What for, in its own words.
    pub purpose: String,
}

impl fmt::Display for StoreOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, since, purpose } = self;
        write!(f, "process {process}, since {}", Instant(*since))?;
        if purpose.is_empty() { Ok(()) } else { write!(f, ", for {purpose}") }
    }
}

/// How to take a store.
pub(crate) struct Taking<'a> {
    /// What for.
    pub purpose: String,
    /// How long to wait for it.
    pub patience: Duration,
    /// Told of who has it, before it is waited for.
    pub on_wait: &'a (dyn Fn(Option<&StoreOwner>) + Send + Sync),
}

impl Default for Taking<'_> {
    fn default() -> Self {
        Self { purpose: String::new(), patience: Duration::ZERO, on_wait: &|_| {} }
    }
}

/// Takes the store in `folder` for this process, for as long as it keeps the file. The operating
/// system gives it to those who wait in the order in which they came.
pub(super) async fn take(folder: &Path, now: u64, taking: Taking<'_>) -> Result<File, Error> {
    let io = |error| Error::Io { path: folder.to_owned(), error };
    let open = || {
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true).open(folder.join(FILE))
    };
    let mut lock = open().map_err(io)?;
    let in_use = |owner| Error::StoreInUse { store: folder.to_owned(), owner };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(io(error)),
        Err(TryLockError::WouldBlock) => {
            let owner = read(&mut lock);
            if taking.patience.is_zero() {
                return Err(in_use(owner));
            }
            (taking.on_wait)(owner.as_ref());
            let waited = tokio::time::timeout(taking.patience, wait(lock)).await;
            lock = match waited {
                Ok(locked) => locked.map_err(io)?,
                Err(_) => return Err(in_use(open().ok().and_then(|mut file| read(&mut file)))),
            };
        }
    }
    let owner = StoreOwner { process: std::process::id(), since: now, purpose: taking.purpose };
    // The store is ours, whether that can be told to others or not.
    if let Err(error) = write(&mut lock, &owner) {
        tracing::warn!(%error, "the store's owner could not be written down");
    }
    Ok(lock)
}

/// Waits on a thread of its own. Whoever gives up waiting leaves it behind: it gives the lock back
/// when it gets it.
async fn wait(lock: File) -> io::Result<File> {
    let (done, locked) = oneshot::channel();
    thread::Builder::new().name("podhost-store".into()).spawn(move || {
        let locked = lock.lock().map(|()| lock);
        // Nobody may wait any more.
        let _ = done.send(locked);
    })?;
    locked.await.unwrap_or_else(|_| Err(io::Error::other("the wait for the lock broke off")))
}

/// Who owns it, if that is written down.
fn read(lock: &mut File) -> Option<StoreOwner> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.take(LONGEST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write(lock: &mut File, owner: &StoreOwner) -> io::Result<()> {
    let text = serde_json::to_string(owner)?;
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(text.as_bytes())
}
