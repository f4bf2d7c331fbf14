#!/bin/sh
# Rhai 1.27.0: `switch 5.0` passes over the case `5`, though 5.0 == 5, though
# 5.0 is `in` [5], and though the same switch takes 5.0 into the range 0..10.
#
# Version: rhai 1.27.0 (crates.io), default features.
# Input:   a fee table `switch amount { 500000 => ..., _ => ... }` and an amount
#          that JSON wrote as 500000.0 (parse_json makes it a float).
# Guess:   the case matches: equality between whole numbers and floats is
#          numeric in this language, and ranges of whole numbers take floats.
# Seen:    exact cases match by type as well; the default arm runs, silently.
#          Ranges match by value.  if-else by `==` and switch differ.
# Matters: POD and shops' systems write whole amounts as decimals (4500.0).
#          A policy's exact tier is then skipped and the default fee taken.
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
use rhai::Engine;
fn main() {
    let engine = Engine::new();
    for script in [
        r#"let a = parse_json("{\"rials\": 500000}").rials;   switch a { 500000 => "tier", _ => "default" }"#,
        r#"let a = parse_json("{\"rials\": 500000.0}").rials; switch a { 500000 => "tier", _ => "default" }"#,
        r#"let a = parse_json("{\"rials\": 500000.0}").rials; if a == 500000 { "tier" } else { "default" }"#,
        r#"let a = parse_json("{\"rials\": 500000.0}").rials; if a in [500000] { "tier" } else { "default" }"#,
        r#"let a = parse_json("{\"rials\": 500000.0}").rials; switch a { 0..1000000 => "tier", _ => "default" }"#,
    ] {
        println!("{}", engine.eval::<String>(script).unwrap());
    }
}
EOF
cargo build --quiet --manifest-path "$dir/Cargo.toml"
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='tier
default
tier
tier
tier'
[ "$seen" = "$want" ] || { echo "changed; seen:"; echo "$seen"; exit 1; }
echo "as described"
