//! Streams what a host is busy with – what it compiles, which store it waits for – to whoever shows it,
//! a terminal or a browser.
//!
//! `cargo run --release -p pod-host --example stream_progress`

mod shop;

use std::{error::Error, path::Path, time::Duration};

use pod_host::{Host, Progress};
use serde_json::Value;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let run = stream(folder.path(), tell);
    let show = async {
        while let Some(line) = told.recv().await {
            println!("{line}");
        }
    };
    tokio::join!(run, show).0
}

/// Runs a policy, and tells what it waits for.
async fn stream(store: &Path, tell: mpsc::UnboundedSender<String>) -> Result<(), Box<dyn Error>> {
    let pod = shop::emulator().await?;
    // Another host has the store for a while.
    let another = Host::builder().store(store).build().await?;
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(another);
    });

    let host = Host::builder().store(store).wait_for_store(Duration::from_secs(60)).on_progress(
        move |progress| {
            // Whoever listened may have gone; the run goes on.
            let _ = tell.send(match progress {
                Progress::Compiling(name) => format!("compiling {name}"),
                Progress::Compiled(name) => format!("compiled {name}"),
                Progress::WaitingForStore(store, _) => format!("waiting for {}", store.display()),
                Progress::WaitedForStore => "the store is ours".to_owned(),
                other => format!("{other:?}"),
            });
        },
    );
    let host = host.build().await?;
    let policy = host.load(shop::netting().join("netting.rhai")).await?;
    host.run(&policy, &shop::account(&pod)?, Value::Null).await?;
    Ok(())
}

#[tokio::test]
async fn streams() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (tell, mut told) = mpsc::unbounded_channel();
    stream(folder.path(), tell).await?;
    let mut lines = Vec::new();
    while let Ok(line) = told.try_recv() {
        lines.push(line);
    }
    assert!(lines.iter().any(|line| line.starts_with("waiting for ")), "{lines:?}");
    assert!(lines.contains(&"the store is ours".to_owned()), "{lines:?}");
    Ok(())
}
