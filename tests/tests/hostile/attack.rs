//! An attack's folder: its policy, as a file of the kind that its `policy.toml` names.
//!
//! Besides `script.rhai` there are `module.wat`, a core module that is made a component of its
//! world, and `guest.wat`, which is taken as it is, whatever it is. In each of them,
//! `{{1000 * "text"}}` stands for a thousand times `text`; in them and in `policy.toml`, `ERP_PORT`
//! stands for the port of its hostile server.

use std::{fs, path::Path};

use pod_host::{Manifest, World};
use podhost_tests::project;
use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::verdict::Verdict;

const ERP_PORT: &str = "ERP_PORT";
const MANIFEST: &str = "policy.toml";
const SOURCES: [&str; 3] = ["script.rhai", "module.wat", "guest.wat"];

/// An attack that can be loaded, or tried to be.
pub struct Attack {
    pub verdict: Verdict,
    /// Its policy.
    pub policy: TempDir,
}

impl Attack {
    /// Reads a folder, and makes the policy from it.
    pub fn read(folder: &Path, erp_port: u16) -> Result<Self, String> {
        let verdict = Verdict::read(folder)?;
        let text = |file: &str| {
            let text = fs::read_to_string(folder.join(file)).map_err(|error| error.to_string())?;
            Ok::<_, String>(text.replace(ERP_PORT, &erp_port.to_string()))
        };
        let asked = text(MANIFEST)?;
        let manifest = Manifest::parse(&folder.join(MANIFEST), &asked);
        let manifest = manifest.map_err(|error| error.to_string())?;
        let mut sources = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
            let name = entry.map_err(|error| error.to_string())?.file_name();
            match name.to_str() {
                Some(MANIFEST | "verdict.toml") => {}
                Some(name) if SOURCES.contains(&name) => sources.push(name.to_owned()),
                _ => return Err(format!("{} is no file of an attack", name.display())),
            }
        }
        let [source] = sources.as_slice() else {
            return Err(format!("it has one of {}", SOURCES.join(", ")));
        };
        let text = repeated(&text(source)?)?;
        let mut entry = match source.as_str() {
            "script.rhai" => text.into_bytes(),
            "module.wat" => component(&wat(&text)?, manifest.world)?,
            _ => wat(&text)?,
        };
        let whole = entry.len();
        entry.truncate(whole.checked_sub(verdict.cut_off).ok_or("it is not as long as that")?);

        let policy = tempfile::tempdir().map_err(|error| error.to_string())?;
        let name = manifest.entry.file_name().unwrap_or_default();
        fs::write(policy.path().join(name), entry)
            .and_then(|()| fs::write(policy.path().join(MANIFEST), asked))
            .map_err(|error| error.to_string())?;
        Ok(Self { verdict, policy })
    }
}

fn wat(text: &str) -> Result<Vec<u8>, String> {
    wat::parse_str(text).map_err(|error| error.to_string())
}

/// What a compiler for guests makes of a module, whatever is in it.
fn component(module: &[u8], world: World) -> Result<Vec<u8>, String> {
    let text = |error: &dyn std::fmt::Display| format!("{error:#}");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(project("wit")).map_err(|error| text(&error))?;
    let world =
        resolve.select_world(&[package], Some(world.name())).map_err(|error| text(&error))?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| text(&error))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| text(&error))
}

/// Writes out what is to be repeated.
pub fn repeated(text: &str) -> Result<String, String> {
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        all.push_str(before);
        let Some((count, after)) = after.split_once(" * \"").filter(|(count, _)| {
            !count.is_empty() && count.bytes().all(|digit| digit.is_ascii_digit() || digit == b'_')
        }) else {
            all.push_str("{{");
            rest = after;
            continue;
        };
        let count = count.replace('_', "").parse().map_err(|error| format!("{count}: {error}"))?;
        let (part, after) = after.split_once("\"}}").ok_or("`\"}}` is missing")?;
        all.push_str(&part.repeat(count));
        rest = after;
    }
    all.push_str(rest);
    Ok(all)
}
