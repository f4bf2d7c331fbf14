//! The hostile corpus, `tests/hostile`: a folder for each attack, and each a test of its own, named
//! by its folder. An attack must come to what its verdict says, and to nothing more; the money must
//! add up; and what a good policy does next on the same host must be what it always does.

mod attack;
mod erp;
mod range;
mod verdict;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, LazyLock},
};

use libtest_mimic::{Arguments, Trial};
use podhost_tests::project;
use tokio::{runtime::Runtime, sync::OnceCell};

use crate::{range::Range, verdict::Verdict};

const CORPUS: &str = "tests/hostile";
/// What lies beside the groups of attacks. Those in `folders` come before a sandbox, those in `outputs` after it:
/// host/cli tests them.
const BESIDE: [&str; 5] = ["README.md", "scenario.json", "folders", "outputs", "stores"];
/// How many attacks there are at least: fewer are found only if some were lost, or are not looked for.
const ATTACKS: usize = 387;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("threads"));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let range = Arc::new(OnceCell::new());
    let mut trials = vec![
        Trial::test("the runner reads verdicts strictly", || Ok(reads_strictly()?)),
        Trial::test("the runner repeats", || Ok(repeats()?)),
    ];
    let corpus = project(CORPUS);
    let folders = folders(&corpus);
    let found = folders.len();
    trials.push(Trial::test("no attack is lost", move || match found {
        ATTACKS.. => Ok(()),
        _ => Err(format!("{found} attacks are found of at least {ATTACKS}").into()),
    }));
    for folder in folders {
        let name = folder.strip_prefix(&corpus).unwrap_or(&folder).display().to_string();
        let range = range.clone();
        trials.push(Trial::test(name, move || {
            Ok(RUNTIME.block_on(async {
                let range: &Range = range.get_or_init(Range::open).await;
                range.run(&folder).await
            })?)
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The attacks: folders in groups, `tests/hostile/GROUP/ATTACK`.
fn folders(corpus: &Path) -> Vec<PathBuf> {
    let inside = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the corpus can be read");
        entries.map(|entry| entry.expect("the corpus can be read").path()).collect()
    };
    let is_beside = |path: &Path| BESIDE.iter().any(|name| path.ends_with(name));
    let groups = inside(corpus).into_iter().filter(|path| !is_beside(path));
    let mut folders: Vec<PathBuf> = groups.flat_map(|group| inside(&group)).collect();
    folders.sort();
    folders
}

fn reads_strictly() -> Result<(), String> {
    let empty = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (wrong, said) in [
        (Verdict::read(empty.path()), "verdict.toml: No such file"),
        (Verdict::parse("status = \"done\""), "missing field `attacks`"),
        (Verdict::parse("attacks = \"a\"\nstatus = \"done\"\nsums = 1"), "unknown field `sums`"),
        (Verdict::parse("attacks = \"a\""), "exactly one of `status` and `not-loaded`"),
        (Verdict::parse("attacks = \"a\"\nstatus = \"failed\""), "has an `error`"),
        (Verdict::parse("attacks = \"a\"\nstatus = \"well\""), "unknown variant `well`"),
        (
            Verdict::parse("attacks = \"a\"\nstatus = \"done\"\n[most]\nfuel = 1"),
            "unknown field `fuel`",
        ),
    ] {
        match wrong {
            Ok(verdict) => return Err(format!("this is a verdict: {verdict:?}")),
            Err(error) if error.contains(said) => {}
            Err(error) => return Err(format!("`{said}` is not said: {error}")),
        }
    }
    Ok(())
}

fn repeats() -> Result<(), String> {
    for (text, expected) in [
        ("a {{3 * \"xy\"}} b", "a xyxyxy b"),
        ("{{1_0 * \"-\"}}", "----------"),
        ("#{{ a: {{ b * \"c\"", "#{{ a: {{ b * \"c\""),
    ] {
        let found = attack::repeated(text)?;
        if found != expected {
            return Err(format!("{text} becomes {found}"));
        }
    }
    Ok(())
}
