//! `podhost new`: a policy to begin with, which passes its own test.

use std::{
    fs,
    io::{self, BufRead as _, IsTerminal as _},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use clap::ValueEnum as _;

use crate::{
    arguments::{self, NewWorld},
    exit::{Failure, Status},
    say, tell,
    terminal::{self, foreign},
};

/// Stands for the policy's name in what is written.
const NAME: &str = "NAME";
/// Stands for its world.
const WORLD: &str = "WORLD";

const README: &str = include_str!("../../templates/README.md");

/// What a policy of a world begins with.
struct Template {
    manifest: &'static str,
    script: &'static str,
    scenario: &'static str,
    input: Option<&'static str>,
    expected: &'static str,
}

macro_rules! template {
    ($world:literal, input: $input:expr) => {
        Template {
            manifest: include_str!(concat!("../../templates/", $world, "/policy.toml")),
            script: include_str!(concat!("../../templates/", $world, "/script.rhai")),
            scenario: include_str!(concat!("../../templates/", $world, "/scenario.json")),
            input: $input,
            expected: include_str!(concat!("../../templates/", $world, "/expected.json")),
        }
    };
}

impl Template {
    fn of(world: NewWorld) -> Self {
        match world {
            NewWorld::Policy => {
                template!("policy", input: Some(include_str!("../../templates/policy/input.json")))
            }
            NewWorld::Netting => template!("netting", input: None),
            NewWorld::Delegation => template!("delegation", input: None),
            NewWorld::LoanPlan => template!("loan-plan", input: None),
        }
    }

    /// Its files, below the policy's folder.
    fn files(&self, name: &str, world: &str) -> Vec<(String, String)> {
        let filled = |text: &str| text.replace(NAME, name).replace(WORLD, world);
        let mut files = vec![
            ("policy.toml".to_owned(), filled(self.manifest)),
            (format!("{name}.rhai"), self.script.to_owned()),
            ("README.md".to_owned(), filled(README)),
            ("scenarios/small.json".to_owned(), self.scenario.to_owned()),
            ("scenarios/small.expected.json".to_owned(), self.expected.to_owned()),
        ];
        let input = self.input.map(ToOwned::to_owned);
        files.extend(input.map(|input| ("scenarios/small.input.json".to_owned(), input)));
        files
    }
}

pub fn new(arguments: &arguments::New) -> Result<Status, Failure> {
    let folder = &arguments.folder;
    let name = name(folder)?;
    let world = match arguments.world {
        Some(world) => world,
        None => ask()?,
    };
    let spelled = world.to_possible_value();
    let spelled = spelled.as_ref().map_or("", |value| value.get_name());
    let files = Template::of(world).files(&name, spelled);
    fs::create_dir(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))
        .map_err(Failure::input)?;
    if let Err(failure) = write(folder, &files) {
        // Nothing half-done is left.
        let _ = fs::remove_dir_all(folder);
        return Err(failure);
    }
    let shown = foreign(folder.display());
    say!("{shown} is a policy of the world {spelled}, in Rhai:");
    for (file, _) in &files {
        say!("  {}", foreign(file));
    }
    say!();
    let typed = folder.to_string_lossy();
    let quoted = shlex::try_quote(&typed).unwrap_or(typed.clone());
    for next in ["test", "run", "check"] {
        say!("podhost {next} {}", foreign(&quoted));
    }
    Ok(Status::Done)
}

/// The policy's name is its folder's.
fn name(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_plain = name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.len() <= 64
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    match is_plain {
        true => Ok(name.to_owned()),
        false => Err(Failure::input(anyhow!(
            "a policy's name is its folder's, such as first-fit: up to 64 of a to z, digits and -, a \
             letter first; {} is none",
            folder.display()
        ))),
    }
}

/// Asks a person; nobody answers for a script.
fn ask() -> Result<NewWorld, Failure> {
    let worlds = NewWorld::value_variants();
    let values: Vec<_> = worlds.iter().filter_map(|world| world.to_possible_value()).collect();
    let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
    if !(io::stdin().is_terminal() && terminal::is_watched()) {
        return Err(Failure::input(anyhow!("which world? --world {}", names.join("|"))));
    }
    tell!("What does it decide?");
    for (number, value) in values.iter().enumerate() {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        tell!("  {}  {:<12}{help}", number + 1, value.get_name());
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Failure::input)?;
    let answer = answer.trim();
    let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let place = number.or_else(|| names.iter().position(|name| *name == answer));
    place.and_then(|place| worlds.get(place)).copied().ok_or_else(|| {
        Failure::input(anyhow!("none of them: a number from 1 to {}, or a name", worlds.len()))
    })
}

fn write(folder: &Path, files: &[(String, String)]) -> Result<(), Failure> {
    fs::create_dir(folder.join("scenarios")).map_err(Failure::platform)?;
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text)
            .with_context(|| path.display().to_string())
            .map_err(Failure::platform)?;
    }
    Ok(())
}
