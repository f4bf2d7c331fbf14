//! `podhost build`

use std::fs;

use sha2::{Digest as _, Sha256};

use crate::common::{Desk, Ended, podhost, project};

fn build(folder: &str) -> Ended {
    // A crate elsewhere with the project's own crate types shares its standard library, which can
    // take a minute to build.
    let target = project().join("target");
    podhost().args(["build", folder]).env("CARGO_TARGET_DIR", target).output().unwrap().into()
}

#[test]
fn the_component_is_where_and_what_it_says() {
    let ended = build("plugins/netting");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let component = fs::read(project().join("plugins/netting/netting.wasm")).unwrap();
    let digest: String =
        Sha256::digest(&component).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        ended.stdout,
        format!("plugins/netting/netting.wasm ({} bytes, sha256 {digest})\n", component.len())
    );
    let left: Vec<_> = fs::read_dir(project().join("plugins/netting"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        // What it was built from is kept beside it.
        .filter(|name| name.starts_with("netting.wasm.") && name != "netting.wasm.d")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_a_crate_there_is_nothing_to_build() {
    let desk = Desk::new();
    let manifest = "name = \"x\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"x.wasm\"\n";
    desk.file("policy.toml", manifest);
    let folder = desk.folder.path().to_str().unwrap();
    build(folder).failed(2, &[folder, "Cargo.toml"]);
    build("no/such/folder").failed(2, &["no/such/folder"]);
    build("host").failed(2, &["host/policy.toml"]);

    // A script needs no building.
    desk.file("policy.toml", manifest.replace("x.wasm", "x.rhai"));
    let ended = build(folder);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout.contains("x.rhai"), "{ended:#?}");
}

#[test]
fn a_crate_that_does_not_compile_exits_2_and_keeps_the_component() {
    let desk = Desk::new();
    desk.file(
        "policy.toml",
        "name = \"x\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"x.wasm\"\n",
    );
    desk.file(
        "Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n[workspace]\n",
    );
    desk.file("src/lib.rs", "pub fn f() -> u32 { \"no number\" }\n");
    desk.file("x.wasm", "as it was");
    let folder = desk.folder.path();
    let ended = build(folder.to_str().unwrap());
    ended.failed(2, &["does not compile", "mismatched types"]);
    assert_eq!(fs::read(folder.join("x.wasm")).unwrap(), b"as it was");
}
