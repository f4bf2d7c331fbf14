//! Builds the Rhai interpreter, twice: for policies, and for deciders, which get no capability.

use std::{env, fs, path::Path};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let interpreter = root.join("plugins/rhai");
    for input in [
        "wit",
        "host/rules",
        "host/values",
        "sdk-guest",
        "plugins/rhai/src",
        "plugins/rhai/build.rs",
        "plugins/rhai/Cargo.toml",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let build = || -> Result<(), Box<dyn std::error::Error>> {
        let toolchain = pod_toolchain::Toolchain::detect()?;
        for world in ["decider", "policy"] {
            let module = toolchain.compile_interpreter(&interpreter, &[world])?;
            fs::copy(module, Path::new(&out).join(format!("rhai-{world}.wasm")))?;
        }
        Ok(())
    };
    if let Err(error) = build() {
        println!("cargo::error=the Rhai interpreter cannot be built: {error}");
    }
}
