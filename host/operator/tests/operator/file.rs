//! What is wrong with a podhost.toml is told with file, line and field, without a secret and without
//! a word of any command line.

use std::{error::Error as _, fs, os::unix::fs::PermissionsExt as _};

use pod_operator::{Error, Operator};
use tempfile::TempDir;

/// Stands where secrets stand, and where they should not.
const SECRET: &str = "s3cr3t-t0k3n";

const TWO: &str = r#"
[operator]
name = "Sara"

[account.bakery]
platform = "production"
token = { command = ["echo", "first"] }
business = 4021

[account.cafe]
token = { env = "NOT_SET_ANYWHERE" }
"#;

fn read(text: &str) -> (TempDir, Result<Operator, Error>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("operators.toml");
    fs::write(&path, text).unwrap();
    let operator = Operator::from_file(&path);
    (folder, operator)
}

#[test]
fn fields_are_told_with_their_lines_and_without_what_stands_there() {
    for (text, line, column, field) in [
        (&*format!("[account.a]\ntoken = \"{SECRET}\"\n"), 2, 9, "account.a.token"),
        (
            &format!("[account.a]\ntoken = {{ env = \"A\" }}\ntokn = \"{SECRET}\"\n"),
            3,
            1,
            "account.a.tokn",
        ),
        (
            &format!("[account.a]\ntoken = {{ env = \"A\" }}\nuser = \"{SECRET}\"\n"),
            3,
            8,
            "account.a.user",
        ),
        (&format!("[account.a]\ntoken = {SECRET}\n"), 2, 9, ""),
        ("[policy.p]\naccount = \"a\"\n", 2, 11, "policy.p.account"),
        ("[account.local]\ntoken = { env = \"A\" }\n", 1, 10, "account.local"),
    ] {
        let (folder, operator) = read(text);
        let error = operator.unwrap_err();
        assert_eq!((error.code(), error.is_bad_input()), ("bad-field", true), "{text}");
        let wrong = error.field().unwrap();
        assert_eq!((wrong.line(), wrong.column()), (Some(line), Some(column)), "{text}: {error}");
        assert_eq!(wrong.field(), field, "{text}: {error}");
        assert_eq!(wrong.path(), folder.path().join("operators.toml"));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(&format!("operators.toml:{line}:{column}: ")), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn a_file_that_is_not_there_keeps_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let error = Operator::from_file(folder.path().join("none.toml")).unwrap_err();
    assert_eq!(error.code(), "unreadable");
    assert!(error.to_string().ends_with("none.toml cannot be read"), "{error}");
    let cause = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_file_that_everybody_can_change_is_refused() {
    let (folder, operator) = read(TWO);
    operator.unwrap();
    let path = folder.path().join("operators.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let error = Operator::from_file(&path).unwrap_err();
    assert_eq!(error.field().unwrap().line(), None);
    assert!(error.to_string().contains("everybody can change it (mode 0666)"), "{error}");
}

#[test]
fn what_it_describes_is_asked_by_name() {
    let (_folder, operator) = read(TWO);
    let operator = operator.unwrap();
    assert!(operator.describes_accounts());
    assert_eq!(operator.name(), Some("Sara"));
    assert_eq!(operator.business("bakery"), Some(4021));
    assert_eq!(operator.business("cafe"), None);
    assert!(operator.signing_key().unwrap().is_none());

    let bakery = operator.account("bakery", None).unwrap();
    assert_eq!((bakery.name(), bakery.destination().to_string()), ("bakery", "production".into()));
    let error = operator.account("shop", None).unwrap_err();
    assert_eq!(error.code(), "no-such-account");
    assert!(
        error.to_string().ends_with("has no account `shop`; it has `bakery`, `cafe`"),
        "{error}"
    );
}

#[test]
fn a_token_is_for_one_platform_and_goes_to_no_other() {
    let (_folder, operator) = read(TWO);
    let operator = operator.unwrap();
    let elsewhere = "http://127.0.0.1:9000".parse().unwrap();
    let error = operator.account("bakery", Some(&elsewhere)).unwrap_err();
    assert_eq!(error.field().unwrap().field(), "account.bakery");
    assert!(error.to_string().contains("its token goes nowhere else"), "{error}");
}

#[test]
fn errors_speak_of_the_file_and_of_no_flag() {
    let (_folder, two) = read(TWO);
    let (_other, none) = read("");
    let (two, none) = (two.unwrap(), none.unwrap());
    let destination = "sandbox".parse().unwrap();
    for (error, code) in [
        (two.account("cafe", None), "no-platform"),
        (two.account("cafe", Some(&destination)), "bad-field"),
        (two.account("shop", None), "no-such-account"),
        (none.account("shop", None), "no-accounts"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.to_string().contains("--"), "{error}");
        assert!(error.to_string().contains("operators.toml"), "{error}");
    }
}

#[test]
fn a_destination_holds_no_secret() {
    for (text, says) in [
        ("prod", "this is no URL"),
        ("ftp://pod.ir", "must begin with http"),
        ("https://user:word@pod.ir", "a user name or a password"),
        ("https://pod.ir/?token=a", "must end with its path"),
    ] {
        let error = text.parse::<pod_operator::Destination>().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert!(error.ends_with("`production`, `sandbox`, `local`, or a URL"), "{error}");
    }
}
