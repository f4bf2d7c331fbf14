//! Has the Rhai interpreter ready, as two components: for policies, and for deciders, which get no
//! capability. In podhost's repository they are built from `plugins/rhai`; the package of this crate has
//! them in `interpreter`, so that whoever depends on it needs no compiler for WebAssembly.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

const WORLDS: [&str; 2] = ["decider", "policy"];

fn main() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.join("../..");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let source = root.join("plugins/rhai");
    let made = if source.is_dir() { build(&root, &source, &out) } else { take(own, &out) };
    if let Err(error) = made {
        println!("cargo::error=there is no Rhai interpreter: {error}");
    }
}

fn build(root: &Path, interpreter: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
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
    let toolchain = pod_toolchain::Toolchain::detect()?;
    for world in WORLDS {
        let module = toolchain.compile_interpreter(interpreter, &[world])?;
        fs::copy(module, out.join(file(world)))?;
    }
    Ok(())
}

fn take(own: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    for world in WORLDS {
        let shipped = own.join("interpreter").join(file(world));
        println!("cargo::rerun-if-changed={}", shipped.display());
        fs::copy(&shipped, out.join(file(world)))
            .map_err(|error| format!("{}: {error}", shipped.display()))?;
    }
    Ok(())
}

fn file(world: &str) -> String {
    format!("rhai-{world}.wasm")
}
