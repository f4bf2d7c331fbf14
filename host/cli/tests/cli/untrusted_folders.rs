//! A folder that nobody vouches for is looked at before anything is in a sandbox: what it names stays
//! inside it, is an ordinary file, and keeps to its bounds.

use std::{fs, os::unix::fs::symlink, path::PathBuf, process::Command};

use crate::common::{Desk, Ended, SMALL, at_once, podhost, project};

const MANIFEST: &str = "name = \"x\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"x.rhai\"\n\
                        scenario = \"scenario.json\"\n";

struct Folder {
    desk: Desk,
}

impl Folder {
    fn new() -> Self {
        let desk = Desk::new();
        desk.file("x/policy.toml", MANIFEST);
        desk.file("x/x.rhai", "fn run(input) { 1 }");
        desk.file("outside.rhai", "fn run(input) { 2 }");
        let folder = Self { desk };
        let scenario = fs::read(project().join(SMALL)).unwrap();
        folder.desk.file("x/scenario.json", &scenario);
        folder.desk.file("outside.json", &scenario);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.folder.path().join("x").join(name)
    }

    fn run(&self) -> Ended {
        at_once(self.desk.command(&[self.path("").to_str().unwrap()]))
    }

    /// Its script alone, under the same policy.toml: without a snapshot, which takes long to make.
    fn run_script(&self) -> Ended {
        at_once(self.desk.command(&[self.path("x.rhai").to_str().unwrap()]))
    }

    fn pipe(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
        assert!(Command::new("mkfifo").arg(self.path(name)).status().unwrap().success());
    }

    fn link(&self, name: &str, to: impl AsRef<std::path::Path>) {
        let _ = fs::remove_file(self.path(name));
        symlink(to, self.path(name)).unwrap();
    }
}

#[test]
fn what_the_others_spoil_is_sound() {
    let ended = Folder::new().run_script();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn names_stay_inside_the_folder() {
    for (from, to, says) in [
        ("\"x.rhai\"", "\"../outside.rhai\"", &["policy.toml:4:9:", "`entry`", "out of"][..]),
        ("\"x.rhai\"", "\"y/../../outside.rhai\"", &["policy.toml:4:9:", "`entry`"]),
        ("\"x.rhai\"", "\"/etc/x.rhai\"", &["policy.toml:4:9:", "`entry`", "/etc/x.rhai"]),
        ("\"scenario.json\"", "\"../outside.json\"", &["policy.toml:5:12:", "`scenario`"]),
        ("\"scenario.json\"", "\"/outside.json\"", &["policy.toml:5:12:", "`scenario`"]),
    ] {
        let folder = Folder::new();
        folder.desk.file("x/policy.toml", MANIFEST.replace(from, to));
        folder.run().failed(2, says);
    }
}

#[test]
fn links_stay_inside_the_folder() {
    for (name, outside, says) in [
        (
            "x.rhai",
            "../outside.rhai",
            &["policy.toml:4:9:", "`entry`", "out of", "outside.rhai"][..],
        ),
        ("scenario.json", "../outside.json", &["policy.toml:5:12:", "`scenario`", "out of"]),
        ("policy.toml", "../outside.rhai", &["policy.toml", "out of", "outside.rhai"]),
    ] {
        let folder = Folder::new();
        folder.link(name, outside);
        folder.run().failed(2, says);
    }
    // What is not there yet would be written where a link leads.
    let folder = Folder::new();
    symlink("../..", folder.path("out")).unwrap();
    folder.desk.file("x/policy.toml", MANIFEST.replace("x.rhai", "out/new.wasm"));
    folder.run().failed(2, &["policy.toml:4:9:", "`entry`", "out of"]);
    folder.link("x.rhai", "nothing.rhai");
    folder.desk.file("x/policy.toml", MANIFEST);
    folder.run().failed(2, &["policy.toml:4:9:", "`entry`", "leads nowhere"]);

    // What another file of the folder is called, too, and a folder that is a link itself.
    let folder = Folder::new();
    fs::rename(folder.path("x.rhai"), folder.path("y.rhai")).unwrap();
    folder.link("x.rhai", "y.rhai");
    symlink(folder.path(""), folder.desk.folder.path().join("z")).unwrap();
    let ended = folder.desk.run(&[folder.desk.folder.path().join("z/x.rhai").to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn scenarios_of_a_crashtest_stay_inside_the_folder() {
    for name in ["a.json", "b.input.json"] {
        let folder = Folder::new();
        folder.desk.file("x/scenarios/b.json", "{}");
        symlink("../../outside.json", folder.path("scenarios").join(name)).unwrap();
        let mut command = podhost();
        command.arg("crashtest").arg(folder.path(""));
        at_once(command).failed(2, &[name, "out of", "outside.json"]);
    }
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    for name in ["policy.toml", "x.rhai", "scenario.json"] {
        let folder = Folder::new();
        folder.pipe(name);
        folder.run().failed(2, &[name, "is no ordinary file"]);
    }
    // What a link out of the folder cannot be, a file that is named itself can.
    let folder = Folder::new();
    fs::remove_file(folder.path("policy.toml")).unwrap();
    folder.link("x.rhai", "/dev/zero");
    let script = folder.path("x.rhai");
    at_once(folder.desk.command(&[script.to_str().unwrap(), "--scenario", SMALL]))
        .failed(2, &["there is no such file"]);
}

#[test]
fn a_manifest_has_its_size() {
    const LARGEST: usize = 256 << 10;
    let folder = Folder::new();
    let padded = |size: usize| format!("{MANIFEST}#{}\n", "x".repeat(size - MANIFEST.len() - 2));
    folder.desk.file("x/policy.toml", padded(LARGEST));
    let ended = folder.run_script();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    folder.desk.file("x/policy.toml", padded(LARGEST + 1));
    folder.run().failed(2, &["policy.toml", "is larger than 256 KiB"]);
    // However large it is: it is not read.
    fs::File::create(folder.path("policy.toml")).unwrap().set_len(1 << 40).unwrap();
    folder.run().failed(2, &["policy.toml", "is larger than 256 KiB"]);
    fs::File::create(folder.path("scenario.json")).unwrap().set_len(1 << 40).unwrap();
    folder.desk.file("x/policy.toml", MANIFEST);
    folder.run().failed(2, &["scenario.json", "is larger than 64 MiB"]);
}

#[test]
fn an_input_is_refused_before_it_is_read_whole() {
    let folder = Folder::new();
    let path = folder.path("x.rhai").to_str().unwrap().to_owned();
    let run = |input: &str| at_once(folder.desk.command(&[&path, "--input", input]));
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(run(&deep(64)).code, Some(0));
    run(&deep(65)).failed(2, &["--input:1:65:", "64 deep"]);
    run("@/dev/zero").failed(2, &["/dev/zero", "8 MiB"]);
    let wrong = folder.desk.file("input.json", "{\n  \"invoices\": [1, 18446744073709551616]\n}");
    run(&format!("@{wrong}"))
        .failed(2, &["input.json:2:19:", "invoices[1]", "18446744073709551616", "lose digits"]);
    run("9007199254740993.0").failed(2, &["--input:1:1:", "9007199254740993.0", "lose digits"]);
    assert_eq!(run("{\"id\": 9223372036854775807, \"share\": 0.1}").code, Some(0));
}
