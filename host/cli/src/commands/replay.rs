//! `podhost replay`

use pod_host::{Replay, ScriptMode};

use crate::{
    arguments,
    commands::build,
    exit::{Failure, Status},
    host::open_host,
    store,
};

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
        println!("{}", serde_json::to_string(&replay).map_err(Failure::platform)?);
    } else {
        print(&replay);
    }
    Ok(if replay.is_same() { Status::Done } else { Status::Policy })
}

fn print(replay: &Replay) {
    let Replay { run, entries, journal_head, differences, incomplete } = replay;
    println!("run {run}: {entries} entries, unbroken up to {journal_head}");
    if let Some(why) = incomplete {
        println!("compared as far as it went: {why}");
    }
    if differences.is_empty() {
        println!("the replay came to the same");
        return;
    }
    for difference in differences {
        println!("\n{} differs", difference.what);
        println!("  recorded  {}", difference.recorded);
        println!("  replayed  {}", difference.replayed);
    }
}
