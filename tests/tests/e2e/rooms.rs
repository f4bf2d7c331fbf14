//! The rooms of pod-host make no circle, and docs/architecture.md draws them as they are.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use podhost_tests::project;

fn rooms(arguments: &[&str]) -> Output {
    Command::new(project("tools/rooms")).args(arguments).output().expect("Python 3 is there")
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it found nothing: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    fs::write(path, text).expect("it is written");
}

#[test]
fn the_architecture_draws_the_rooms_of_pod_host() {
    let checked = rooms(&["--check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn a_circle_of_rooms_is_told_with_the_lines_that_close_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "lib.rs", "pub use upper::Upper;\n");
    write(
        folder.path(),
        "upper/mod.rs",
        "//! `crate::nowhere`\nuse crate::{\n    lower::Lower,\n};\n",
    );
    write(folder.path(), "lower/mod.rs", "pub struct Lower;\n");
    write(folder.path(), "lower/deep/file.rs", "const TEXT: &str = \"crate::upper\";\n");
    let source = folder.path().to_str().expect("a name");
    let drawn = rooms(&[source]);
    assert!(drawn.status.success(), "{drawn:?}");
    let drawn = String::from_utf8_lossy(&drawn.stdout).into_owned();
    assert_eq!(drawn, "```mermaid\nflowchart TD\n    upper --> lower\n    lower\n```\n");

    for (text, line) in
        [("fn f() -> crate::upper::Upper;\n", 1), ("\nuse super::super::super::upper;\n", 2)]
    {
        write(folder.path(), "lower/deep/file.rs", text);
        let told = complaint(&rooms(&[source]));
        assert!(told.contains("lower -> upper -> lower are a circle"), "{told}");
        assert!(told.contains(&format!("lower -> upper at lower/deep/file.rs:{line}")), "{told}");
        assert!(told.contains("upper -> lower at upper/mod.rs:3"), "{told}");
    }
}

#[test]
fn a_path_through_the_root_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "upper.rs", "use crate::{Lower, lower::Other};\n");
    write(folder.path(), "lower.rs", "");
    let told = complaint(&rooms(&[folder.path().to_str().expect("a name")]));
    assert!(told.contains("upper.rs:1: `crate::Lower`"), "{told}");
}
