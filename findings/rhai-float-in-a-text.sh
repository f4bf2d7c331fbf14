#!/bin/sh
# Rhai 1.27.0: a float of ten million million is written as "1.25e13" in a text,
# and with all its digits in an array of the same script.
#
# Version: rhai 1.27.0 (crates.io), default features.
# Input:   12_500_000_000_000.0 (12.5 million million rials, a wholesaler's
#          quarter) made into text in three ways.
# Guess:   "12500000000000.0" everywhere, as 1250000000000.0 is written.
# Seen:    `${x}`, "" + x and x.to_string() give "1.25e13";
#          [x].to_string() gives "[12500000000000.0]".
# Matters: amounts become floats as soon as a rate is multiplied in or JSON
#          wrote "12500000000000.0".  Descriptions that a customer reads, unique
#          ids and texts that another service parses as digits change their
#          form at about 10^13, a size that no small test scenario reaches.
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
        "let x = 1250000.0; `${x}`",
        "let x = 1250000000000.0; `${x}`",
        "let x = 12500000000000.0; `${x}`",
        "let x = 12500000000000.0; \"\" + x",
        "let x = 12500000000000.0; x.to_string()",
        "let x = 12500000000000.0; [x].to_string()",
        "let x = 12500000000000.0; x.to_int().to_string()",
    ] {
        println!("{}", engine.eval::<String>(script).unwrap());
    }
}
EOF
cargo build --quiet --manifest-path "$dir/Cargo.toml"
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='1250000.0
1250000000000.0
1.25e13
1.25e13
1.25e13
[12500000000000.0]
12500000000000'
[ "$seen" = "$want" ] || { echo "changed; seen:"; echo "$seen"; exit 1; }
echo "as described"
