//! Runs a policy, and replays the run from its journal alone: with the policy as it was, then with one
//! that decides otherwise, on what was seen then. The platform is gone by that time.
//!
//! `cargo run --release -p pod-host --example replay_a_run`

mod shop;

use std::{error::Error, fs, path::Path};

use pod_host::{Host, Replay};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (same, other) = replay(folder.path()).await?;
    println!("run {}: {} entries, unbroken", same.run, same.entries);
    println!("as it was, it does the same: {}", same.is_same());
    for difference in other.differences {
        println!("{}: {}, now {}", difference.what, difference.recorded, difference.replayed);
    }
    Ok(())
}

async fn replay(folder: &Path) -> Result<(Replay, Replay), Box<dyn Error>> {
    let host = Host::builder().store(folder.join("store")).build().await?;
    let pod = shop::emulator().await?;
    let policy = host.load(shop::netting().join("netting.rhai")).await?;
    let receipt = host.run(&policy, &shop::account(&pod)?, Value::Null).await?;
    pod.stop().await?;

    // A policy's manifest, and a script beside it that settles nothing.
    fs::copy(shop::netting().join("policy.toml"), folder.join("policy.toml"))?;
    fs::write(folder.join("idle.rhai"), "fn plan(debts, credits, config) { #{ pairs: [] } }")?;
    let other = host.load(folder.join("idle.rhai")).await?;
    Ok((host.replay(&receipt.run).await?, host.replay_with(&receipt.run, &other).await?))
}

#[tokio::test]
async fn replays() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (same, other) = replay(folder.path()).await?;
    assert!(same.is_same(), "{same:?}");
    assert!(!other.is_same(), "{other:?}");
    Ok(())
}
