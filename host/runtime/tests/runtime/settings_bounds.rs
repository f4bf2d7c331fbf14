//! What a policy's settings may make the host do is bounded before it is done.

use std::{path::Path, time::Instant};

use pod_host::Manifest;

const HEAD: &str = "name = \"test\"\nversion = \"1\"\nworld = \"netting\"\nentry = \"a.rhai\"\n";

fn parse(text: &str) -> Result<(), String> {
    let began = Instant::now();
    let read = Manifest::parse(Path::new("policy.toml"), &format!("{HEAD}{text}"));
    assert!(began.elapsed().as_secs() < 20, "it took {:?}", began.elapsed());
    read.map(drop).map_err(|error| error.to_string())
}

#[track_caller]
fn fits(text: &str) {
    if let Err(error) = parse(text) {
        panic!("{error}");
    }
}

#[track_caller]
fn refused(text: &str, says: &[&str]) {
    let error = parse(text).expect_err("it is refused");
    for said in says {
        assert!(error.contains(said), "`{said}` is not in: {error}");
    }
}

#[test]
fn numbers_of_the_configuration_keep_their_digits() {
    let share =
        |number: &str| format!("[config]\nshare = {number}\n[schema.share]\ntype = \"number\"");
    for number in ["0.1", "9223372036854775807", "1e22", "9007199254740992.0"] {
        fits(&share(number));
    }
    for number in ["9007199254740993.0", "0.12345678901234567890"] {
        refused(&share(number), &["policy.toml:6:9:", "`config.share`", number, "lose digits"]);
    }
    let nested = "[config]\na = [1, { b = 9007199254740993.0 }]\n[schema.a]\n";
    refused(nested, &["policy.toml:6:15:", "`config.a.1.b`", "lose digits"]);
}

#[test]
fn configurations_and_schemas_have_their_depth_and_number() {
    let lists = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let config = |value: &str| format!("[schema.a]\n[config]\na = {value}\n");
    fits(&config(&lists(32)));
    refused(&config(&lists(33)), &["`config.a", "nested too deep", "32"]);
    let numbers = |many: usize| format!("[{}]", "1,".repeat(many));
    fits(&config(&numbers(9_999)));
    refused(&config(&numbers(10_000)), &["`config`", "10000 values at most"]);

    let items = |levels: usize| format!("[schema.a]\n{}type = \"array\"", "items.".repeat(levels));
    fits(&items(14));
    refused(&items(15), &["`schema.a.items", "nested too deep", "16"]);
    let values = |many: usize| {
        let values: Vec<String> = (0..many).map(|value| value.to_string()).collect();
        format!("[schema.a]\nenum = [{}]", values.join(", "))
    };
    fits(&values(1_998));
    refused(&values(1_999), &["`schema`", "2000 values at most"]);
}

#[test]
fn toml_that_is_deeper_than_any_is_refused_by_its_reader() {
    let deep = 100_000;
    for text in [
        format!("[config]\na = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("[config]\na{} = 1", ".a".repeat(deep)),
        format!("[config{}]\na = 1", ".a".repeat(deep)),
        format!("[config]\na = {}1{}", "{a=".repeat(deep), "}".repeat(deep)),
    ] {
        refused(&text, &["policy.toml:"]);
    }
}

#[test]
fn what_leads_a_check_in_circles_is_not_taken() {
    for (keyword, value) in [
        ("\"$ref\"", "\"#\""),
        ("\"$ref\"", "\"#/properties/a\""),
        ("items.\"$dynamicRef\"", "\"#\""),
        ("unevaluatedProperties", "false"),
        ("items.unevaluatedItems", "false"),
    ] {
        let text = format!("[schema.a]\n{keyword} = {value}\n[config]\na = [[]]");
        refused(&text, &["policy.toml:6:", "`schema.a.", "not taken"]);
    }
}

#[test]
fn patterns_take_time_that_grows_with_the_text_alone() {
    let pattern = |pattern: &str| {
        let text = "a".repeat(50_000);
        format!("[schema.a]\npattern = '{pattern}'\n[config]\na = \"{text}!\"")
    };
    // Each takes a backtracking reader for ever, or more steps than it takes.
    for bomb in ["^(a+)+$", "^(a|a)*$", "(.*)*x"] {
        refused(&pattern(bomb), &["`config.a`"]);
    }
    fits(&pattern("^a+!$"));
    refused(&pattern("((((a{100}){100}){100}){100})"), &["`schema.a", "is no JSON Schema"]);
    refused(&pattern("(?=a)a"), &["`schema.a", "is no JSON Schema"]);

    let many = |count: usize| {
        let one = |index| format!("[schema.a{index}]\npattern = \"x\"\n");
        (0..count).map(one).collect::<String>()
    };
    fits(&many(100));
    refused(&many(101), &["100 patterns at most"]);
}
