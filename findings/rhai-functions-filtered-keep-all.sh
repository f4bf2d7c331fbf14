#!/bin/sh
# Rhai 1.27.0: `AST::clone_functions_only_filtered` keeps the functions that its filter refuses;
# `AST::retain_functions` with the same filter does not.
#
# Version: rhai 1.27.0 (crates.io), default features.
# Input:   a script with `fn run` and `fn helper`, and a filter that takes `run` alone.
# Guess:   the copy has one function: the name and its documentation say that the filter decides.
# Seen:    the copy has both. So has an empty AST after `merge_filtered` with that filter, while an AST
#          that has a function of its own merges only what the filter takes.
# Matters: a host that joins two scripts and leaves out, by this copy, the names that both have, finds
#          them both there: one function silently takes the other's place.
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
use rhai::{AST, Engine};
fn names(ast: &AST) -> String {
    let mut names: Vec<_> = ast.iter_functions().map(|function| function.name.to_owned()).collect();
    names.sort();
    names.join(" ")
}
fn main() {
    let engine = Engine::new();
    let script = engine.compile("fn run() { 1 } fn helper() { 2 }").unwrap();
    let other = engine.compile("fn own() { 3 }").unwrap();
    println!("copy: {}", names(&script.clone_functions_only_filtered(|_, _, _, name, _| name == "run")));
    println!("empty: {}", names(&AST::empty().merge_filtered(&script, |_, _, _, name, _| name == "run")));
    println!("other: {}", names(&other.merge_filtered(&script, |_, _, _, name, _| name == "run")));
    let mut kept = script.clone();
    kept.retain_functions(|_, _, name, _| name == "run");
    println!("retain: {}", names(&kept));
}
EOF
cd "$dir"
cargo run --quiet > seen
cat seen
cat > expected <<'EOF'
copy: helper run
empty: helper run
other: own run
retain: run
EOF
diff expected seen && echo "as described"
