//! `podhost verify`

use std::{
    env,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use pod_host::{
    Digest, PublicKey, Unsigned,
    journal::{Difference, Distrust, Journal, RunFilter, Verified},
};
use pod_platform::without_byte_order_mark;
use serde_json::{Value, json};

use crate::{
    advice::told,
    arguments,
    exit::{Failure, Status},
    host::take_store,
    operator, say,
    store::{read_store, store_folder, tell},
    terminal::{self, foreign},
};

/// So many bytes of a receipt are read at most, as of a scenario.
const LARGEST_RECEIPT: u64 = 64 << 20;

/// The variable that names the store. `--store` without a name does not stand in for it.
const STORE: &str = "PODHOST_STORE";

pub async fn verify(arguments: arguments::Verify) -> Result<Status, Failure> {
    match &arguments.receipt {
        Some(receipt) => verify_receipt(read(receipt)?, &arguments).await,
        None if arguments.store.is_some() || arguments.rebuild => verify_store(&arguments).await,
        None => Err(Failure::input(anyhow!("name a receipt to check, or --store"))),
    }
}

/// The store that is named, after `--store` or in the environment; without a name, the user's.
fn named(arguments: &arguments::Verify) -> arguments::Store {
    let in_environment = || env::var_os(STORE).filter(|name| !name.is_empty()).map(PathBuf::from);
    arguments::Store { store: arguments.store.clone().flatten().or_else(in_environment) }
}

/// Is each run's chain unbroken, and the index what the entries come to?
async fn verify_store(arguments: &arguments::Verify) -> Result<Status, Failure> {
    let store = named(arguments);
    let (journal, verified) = if arguments.rebuild {
        let journal = take_store(store.store.as_deref(), &arguments.waiting).await?;
        let verified = journal.rebuild_index().await?;
        tell(&journal);
        (journal, verified)
    } else {
        let journal = read_store(&store).await?;
        let verified = journal.verify().await?;
        (journal, verified)
    };
    let Verified { runs, entries, archived, differences } = &verified;
    let is_older = journal.distrust().is_some_and(|why| matches!(why, Distrust::Older(_)));
    let status = if verified.is_whole() && !is_older { Status::Done } else { Status::Policy };
    if arguments.json {
        let older = match journal.distrust() {
            Some(Distrust::Older(older)) => Some(older),
            _ => None,
        };
        terminal::json(
            &json!({ "store": journal.folder(), "older": older, "verified": verified }),
        )?;
        return Ok(status);
    }
    for Difference { run, what, index, entries, mendable } in differences {
        let left = if *mendable { "" } else { "; --rebuild cannot mend that" };
        let line = format!(
            "run {run}, {what}: the index has {index}, the entries come to {entries}{left}"
        );
        terminal::error(&line);
    }
    let elsewhere = match archived {
        0 => String::new(),
        archived => format!(", of which {archived} are in an archive"),
    };
    let folder = foreign(journal.folder().display());
    say!("{folder}: {runs} runs{elsewhere}, {entries} entries");
    match differences.len() {
        0 => say!("all chains are unbroken, and the index is what their entries come to"),
        1 => say!("1 difference"),
        several => say!("{several} differences"),
    }
    if !arguments.rebuild && differences.iter().any(|difference| difference.mendable) {
        say!("`podhost verify --store {folder} --rebuild` makes the index anew");
    }
    Ok(status)
}

async fn verify_receipt(receipt: Value, arguments: &arguments::Verify) -> Result<Status, Failure> {
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
    match journalled(arguments, &run, &receipt).await {
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
    let Ok(folder) = store_folder(named(arguments).store.as_deref()) else { return not_there() };
    let journal = match Journal::read_only(&folder).await {
        Ok(journal) => journal,
        Err(error @ pod_host::Error::StoreIsOlder { .. }) => return Err(told(error)),
        Err(_) => return not_there(),
    };
    tell(&journal);
    let filter = RunFilter { run: Some(run.to_owned()), ..RunFilter::default() };
    let known = journal.runs(&filter).await.map_err(told)?;
    let [summary] = known.as_slice() else { return not_there() };
    let head: Option<Digest> = receipt["journal_head"].as_str().and_then(|head| head.parse().ok());
    let head = head.ok_or("`journal_head` is no digest")?;
    if summary.archived.is_some() {
        return match summary.head == head {
            // Signed, nobody has changed it since; unsigned, only the entries tell.
            true if receipt["signature"].is_object() || receipt["signature"].is_string() => {
                Ok("its head is that of the run, whose entries were pruned".to_owned())
            }
            true => Err(
                "its head is that of the run, whose entries were pruned: they alone tell whether \
                         the rest of it is true; name the archive with --store, if there is one"
                    .to_owned(),
            ),
            false => Err(format!("the journal's head is {}, the receipt's {head}", summary.head)),
        };
    }
    let entries = journal.entries(run).await.map_err(told)?;
    // What was settled since is behind the receipt's head.
    if !entries.iter().any(|stored| stored.hash == head) {
        return Err(format!(
            "the journal of run {} does not hold {head}: this receipt is of another run",
            foreign(run)
        ));
    }
    let now = pod_host::journal::receipt(run, &entries).map_err(told)?;
    let mut now = serde_json::to_value(now).map_err(|error| error.to_string())?;
    let mut then = receipt.clone();
    for receipt in [&mut now, &mut then] {
        if let Some(fields) = receipt.as_object_mut() {
            fields.remove("signature");
        }
    }
    // Receipts of old do not say all that those of today do.
    for name in ["world", "account", "platform"] {
        if let (Some(fields), None) = (now.as_object_mut(), then.get(name)) {
            fields.remove(name);
        }
    }
    if now["journal_head"] == then["journal_head"] && now != then {
        return Err(format!("the journal of run {} comes to another receipt", foreign(run)));
    }
    let what = if now == then { "comes to this receipt" } else { "holds it, and went on since" };
    Ok(format!("its journal, {} entries, is unbroken and {what}", entries.len()))
}

fn operators_key(config: Option<&Path>) -> Result<Option<PublicKey>, Failure> {
    match operator::find(config)? {
        Some(operator) => Ok(operator.signing_key()?.map(|key| key.public_key())),
        None => Ok(None),
    }
}

fn read(path: &Path) -> Result<Value, Failure> {
    let shown = foreign(path.display());
    let read = match path.to_str() {
        Some("-") => bounded(std::io::stdin().lock()),
        _ => File::open(path).and_then(bounded),
    };
    let text = read.with_context(|| format!("{shown} cannot be read")).map_err(Failure::input)?;
    if text.len() as u64 > LARGEST_RECEIPT {
        let most = LARGEST_RECEIPT >> 20;
        return Err(Failure::input(anyhow!("{shown} is larger than {most} MiB: no receipt is")));
    }
    let receipt: Value = serde_json::from_str(without_byte_order_mark(&text)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::input(anyhow!("{shown}:{line}:{column}: not JSON: {error}"))
    })?;
    if receipt["run"].is_string() {
        return Ok(receipt);
    }
    Err(Failure::input(anyhow!("{shown} is no receipt: `run` is missing")))
}

/// No more of it than a receipt can be, and one byte.
fn bounded(file: impl io::Read) -> io::Result<String> {
    let mut text = String::new();
    file.take(LARGEST_RECEIPT + 1).read_to_string(&mut text).map(|_| text)
}
