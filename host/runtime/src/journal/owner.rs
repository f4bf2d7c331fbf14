//! Who owns a store: one process at a time, by a lock of the operating system's. It goes with its
//! process, however that ends; so what stands in the lock's file is only for people.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    error::{Error, StoreOwner},
    files::private,
};

/// The lock's file in the store's folder.
pub(super) const FILE: &str = "lock";
/// What of the file is read at most, in bytes.
const LONGEST: u64 = 4 * 1024;

/// Whoever only asks who owns the store has the lock for less than that: nobody is refused for it.
const GLANCE: Duration = Duration::from_millis(50);

/// How to take a store. By default for nothing in particular, and without waiting for it.
pub struct Taking<'a> {
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
    let io = |error| Error::Io { path: folder.to_owned(), source: error };
    let open = || private::open(&folder.join(FILE));
    let mut lock = open().map_err(io)?;
    let in_use = |owner| Error::StoreInUse { store: folder.to_owned(), owner };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(io(error)),
        Err(TryLockError::WouldBlock) => {
            let owner = read(&mut lock);
            let is_patient = !taking.patience.is_zero();
            if is_patient {
                (taking.on_wait)(owner.as_ref());
            }
            let patience = taking.patience.max(GLANCE);
            let waited = tokio::time::timeout(patience, wait(lock)).await;
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

/// Who owns the store in `folder` now; none, if nobody does, or somebody is just taking it.
pub(super) fn of(folder: &Path) -> io::Result<Option<StoreOwner>> {
    let mut lock = match File::open(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lock => lock?,
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(read(&mut lock)),
        Err(TryLockError::Error(error)) => Err(error),
    }
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
