#!/bin/sh
# Rhai 1.27.0: packages whose `init` fills a module of one's own are searched from end to end at each call.
#
# Version: rhai 1.27.0 (crates.io), default features.
# Input:   the packages that `StandardPackage` is made of, each by the public `Package::init`, in one
#          `Module` that `register_global_module` takes; against an engine that has the same packages
#          through `register_into_engine`. Both call a closure by `map` on 2,000 numbers.
# Guess:   the same speed. Which module a function lies in is looked up by its hash.
# Seen:    the same answers, and the first engine takes more than ten times as long (96 times, in the
#          run before this was committed). `init` leaves the functions in manifests, and only `Package::new` registers
#          them; `register_global_module` does neither, nor warns. A call that no script defines is then
#          looked for by hashing every function of every package in turn, several times per closure.
# Matters: whoever leaves one package out, such as the one with `sleep`, and puts the rest together by
#          hand has scripts that run out of their budget on a list of a few hundred invoices.
#          `def_package!` with the packages as its bases does it right.
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
opt-level = 1
EOF
cat > "$dir/src/main.rs" <<'EOF'
use rhai::{packages::*, Engine, Module};
use std::time::{Duration, Instant};

const SCRIPT: &str = "let l = []; for i in 0..2000 { l.push(i); } l.map(|a| a).len()";

fn time(engine: &Engine) -> Duration {
    let began = Instant::now();
    assert_eq!(engine.eval::<i64>(SCRIPT).unwrap(), 2000);
    began.elapsed()
}

fn main() {
    let mut module = Module::new();
    CorePackage::init(&mut module);
    BitFieldPackage::init(&mut module);
    LogicPackage::init(&mut module);
    BasicMathPackage::init(&mut module);
    BasicArrayPackage::init(&mut module);
    BasicBlobPackage::init(&mut module);
    BasicTimePackage::init(&mut module);
    MoreStringPackage::init(&mut module);
    BasicMapPackage::init(&mut module);
    let mut by_hand = Engine::new_raw();
    by_hand.register_global_module(module.into());
    let mut registered = Engine::new_raw();
    StandardPackage::new().register_into_engine(&mut registered);
    let (by_hand, registered) = (time(&by_hand), time(&registered));
    println!("by hand {by_hand:?}, registered {registered:?}");
    assert!(by_hand > registered * 10, "no longer more than ten times as long");
}
EOF
cd "$dir"
if cargo run --quiet; then
    echo "as seen: a module filled by Package::init is searched from end to end"
else
    echo "changed: rhai 1.27.0 looks functions up at once, or differently" >&2
    exit 1
fi
