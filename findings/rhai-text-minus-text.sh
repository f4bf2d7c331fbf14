#!/bin/sh
# Rhai 1.27.0: subtracting one text from another is no error; it deletes characters.
#
# Version: rhai 1.27.0 (crates.io), default features.
# Input:   a script whose two amounts arrived as text, as they do from JSON
#          strings, form fields and spreadsheet cells: "9500" - "500".
# Guess:   "function not found: - (string, string)", which is what `*` says,
#          and what a text minus a number says.
# Seen:    `text - text` takes every occurrence of the right text out of the
#          left one.  "9500" - "500" is "9"; "5000" - "500" is "0";
#          "1250000" - "0" is "125".  Each is a text of digits that parses as
#          an amount, and the wrong one.
# Matters: a policy that works out what is left of a limit (`limit - paid`)
#          goes on with a plausible number when both came as text.  The amount
#          that is paid differs and nothing is reported.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat > "$dir/Cargo.toml" <<'EOF'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
rhai = "=1.27.0"
[profile.dev]
debug = false
EOF
cat > "$dir/src/main.rs" <<'EOF'
use rhai::{Dynamic, Engine};
fn main() {
    let engine = Engine::new();
    for script in [
        r#"let limit = "9500"; let paid = "500"; limit - paid"#,
        r#""5000" - "500""#,
        r#""1250000" - "0""#,
        r#"parse_int("9500" - "500")"#,
        r#""9500" - 500"#,
        r#""9500" * "2""#,
    ] {
        match engine.eval::<Dynamic>(script) {
            Ok(value) => println!("{} {value}", value.type_name()),
            Err(_) => println!("error"),
        }
    }
}
EOF
cargo build --quiet --manifest-path "$dir/Cargo.toml"
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='string 9
string 0
string 125
i64 9
error
error'
[ "$seen" = "$want" ] || { echo "changed; seen:"; echo "$seen"; exit 1; }
echo "as described"
