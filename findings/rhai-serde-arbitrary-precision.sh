#!/bin/sh
# rhai 1.27.0 with serde_json's feature arbitrary_precision: to_dynamic() turns
# every JSON number into a map with a private key.
#
# Version: rhai 1.27.0 (feature serde), serde_json 1.0.154 (feature
#          arbitrary_precision).  Cargo unites features, so one crate anywhere
#          in the build that asks for the feature switches it on for all.
# Input:   {"rials": 1250000, "rate": 1.5}, valid JSON, as a serde_json::Value
#          through rhai::serde::to_dynamic, and directly as a rhai::Dynamic.
# Guess:   a whole number, or at worst an error.
# Seen:    to_dynamic answers Ok; rials is the map
#          #{"$serde_json::private::Number": "1250000"}.  The script's
#          `rials > 5` is then false and `rials == 1250000` is false: no error.
#          Read directly as Dynamic, the whole number is right and the one with
#          a fraction is such a map.
# Matters: hosts turn on arbitrary_precision to keep 64-bit rials and decimals
#          exact.  Limits compared in a script then never hold, without a word.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat > "$dir/Cargo.toml" <<'EOF'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
rhai = { version = "=1.27.0", features = ["serde"] }
serde_json = { version = "=1.0.154", features = ["arbitrary_precision"] }
[profile.dev]
debug = false
EOF
cat > "$dir/src/main.rs" <<'EOF'
use rhai::{Dynamic, Engine, Scope};
fn main() {
    let text = r#"{"rials": 1250000, "rate": 1.5}"#;
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let direct: Dynamic = serde_json::from_str(text).unwrap();
    let engine = Engine::new();
    for input in [rhai::serde::to_dynamic(value).unwrap(), direct] {
        let mut scope = Scope::new();
        scope.push_dynamic("input", input);
        for script in ["type_of(input.rials)", "input.rials > 5", "input.rials == 1250000", "type_of(input.rate)", "input.rate > 1"] {
            println!("{}", engine.eval_with_scope::<Dynamic>(&mut scope, script).unwrap());
        }
    }
}
EOF
cargo build --quiet --manifest-path "$dir/Cargo.toml"
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='map
false
false
map
false
i64
true
true
map
false'
[ "$seen" = "$want" ] || { echo "changed; seen:"; echo "$seen"; exit 1; }
echo "as described"
