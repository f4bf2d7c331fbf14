//! docs/first-policy.md, followed to the letter: each of its commands, in its order, by a shell.

use std::{fs, path::Path};

use crate::common::{Desk, Ended, podhost, project};

/// The blocks of the page that are commands, and whether they are to fail.
fn commands(page: &str) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (kind, after) = after.split_once('\n').unwrap();
        let (block, after) = after.split_once("\n```").unwrap();
        match kind {
            "sh" => found.push((false, block)),
            "sh fails" => found.push((true, block)),
            _ => {}
        }
        rest = after;
    }
    found
}

#[test]
fn the_page_is_followed_to_the_letter() {
    let page = fs::read_to_string(project().join("docs/first-policy.md")).unwrap();
    let desk = Desk::new();
    let program = podhost().get_program().to_owned();
    let bin = Path::new(&program).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut printed = Vec::new();
    for (fails, block) in commands(&page) {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-ec", block]).current_dir(desk.folder.path()).env("PATH", &path);
        shell.env("PODHOST_STORE", desk.store());
        shell.env("PODHOST_CACHE", project().join("target/test-components"));
        let ended: Ended = shell.output().unwrap().into();
        assert_eq!(ended.code, Some(i32::from(fails)), "{block}\n{ended:#?}");
        printed.push(ended.stdout);
    }
    assert!(printed.len() >= 9, "{} blocks", printed.len());
    // What the page says of them.
    let says = |text: &str| printed.iter().any(|printed| printed.contains(text));
    for text in [
        "creditorInvoiceId 602, debtorInvoiceId 501",
        "has waited longest: 900,000 rials, out of 1,000,000",
        "creditorInvoiceId 601, debtorInvoiceId 502",
        "credits still free   1: 9,000,000",
        "2 of 2 scenarios came to what is expected",
        "digest = \"sha256:",
    ] {
        assert!(says(text), "{text}: {printed:#?}");
    }
}
