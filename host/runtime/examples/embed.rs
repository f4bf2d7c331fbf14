//! Settles a shop's debts by a policy: a script, a component, or a folder with a policy.toml.
//!
//! `cargo run --release -p pod-host --example embed [POLICY]`

mod shop;

use std::error::Error;

use pod_host::Host;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let policy = std::env::args_os().nth(1);
    settle(policy.map_or(shop::netting().join("netting.rhai"), Into::into)).await
}

async fn settle(policy: std::path::PathBuf) -> Result<(), Box<dyn Error>> {
    let store = tempfile::tempdir()?;
    let pod = shop::emulator().await?;

    let host = Host::builder().store(store.path()).build().await?;
    let policy = host.load(policy).await?;
    let receipt = host.run(&policy, &shop::account(&pod)?, Value::Null).await?;

    for effect in &receipt.effects {
        println!("{}: {} rials, {}", effect.service, effect.rials.grouped(), effect.reference);
    }
    println!("{:?}: {} calls", receipt.status, receipt.meters.calls);
    Ok(())
}

#[tokio::test]
async fn embeds() -> Result<(), Box<dyn Error>> {
    settle(shop::netting().join("netting.rhai")).await
}
