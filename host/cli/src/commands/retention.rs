//! `podhost backup` and `podhost prune`

use pod_platform::Rial;

use crate::{
    arguments,
    exit::{Failure, Status},
    host::open_host,
    say,
    store::{read_store, store_folder},
    terminal::{self, foreign},
};

pub async fn back_up(arguments: arguments::Backup) -> Result<Status, Failure> {
    let store = store_folder(arguments.store.store.as_deref())?;
    drop(read_store(&arguments.store).await?);
    pod_host::back_up(&store, &arguments.to).await?;
    let (copy, store) = (foreign(arguments.to.display()), foreign(store.display()));
    say!("{copy} is a copy of {store}");
    Ok(Status::Done)
}

pub async fn prune(arguments: arguments::Prune) -> Result<Status, Failure> {
    let host = open_host(&arguments.folders, None).await?;
    let to = arguments.archive.as_deref();
    let archived = host.archive(arguments.before.millis(), to).await?;
    let went = match to {
        Some(to) => format!("moved to {}", foreign(to.display())),
        None => "dropped".to_owned(),
    };
    say!("{} runs, {} entries: {went}", archived.runs, archived.entries);
    say!("{} bytes came back", Rial(archived.freed_bytes).grouped());
    if let Some(why) = &archived.not_freed {
        terminal::error(why);
    }
    Ok(Status::Done)
}
