//! Is a component what its crate makes now? Beside it lies a record of what it was built from: the
//! component's digest and that of each of its sources, as `sha256sum` writes them. Digests are the
//! same wherever a folder is copied to, which times are not.
//!
//! The record is a file of a folder that nobody vouches for: it is read within limits, and what it
//! names is only ever compared.

use std::{
    collections::BTreeSet,
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// What a record, a file that it names, and all of these together may have, in bytes.
const LARGEST_RECORD: u64 = 1 << 20;
const LARGEST_SOURCE: u64 = 64 << 20;
const ALL_SOURCES: u64 = 128 << 20;

/// What a crate is built from besides what its compiler tells.
const OWN: [&str; 2] = ["Cargo.toml", "build.rs"];

/// Why a component is not what its crate makes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stale {
    /// There is none.
    NotBuilt,
    /// This file was changed since.
    Changed(PathBuf),
    /// This file was not there then.
    New(PathBuf),
    /// It is another than the one that was built.
    Replaced,
    /// What it was built from is not recorded in a way that can be read, or is more than is compared.
    Unreadable(PathBuf),
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt => f.write_str("is not built yet"),
            Self::Changed(file) => {
                write!(f, "is older than its sources: {} was changed since", file.display())
            }
            Self::New(file) => write!(f, "is older than its sources: {} is new", file.display()),
            Self::Replaced => f.write_str("is another than the one that was built from its crate"),
            Self::Unreadable(record) => {
                let record = record.display();
                write!(
                    f,
                    "cannot be compared with its crate: {record} cannot be read, or names too much"
                )
            }
        }
    }
}

/// Writes what `component`, to be put at `entry`, was built from: the crate's own files and what
/// cargo lists beside the module, without what was made on the way, below `made`.
pub(crate) fn remember(
    folder: &Path,
    module: &Path,
    made: &Path,
    entry: &Path,
    component: &[u8],
) -> io::Result<()> {
    let list = fs::read_to_string(module.with_extension("d"))?;
    let listed = list.split_once(": ").map(|(_, sources)| paths(sources)).unwrap_or_default();
    let folder = fs::canonicalize(folder)?;
    let sources: BTreeSet<PathBuf> = OWN
        .iter()
        .map(|name| folder.join(name))
        .chain(listed.into_iter().map(PathBuf::from))
        .filter(|source| !source.starts_with(made))
        .filter_map(|source| fs::canonicalize(source).ok())
        .collect();
    let name = Path::new(entry.file_name().unwrap_or_default());
    let mut record = line(&digest(component), name)?;
    for source in sources {
        let Some(digest) = digest_of_file(&source) else { continue };
        record += &line(&digest, source.strip_prefix(&folder).unwrap_or(&source))?;
    }
    crate::write_whole(&record_of(entry), record.as_bytes())
}

/// Why `entry` is not what the crate in `folder` makes, as far as anything tells. A component without
/// a record was built elsewhere, and is taken as it is.
pub(crate) fn stale(folder: &Path, entry: &Path) -> Option<Stale> {
    if !folder.join("Cargo.toml").is_file() {
        return None;
    }
    if !entry.exists() {
        return Some(Stale::NotBuilt);
    }
    let path = record_of(entry);
    if !path.exists() {
        return None;
    }
    let unreadable = || Some(Stale::Unreadable(path.clone()));
    let Some(record) = read(&path, LARGEST_RECORD).and_then(|text| String::from_utf8(text).ok())
    else {
        return unreadable();
    };
    let mut lines = Vec::new();
    for line in record.lines() {
        let Some((digest, name)) = line.split_once("  ") else { return unreadable() };
        lines.push((digest, folder.join(name), name));
    }
    let Some(((built, ..), sources)) = lines.split_first() else { return unreadable() };
    if digest_of_file(entry).as_deref() != Some(*built) {
        return Some(Stale::Replaced);
    }
    let mut left = ALL_SOURCES;
    for (digest, path, _) in sources {
        // A source that is gone was not shipped, or something else was changed, too.
        let Ok(about) = fs::metadata(path) else { continue };
        // Whoever names one file a thousand times has it read a thousand times.
        let Some(rest) = left.checked_sub(about.len()) else { return unreadable() };
        left = rest;
        if digest_of_file(path).as_deref() != Some(*digest) {
            return Some(Stale::Changed(path.clone()));
        }
    }
    let is_new = |name: &&str| {
        folder.join(name).exists() && !sources.iter().any(|(.., recorded)| recorded == name)
    };
    OWN.iter().find(|name| is_new(name)).map(|name| Stale::New(folder.join(name)))
}

fn record_of(entry: &Path) -> PathBuf {
    entry.with_extension("wasm.d")
}

fn line(digest: &str, path: &Path) -> io::Result<String> {
    let path = path.to_str().filter(|path| !path.contains('\n')).ok_or_else(|| {
        let problem = format!("{path:?} is no name for a source: it is no text of one line");
        io::Error::new(io::ErrorKind::InvalidInput, problem)
    })?;
    Ok(format!("{digest}  {path}\n"))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// None: it is no ordinary file, too large, or cannot be read.
fn digest_of_file(path: &Path) -> Option<String> {
    read(path, LARGEST_SOURCE).map(|bytes| digest(&bytes))
}

fn read(path: &Path, at_most: u64) -> Option<Vec<u8>> {
    // To open a pipe would wait for whoever writes into it.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(path).ok()?.take(at_most + 1).read_to_end(&mut bytes).ok()?;
    (read as u64 <= at_most).then_some(bytes)
}

/// Paths as make writes them, with a backslash before a blank.
fn paths(text: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut letters = text.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&' ') => {
                letters.next();
                paths.last_mut().expect("there is one").push(' ');
            }
            ' ' => paths.push(String::new()),
            letter => paths.last_mut().expect("there is one").push(letter),
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        path::{Path, PathBuf},
        process::Command,
        time::SystemTime,
    };

    use super::{Stale, paths, remember, stale};

    #[test]
    fn paths_with_blanks_are_one() {
        assert_eq!(paths("/a/b.rs /c\\ d/e.rs"), ["/a/b.rs", "/c d/e.rs"]);
    }

    /// A crate that uses a contract beside it, and its component.
    struct Built {
        root: tempfile::TempDir,
    }

    impl Built {
        fn new() -> Self {
            let built = Self { root: tempfile::tempdir().unwrap() };
            for (name, text) in [
                ("crate/Cargo.toml", "[package]"),
                ("crate/src/lib.rs", "fn f() {}"),
                ("crate/target/out/made.rs", "made on the way"),
                ("policy.wit", "a contract"),
                ("module.wasm", ""),
                ("crate/x.wasm", "component"),
            ] {
                built.write(name, text);
            }
            let at = |name: &str| built.path(name).display().to_string();
            let sources =
                [at("crate/src/lib.rs"), at("crate/target/out/made.rs"), at("policy.wit")];
            built.write("module.d", &format!("{}: {}\n", at("module.wasm"), sources.join(" ")));
            let made = built.path("crate/target");
            let module = built.path("module.wasm");
            remember(&built.folder(), &module, &made, &built.entry(), b"component").unwrap();
            built
        }

        fn path(&self, name: &str) -> PathBuf {
            self.root.path().canonicalize().unwrap().join(name)
        }

        fn folder(&self) -> PathBuf {
            self.path("crate")
        }

        fn entry(&self) -> PathBuf {
            self.path("crate/x.wasm")
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn stale(&self) -> Option<Stale> {
            stale(&self.folder(), &self.entry())
        }
    }

    #[test]
    fn what_any_source_changes_makes_it_stale() {
        for changed in ["crate/Cargo.toml", "crate/src/lib.rs", "policy.wit"] {
            let built = Built::new();
            assert_eq!(built.stale(), None);
            built.write(changed, "changed");
            assert_eq!(built.stale(), Some(Stale::Changed(built.path(changed))));
        }
        let built = Built::new();
        built.write("crate/build.rs", "fn main() {}");
        assert_eq!(built.stale(), Some(Stale::New(built.path("crate/build.rs"))));
        let built = Built::new();
        built.write("crate/x.wasm", "another");
        assert_eq!(built.stale(), Some(Stale::Replaced));
        fs::remove_file(built.entry()).unwrap();
        assert_eq!(built.stale(), Some(Stale::NotBuilt));
    }

    #[test]
    fn times_copies_and_what_was_not_shipped_are_no_alarm() {
        let built = Built::new();
        // Newer by its time alone.
        let source = File::open(built.path("crate/src/lib.rs")).unwrap();
        source.set_modified(SystemTime::now() + std::time::Duration::from_secs(3600)).unwrap();
        built.write("crate/target/out/made.rs", "made again");
        assert_eq!(built.stale(), None);
        let copy = tempfile::tempdir().unwrap();
        let to = copy.path().join("crate");
        assert!(
            Command::new("cp").arg("-r").args([&built.folder(), &to]).status().unwrap().success()
        );
        assert_eq!(stale(&to, &to.join("x.wasm")), None);
        fs::remove_dir_all(to.join("src")).unwrap();
        assert_eq!(stale(&to, &to.join("x.wasm")), None);
        // The copy is compared with its own sources.
        fs::create_dir(to.join("src")).unwrap();
        fs::write(to.join("src/lib.rs"), "other").unwrap();
        assert_eq!(stale(&to, &to.join("x.wasm")), Some(Stale::Changed(to.join("src/lib.rs"))));
        // Built elsewhere.
        fs::remove_file(to.join("x.wasm.d")).unwrap();
        assert_eq!(stale(&to, &to.join("x.wasm")), None);
    }

    #[test]
    fn a_hostile_record_is_read_within_limits() {
        let built = Built::new();
        let record = built.path("crate/x.wasm.d");
        let unreadable = Some(Stale::Unreadable(record.clone()));
        for text in ["", "no digest\n", &"0  y\n".repeat(1 << 20)] {
            fs::write(&record, text).unwrap();
            assert_eq!(built.stale(), unreadable);
        }
        let pipe = built.path("crate/pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let component = super::digest(b"component");
        for endless in [&pipe, Path::new("/dev/zero")] {
            fs::write(&record, format!("{component}  x.wasm\n00  {}\n", endless.display()))
                .unwrap();
            assert_eq!(built.stale(), Some(Stale::Changed(endless.to_owned())));
        }
        fs::remove_file(&record).unwrap();
        fs::rename(&pipe, &record).unwrap();
        assert_eq!(built.stale(), unreadable);
    }
}
