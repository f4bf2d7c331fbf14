//! `podhost replay`

use pod_host::{Replay, ScriptMode};

use crate::{
    arguments,
    commands::build,
    exit::{Failure, Status},
    host::open_host,
    put, store,
    terminal::{self, Page, foreign},
};

/// Letters that are shown of what differs.
const DIFFERENCE: usize = 1_000;

pub async fn replay(arguments: arguments::Replay) -> Result<Status, Failure> {
    let host = open_host(&arguments.folders, None).await?;
    let run = store::find(host.journal(), &arguments.run).await?.run;
    let replay = match &arguments.policy {
        None => host.replay(&run).await?,
        Some(path) => {
            let files = build::find(path, arguments.building)?;
            let policy = host.load_files(&files, ScriptMode::AdHoc).await?;
            host.replay_with(&run, &policy).await?
        }
    };
    if arguments.json {
        terminal::json(&replay)?;
    } else {
        terminal::print(&readable(&replay));
    }
    Ok(if replay.is_same() { Status::Done } else { Status::Policy })
}

fn readable(replay: &Replay) -> Page {
    let mut page = Page::default();
    let Replay { run, entries, journal_head, differences, incomplete, .. } = replay;
    put!(page, "run {run}: {entries} entries, unbroken up to {journal_head}");
    if let Some(why) = incomplete {
        put!(page, "compared as far as it went: {}", foreign(why));
    }
    if differences.is_empty() {
        put!(page, "the replay came to the same");
        return page;
    }
    for difference in differences {
        put!(page);
        put!(page, "{} differs", foreign(&difference.what));
        put!(page, "  recorded  {}", foreign(&difference.recorded).within(DIFFERENCE));
        put!(page, "  replayed  {}", foreign(&difference.replayed).within(DIFFERENCE));
    }
    page
}
