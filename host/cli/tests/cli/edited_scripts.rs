//! Whoever edits a script and runs it again waits for no compiler.

use std::{collections::BTreeMap, fs};

use crate::common::{Desk, Ended, SMALL, podhost};

#[test]
fn u3_an_edited_script_of_a_folder_compiles_nothing() {
    let desk = Desk::new();
    let cache = desk.folder.path().join("cache");
    let script = |answer: u32| format!("fn run(input) {{ {answer} }}");
    let manifest = "name = \"edited\"\nversion = \"1\"\nworld = \"policy\"\n\
                    entry = \"edited.rhai\"\n";
    let manifest = desk.file("edited/policy.toml", manifest);
    let folder = manifest.trim_end_matches("/policy.toml");
    let run = |answer: u32| {
        desk.file("edited/edited.rhai", script(answer));
        let mut command = podhost();
        command.args(["run", folder, "--json", "--scenario", SMALL]);
        command.arg("--store").arg(desk.store()).arg("--cache").arg(&cache);
        let ended: Ended = command.output().unwrap().into();
        assert_eq!(ended.json()["output"], answer, "{ended:#?}");
        ended.stderr
    };
    assert!(run(1).contains("Compiling the Rhai interpreter"));
    let kept = || -> BTreeMap<_, _> {
        let files = fs::read_dir(&cache).unwrap().map(|file| file.unwrap());
        files.map(|file| (file.file_name(), file.metadata().unwrap().len())).collect()
    };
    let (first, policies) = (kept(), || fs::read_dir(desk.store().join("kept")).unwrap().count());
    let before = policies();
    for answer in 2..5 {
        let told = run(answer);
        assert!(!told.contains("Compiling"), "{told}");
    }
    assert_eq!(kept(), first);
    // The store has the three scripts, and still one interpreter.
    assert_eq!(policies(), before + 3);
}
