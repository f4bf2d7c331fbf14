//! Is a component older than what it was built from? Beside it lies a list of that, as cargo tells
//! it: the crate's own files, and those of the crates and contracts that it uses.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Keeps what `module` was built from beside `entry`. Cargo's own list lies beside the module.
pub(crate) fn remember(module: &Path, entry: &Path) -> io::Result<()> {
    let list = fs::read_to_string(module.with_extension("d"))?;
    let sources = match list.split_once(": ") {
        Some((_, sources)) => paths(sources).join("\n"),
        None => String::new(),
    };
    fs::write(list_of(entry), sources)
}

/// Is `entry` there, and younger than the manifest, build script and sources in `folder`, and than
/// all else that it is known to have been built from?
pub(crate) fn is_fresh(folder: &Path, entry: &Path) -> bool {
    let Some(built) = modified(entry) else { return false };
    let own = ["Cargo.toml", "build.rs", "src"].map(|name| folder.join(name));
    let known = fs::read_to_string(list_of(entry)).unwrap_or_default();
    let all = own.into_iter().chain(known.lines().map(PathBuf::from));
    // File systems keep coarse times; a tie is stale.
    all.filter_map(|source| newest(&source))
        .all(|source| source + Duration::from_millis(1) <= built)
}

fn list_of(entry: &Path) -> PathBuf {
    entry.with_extension("wasm.d")
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

/// When the youngest file at or below `path` was written.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).ok()?;
    entries.filter_map(|entry| newest(&entry.ok()?.path())).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, fs::File, time::SystemTime};

    use super::{Duration, is_fresh, paths, remember};

    #[test]
    fn paths_with_blanks_are_one() {
        assert_eq!(paths("/a/b.rs /c\\ d/e.rs"), ["/a/b.rs", "/c d/e.rs"]);
    }

    #[test]
    fn what_another_crate_changes_makes_it_stale() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
            path
        };
        let (contract, module) = (file("policy.wit", ""), file("module.wasm", ""));
        file("module.d", &format!("{}: {}\n", module.display(), contract.display()));
        let entry = file("entry.wasm", "");
        File::open(&entry).unwrap().set_modified(SystemTime::now()).unwrap();
        remember(&module, &entry).unwrap();
        assert!(is_fresh(&folder.path().join("crate"), &entry));
        let later = SystemTime::now() + Duration::from_secs(60);
        File::open(&contract).unwrap().set_modified(later).unwrap();
        assert!(!is_fresh(&folder.path().join("crate"), &entry));
    }
}
