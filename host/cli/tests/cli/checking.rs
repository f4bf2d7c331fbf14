//! Nobody who looks at a folder runs its code: only `podhost build`, and `--build`, compile, and they
//! hand a build script no token.

use std::{fs, path::PathBuf, process::Command};

use sha2::{Digest as _, Sha256};

use crate::common::{Desk, Ended, podhost, project};

/// Tells that it ran, and in which environment.
const BUILD_SCRIPT: &str = r#"
fn main() {
    let environment: Vec<String> =
        std::env::vars_os().map(|(name, value)| format!("{name:?}={value:?}")).collect();
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/ran.txt"),
        environment.join("\n"),
    ).unwrap();
}
"#;

/// What a caller's environment may hold, and a build script must not see.
const SECRETS: [(&str, &str); 6] = [
    ("PODHOST_TOKEN", "secret-of-podhost"),
    ("BAKERY_TOKEN", "secret-of-the-bakery"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-a-cloud"),
    ("CARGO_REGISTRY_TOKEN", "secret-of-a-registry"),
    ("CARGO_REGISTRIES_OURS_TOKEN", "secret-of-our-registry"),
    ("RUSTC_WRAPPER", "/no/such/wrapper"),
];

/// A folder with a crate whose build script runs when it is built.
struct Folder {
    desk: Desk,
    /// A run of another policy, which is replayed with the folder's.
    run: String,
}

impl Folder {
    fn new() -> Self {
        let desk = Desk::new();
        let manifest = "name = \"x\"\nversion = \"1\"\nworld = \"netting\"\nentry = \"x.wasm\"\n\
                        scenario = \"scenario.json\"\n";
        desk.file("x/policy.toml", manifest);
        let scenario = project().join("plugins/netting/scenarios/small.json");
        desk.file("x/scenario.json", fs::read(scenario).unwrap());
        desk.file(
            "x/Cargo.toml",
            "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n[workspace]\n",
        );
        desk.file("x/build.rs", BUILD_SCRIPT);
        desk.file("x/src/lib.rs", "pub fn f() {}\n");
        let run = desk.run(&["plugins/netting/netting.rhai", "--json"]);
        let run = run.json()["run"].as_str().unwrap().to_owned();
        Self { desk, run }
    }

    fn path(&self) -> PathBuf {
        self.desk.folder.path().join("x")
    }

    fn has_run(&self) -> bool {
        self.path().join("ran.txt").exists()
    }

    fn commands(&self) -> Vec<Command> {
        let folder = self.path();
        let folder = folder.to_str().unwrap();
        let all: [&[&str]; 5] = [
            &["check", folder],
            &["run", folder],
            &["run", folder, "--platform", "http://127.0.0.1:1"],
            &["crashtest", folder],
            &["replay", &self.run, "--policy", folder],
        ];
        let command = |arguments: &&[&str]| {
            let mut command = podhost();
            command.args(*arguments).env("PODHOST_TOKEN", "a-token");
            if ["run", "replay"].contains(&arguments[0]) {
                command.arg("--store").arg(self.desk.store());
            }
            command.env("PODHOST_CACHE", project().join("target/test-components"));
            command.env("XDG_CONFIG_HOME", self.desk.folder.path().join("settings"));
            command.env("CARGO_TARGET_DIR", project().join("target"));
            command
        };
        all.iter().map(command).collect()
    }

    /// All of them name the command that builds, and have run nothing.
    #[track_caller]
    fn is_only_told(&self, why: &[&str]) {
        let build = format!("`podhost build {}`", self.path().display());
        for mut command in self.commands() {
            let ended: Ended = command.output().unwrap().into();
            ended.failed(2, &[why, &["x.wasm", &build]].concat());
            assert!(!self.has_run(), "{command:?} ran the folder's build script");
        }
    }
}

#[test]
fn a_component_that_is_missing_or_stale_is_told_and_not_built() {
    let folder = Folder::new();
    folder.is_only_told(&["is not built yet"]);

    // One that was built, before its crate was changed.
    folder.desk.file("x/x.wasm", "a component");
    let digest = |bytes: &[u8]| -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let record = format!(
        "{}  x.wasm\n{}  src/lib.rs\n{}  build.rs\n{}  Cargo.toml\n",
        digest(b"a component"),
        digest(b"as it was"),
        digest(BUILD_SCRIPT.as_bytes()),
        digest(&fs::read(folder.path().join("Cargo.toml")).unwrap()),
    );
    folder.desk.file("x/x.wasm.d", record);
    folder.is_only_told(&["is older than its sources", "x/src/lib.rs was changed"]);

    folder.desk.file("x/x.wasm", "another");
    folder.is_only_told(&["is another than the one that was built"]);
}

#[test]
fn a_build_says_what_it_runs_and_gives_it_no_secret() {
    let build = |command: &mut Command| {
        command.envs(SECRETS).env("CARGO_TARGET_DIR", project().join("target"));
        Ended::from(command.output().unwrap())
    };
    let folder = Folder::new();
    let path = folder.path();
    for arguments in [&["build"][..], &["check", "--build"]] {
        // Each of them compiles, whatever has been built before.
        for built in ["ran.txt", "x.wasm", "x.wasm.d"] {
            let _ = fs::remove_file(path.join(built));
        }
        folder.desk.file("x/build.rs", format!("{BUILD_SCRIPT}// {arguments:?}\n"));
        // It imports nothing, so it may be a guest or not: what matters is what is said and run
        // before that.
        let ended = build(podhost().args(arguments).arg(&path));
        for says in ["runs the folder's own code", "as this user"] {
            assert!(ended.stderr.contains(says), "{arguments:?}: {ended:#?}");
        }
        assert!(folder.has_run(), "{arguments:?}: {ended:#?}");
        let environment = fs::read_to_string(path.join("ran.txt")).unwrap();
        assert!(environment.contains("\"PATH\"="), "{environment}");
        for (name, value) in SECRETS {
            assert!(!environment.contains(name), "{name} is in {environment}");
            assert!(!environment.contains(value), "{name} is in {environment}");
        }
    }
}

#[test]
fn a_copied_folder_runs_until_its_sources_are_changed() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["plugins/netting"]).code, Some(0));
    let copy = desk.folder.path().join("netting");
    let copied =
        Command::new("cp").arg("-r").arg(project().join("plugins/netting")).arg(&copy).status();
    assert!(copied.unwrap().success());
    let folder = copy.to_str().unwrap();
    let ended = desk.run(&[folder]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");

    let source = copy.join("src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("{text}\n// Changed.\n")).unwrap();
    desk.run(&[folder]).failed(2, &["netting/src/lib.rs was changed", "podhost build"]);

    // Shipped without its sources.
    fs::remove_dir_all(copy.join("src")).unwrap();
    let ended = desk.run(&[folder]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}
