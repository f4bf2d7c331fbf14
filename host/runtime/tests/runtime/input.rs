//! What a run is told is bounded before it is read, and no number becomes another.

use std::path::Path;

use pod_host::{LARGEST_INPUT, parse_input};
use serde_json::{Value, json};

fn parse(text: &str) -> Result<Value, String> {
    parse_input(Path::new("--input"), text).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, says: &str) {
    let error = parse(text).expect_err("it is refused");
    assert!(error.contains(says), "`{says}` is not in: {error}");
}

#[test]
fn size_depth_and_number_of_values_are_bounded() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let largest = usize::try_from(LARGEST_INPUT).unwrap();
    assert!(parse(&text(largest)).is_ok());
    refused(&text(largest + 1), "--input: an input has 8 MiB at most");

    let deep =
        |levels: usize| format!("{}{}", "{\"a\":[".repeat(levels / 2), "]}".repeat(levels / 2));
    assert!(parse(&deep(64)).is_ok());
    refused(&deep(66), "--input:1:193: an input is nested 64 deep at most");
    // Brackets in a text are none.
    assert!(parse(&format!("\"\\\"{}\"", "[".repeat(1_000))).is_ok());

    let many = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
    assert!(parse(&many(1_000_000)).is_ok());
    refused(&many(1_000_001), "1000000 values at most");
}

#[test]
fn numbers_keep_their_digits_or_are_named() {
    for text in ["0", "-1.5e-7", "[18446744073709551615, -9223372036854775808]", "{\"a\": 0.1}"] {
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }
    assert_eq!(parse("18446744073709551615").unwrap(), json!(u64::MAX));
    for (text, says) in [
        ("18446744073709551616", "--input:1:1: the input: 18446744073709551616 would lose digits"),
        ("{\"a b\": [0, {\"c\": -9223372036854775809}]}", "1:19: a b[1].c: -9223372036854775809"),
        ("[0.12345678901234567890]", "1:2: [0]: 0.12345678901234567890"),
        ("{\"x\": 1, \"y\": [[], [9007199254740993.0]]}", "y[1][0]: 9007199254740993.0"),
        // What stands in a text, or is escaped in a key, is no number and no path.
        ("{\"\\\"{1e400\": \"1e400\", \"z\": 1e-400}", "z: 1e-400"),
    ] {
        refused(text, says);
    }
    refused("[1e400]", "not JSON");
    refused("[1, 2", "--input:1:5: not JSON");
    refused("nonsense 99999999999999999999", "--input:1:2: not JSON");
}

#[test]
fn a_key_stands_once() {
    refused(
        r#"{"limit": {"a": 1}, "skip": [{"a": 1, "b": 2, "a": 3}]}"#,
        "--input:1:49: unclear: the key `a` stands here twice",
    );
    // The same however it is written.
    refused("{\"\\u0061\": 1, \"a\": 2}", "the key `a` stands here twice");
    let apart = json!({ "a": { "a": 1 }, "b": [{ "a": 1 }, { "a": null }] });
    assert_eq!(parse(&apart.to_string()).unwrap(), apart);
}
