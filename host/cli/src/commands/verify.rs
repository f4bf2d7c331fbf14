//! `podhost verify`

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, anyhow};
use pod_host::{
    Digest, PublicKey, Unsigned,
    journal::{Journal, RunFilter},
};
use serde_json::Value;

use crate::{
    arguments,
    exit::{Failure, Status},
    operator::Operator,
    say,
    store::store_folder,
    terminal::{self, foreign},
};

pub async fn verify(arguments: arguments::Verify) -> Result<Status, Failure> {
    let receipt = read(&arguments.receipt)?;
    let run = receipt["run"].as_str().unwrap_or_default().to_owned();
    let key = match &arguments.key {
        Some(key) => Some(*key),
        None => operators_key(arguments.config.as_deref())?,
    };
    let mut fails = Vec::new();
    match (PublicKey::of_receipt(&receipt, key), key) {
        (Ok(signer), Some(_)) => say!("signed with the operator's key {signer}"),
        (Ok(signer), None) => {
            say!("signed with the key {signer}; whose that is, nobody said: --key, or podhost.toml")
        }
        (Err(Unsigned::NoSignature), None) => say!("not signed"),
        (Err(error), _) => fails.push(error.to_string()),
    }
    match journalled(&arguments, &run, &receipt).await {
        Ok(said) => say!("{said}"),
        Err(reason) => fails.push(reason),
    }
    for fail in &fails {
        terminal::error(fail);
    }
    Ok(if fails.is_empty() { Status::Done } else { Status::Policy })
}

/// Does the journal say the same of the run? The error is what it says otherwise.
async fn journalled(
    arguments: &arguments::Verify,
    run: &str,
    receipt: &Value,
) -> Result<String, String> {
    let not_there =
        || Ok(format!("run {} is not in this store: its journal is not compared", foreign(run)));
    let Ok(folder) = store_folder(&arguments.store) else { return not_there() };
    let Ok(journal) = Journal::read_only(&folder).await else { return not_there() };
    let filter = RunFilter { run: Some(run.to_owned()), ..RunFilter::default() };
    let known = journal.runs(&filter).await.map_err(|error| error.to_string())?;
    let [summary] = known.as_slice() else { return not_there() };
    let head: Option<Digest> = receipt["journal_head"].as_str().and_then(|head| head.parse().ok());
    let head = head.ok_or("`journal_head` is no digest")?;
    if summary.archived.is_some() {
        return match summary.head == head {
            true => Ok("its head is that of the run, whose entries were archived".to_owned()),
            false => Err(format!("the journal's head is {}, the receipt's {head}", summary.head)),
        };
    }
    let entries = journal.entries(run).await.map_err(|error| error.to_string())?;
    // What was settled since is behind the receipt's head.
    if !entries.iter().any(|stored| stored.hash == head) {
        return Err(format!(
            "the journal of run {} does not hold {head}: this receipt is of another run",
            foreign(run)
        ));
    }
    let now = pod_host::journal::receipt(run, &entries).map_err(|error| error.to_string())?;
    let mut now = serde_json::to_value(now).map_err(|error| error.to_string())?;
    let mut then = receipt.clone();
    for receipt in [&mut now, &mut then] {
        if let Some(fields) = receipt.as_object_mut() {
            fields.remove("signature");
        }
    }
    // Receipts of old do not say the world.
    if let (Some(fields), None) = (now.as_object_mut(), then.get("world")) {
        fields.remove("world");
    }
    if now["journal_head"] == then["journal_head"] && now != then {
        return Err(format!("the journal of run {} comes to another receipt", foreign(run)));
    }
    let what = if now == then { "comes to this receipt" } else { "holds it, and went on since" };
    Ok(format!("its journal, {} entries, is unbroken and {what}", entries.len()))
}

fn operators_key(config: Option<&Path>) -> Result<Option<PublicKey>, Failure> {
    match Operator::find(config)? {
        Some(operator) => Ok(operator.signing_key()?.map(|key| key.public_key())),
        None => Ok(None),
    }
}

fn read(path: &Path) -> Result<Value, Failure> {
    let mut text = String::new();
    let shown = foreign(path.display());
    let read = match path.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text).map(drop),
        _ => std::fs::read_to_string(path).map(|read| text = read),
    };
    read.with_context(|| format!("{shown} cannot be read")).map_err(Failure::input)?;
    let receipt: Value = serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::input(anyhow!("{shown}:{line}:{column}: not JSON: {error}"))
    })?;
    if receipt["run"].is_string() {
        return Ok(receipt);
    }
    Err(Failure::input(anyhow!("{shown} is no receipt: `run` is missing")))
}
