//! A policy's settings are checked before anything runs, and a mistake is told with its line, its
//! field, and what is expected.

use std::path::Path;

use pod_host::Manifest;

const HEAD: &str = "name = \"test\"\nversion = \"1\"\nworld = \"netting\"\nentry = \"a.rhai\"\n";
const SCHEMA: &str = r#"
[schema.days]
description = "so many days"
type = "integer"
minimum = 0
default = 30

[schema.from]
type = "string"
format = "jalali-date"

[schema.share]
type = "number"
maximum = 1

[schema.what]
enum = ["all", "some"]
required = true
"#;

/// What is wrong, and the line in the part behind the head.
fn wrong(text: &str) -> (u32, String) {
    let error = Manifest::parse(Path::new("policy.toml"), &format!("{HEAD}{text}"))
        .expect_err("there is a mistake");
    let line = error.place.expect("it has a place").line;
    (line - HEAD.lines().count() as u32, error.message)
}

fn wrong_setting(config: &str) -> (u32, String) {
    wrong(&format!("[config]\n{config}\n{SCHEMA}"))
}

#[track_caller]
fn expect((line, message): (u32, String), expected_line: u32, expected: &str) {
    assert_eq!((line, message.as_str()), (expected_line, expected));
}

#[test]
fn what_fits_is_read() {
    let config = "what = \"all\"\nfrom = \"1399/03/13\"\nshare = 0.5\ndays = 0";
    Manifest::parse(Path::new("policy.toml"), &format!("{HEAD}[config]\n{config}\n{SCHEMA}"))
        .expect("it fits");
}

#[test]
fn what_does_not_fit_is_told_with_its_line() {
    expect(
        wrong_setting("what = \"all\"\ndays = \"thirty\""),
        3,
        "`config.days`: \"thirty\" is not of type \"integer\" (so many days)",
    );
    expect(
        wrong_setting("what = \"all\"\ndays = -1"),
        3,
        "`config.days`: -1 is less than the minimum of 0 (so many days)",
    );
    expect(
        wrong_setting("what = \"all\"\nfrom = \"1399/13/01\""),
        3,
        "`config.from`: \"1399/13/01\" is not a \"jalali-date\"",
    );
    expect(
        wrong_setting("what = \"none\""),
        2,
        "`config.what`: \"none\" is not one of \"all\" or \"some\"",
    );
    expect(wrong_setting("days = 3"), 1, "`config.what`: is missing");
    expect(
        wrong_setting("what = \"all\"\nday = 3"),
        3,
        "`config.day`: there is no such setting; there are `days`, `from`, `share`, `what`",
    );
    expect(
        wrong("[config]\ndays = 3\n"),
        2,
        "`config.days`: there is no such setting: the policy has none ([schema] declares them)",
    );
    expect(
        wrong_setting("what = \"all\"\nfrom = 1399-03-13"),
        3,
        "`config.from`: 1399-03-13: write a day as a text, \"1399/03/13\"",
    );
}

#[test]
fn a_schema_that_is_none_is_told_as_well() {
    let (line, message) = wrong("[schema.days]\ntype = \"whole\"\n");
    assert_eq!(line, 2);
    assert!(message.starts_with("`schema.days.type`: is no JSON Schema: "), "{message}");
    expect(wrong("[schema]\ndays = 3\n"), 2, "`schema.days`: must be a table: a JSON Schema");
    expect(
        wrong("[schema.stated]\ntype = \"object\"\n"),
        1,
        "`schema.stated`: `stated` is no setting's name",
    );
    expect(
        wrong("[schema.days]\ntype = \"integer\"\nrequired = \"yes\"\n"),
        1,
        "`schema.days`: `required` must be true or false",
    );
}

#[test]
fn what_is_stated_is_checked_too() {
    expect(
        wrong("[[config.stated.delegations]]\ndelegatorId = 4\nhash = \"a\"\namount = -5\n"),
        4,
        "`config.stated.delegations.0.amount`: invalid value: integer `-5`, expected an amount in \
         whole rials",
    );
    expect(
        wrong(
            "[[config.stated.delegations]]\ndelegatorId = 4\nhash = \"a\"\namount = 5\n\
             until = \"yesterday\"\n",
        ),
        5,
        "`config.stated.delegations.0.until`: `yesterday` is no Jalali day like \"1399/03/13\", \
         nor one with a time",
    );
    let (line, message) = wrong("[config.stated]\nwallets = {}\n");
    assert_eq!(line, 2);
    assert!(message.contains("unknown field `wallets`"), "{message}");
}

#[test]
fn a_reasons_text_names_its_amounts() {
    expect(
        wrong("[reasons.fits]\namounts = [\"debt\"]\nen = \"{debt} of {credit}\"\n"),
        3,
        "`reasons.fits`: the text names `{credit}`, which is not among its `amounts`",
    );
}
