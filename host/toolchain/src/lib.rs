//! Builds guests: finds a compiler for `wasm32-unknown-unknown`, compiles a crate with it, and
//! turns the core module into a component. No WASI: a component imports our WIT and nothing else.
//!
//! There are two compilers, and [`Toolchain::detect`] takes the first that is there: the ordinary
//! one with its `wasm32-unknown-unknown` target installed by rustup, and, where no target can be
//! downloaded, Debian's `rustc-web` with the standard library's sources (`rust-web-src`), which
//! are then compiled along.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod environment;
mod freshness;
mod post_return;

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A guest's every function entry and call pays for fuel and for the epoch, so fewer functions are
/// faster, for more bytes: how far LLVM goes, whose own threshold is 225. The loan plan decider is
/// faster by 8 % than at 1,000. From 1,800 on, the ordinary allocator gets inlined into whatever
/// allocates, and a policy that takes long lists is slower by half.
const INLINE_POLICY: u32 = 1_600;
/// The interpreter is so large that more than this takes minutes to compile.
const INLINE_INTERPRETER: u32 = 1_000;

pub use freshness::Stale;

/// A guest could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither compiler is installed.
    #[error(
        "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian without rustup's \
         servers `apt-get install --no-install-recommends rustc-web rust-web-src`"
    )]
    NoCompiler,
    /// A program could not be started, or said what cannot be read.
    #[error("`{program}` {problem}")]
    Program {
        /// The program.
        program: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The crate does not compile; the compiler's messages are on stderr.
    #[error("{} does not compile for {TARGET}", .0.display())]
    Compile(PathBuf),
    /// The crate compiles, but not to a module.
    #[error("{} makes no .wasm: its Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`", .0.display())]
    NoModule(PathBuf),
    /// The module is no component in the making.
    #[error("not a guest of podhost: {0}")]
    Componentise(String),
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

/// A compiler for guests.
#[derive(Clone, Debug)]
pub struct Toolchain {
    compiler: Compiler,
    /// Who is told what the compiler says, line by line; nobody: stderr.
    listener: Option<fn(&str)>,
}

#[derive(Clone, Debug)]
enum Compiler {
    /// The ordinary toolchain has the target.
    Ordinary,
    /// Debian's compiler, with the ordinary toolchain's cargo and linker.
    Debian { linker: PathBuf },
}

impl Toolchain {
    /// Finds a compiler on this machine.
    ///
    /// # Errors
    /// [`Error::NoCompiler`] tells how to install one.
    pub fn detect() -> Result<Self, Error> {
        let sysroot = PathBuf::from(output("rustc", &["--print", "sysroot"])?.trim());
        if sysroot.join("lib/rustlib").join(TARGET).is_dir() {
            return Ok(Self { compiler: Compiler::Ordinary, listener: None });
        }
        let about = output("rustc", &["-vV"])?;
        let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
        let sources = Path::new(DEBIAN_RUSTC).is_file()
            && Path::new(output(DEBIAN_RUSTC, &["--print", "sysroot"])?.trim())
                .join("lib/rustlib/src/rust/library/std/Cargo.toml")
                .is_file();
        if sources && linker.is_file() {
            return Ok(Self { compiler: Compiler::Debian { linker }, listener: None });
        }
        Err(Error::NoCompiler)
    }

    /// Whom to tell what cargo and the compiler say, line by line. A crate's own code can write there,
    /// too; without a listener it does so on stderr as it is.
    #[must_use]
    pub fn listener(self, listener: fn(&str)) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// Compiles the interpreter, whose crate is in `folder`, to a core module that is no component yet,
    /// and returns the module's path. Cargo's progress and the compiler's messages go to stderr.
    ///
    /// # Errors
    /// If the crate does not compile, or is no `cdylib`.
    pub fn compile_interpreter(&self, folder: &Path, features: &[&str]) -> Result<PathBuf, Error> {
        self.compile(folder, features, INLINE_INTERPRETER)
    }

    fn compile(&self, folder: &Path, features: &[&str], inline: u32) -> Result<PathBuf, Error> {
        let inline =
            format!("target.{TARGET}.rustflags=['-C', 'llvm-args=-inline-threshold={inline}']");
        let manifest = folder.join("Cargo.toml");
        let mut cargo = self.cargo();
        cargo
            // As a `cdylib` only: a crate that is an `rlib`, too, gets no link-time optimisation.
            .args(["rustc", "--release", "--lib", "--crate-type", "cdylib", "--target", TARGET])
            .args(["--message-format", "json-render-diagnostics"])
            .args(["--config", "profile.release.lto=true"])
            .args(["--config", "profile.release.codegen-units=1"])
            .args(["--config", &inline])
            .arg("--manifest-path")
            .arg(&manifest)
            .arg("--target-dir")
            .arg(target_folder(&manifest)?.join("guest"));
        if !features.is_empty() {
            cargo.args(["--features", &features.join(",")]);
        }
        if matches!(self.compiler, Compiler::Debian { .. }) {
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
        let output = heard(cargo, self.listener).map_err(|error| not_started("cargo", &error))?;
        if !output.status.success() {
            return Err(Error::Compile(folder.to_owned()));
        }
        let built = serde_json::Deserializer::from_slice(&output.stdout)
            .into_iter::<serde_json::Value>()
            .filter_map(Result::ok)
            .filter(|message| message["reason"] == "compiler-artifact")
            .filter_map(|message| {
                let mut files = message["filenames"].as_array()?.iter().filter_map(|f| f.as_str());
                files.find(|file| file.ends_with(".wasm")).map(PathBuf::from)
            })
            .last();
        built.ok_or_else(|| Error::NoModule(folder.to_owned()))
    }

    /// Compiles the crate in `folder` to a component, and writes it to `entry`, whole or not at
    /// all. Returns the component.
    ///
    /// # Errors
    /// If the crate does not compile, or is no guest.
    pub fn build(&self, folder: &Path, entry: &Path) -> Result<Vec<u8>, Error> {
        let path = self.compile(folder, &[], INLINE_POLICY)?;
        let module = fs::read(&path).map_err(|error| Error::File { path: path.clone(), error })?;
        let component = componentise(&module)?;
        let made = target_folder(&folder.join("Cargo.toml"))?;
        // The record first: a component without its own is never taken for what the crate makes.
        freshness::remember(folder, &path, &made, entry, &component)
            .and_then(|()| write_whole(entry, &component))
            .map_err(|error| Error::File { path: entry.to_owned(), error })?;
        Ok(component)
    }

    /// Why the component `entry` is not what the crate in `folder` makes now; none if it is, or if
    /// there is no crate. Nothing of the folder is run.
    #[must_use]
    pub fn stale(folder: &Path, entry: &Path) -> Option<Stale> {
        freshness::stale(folder, entry)
    }

    fn cargo(&self) -> Command {
        let mut cargo = environment::command(cargo());
        // Rhai's hasher draws random numbers when it is compiled; the same guest is the same bytes.
        cargo.env("CONST_RANDOM_SEED", "podhost");
        if let Compiler::Debian { linker } = &self.compiler {
            cargo
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        cargo
    }
}

/// Runs a command to its end, and tells the listener what it says on stderr meanwhile.
fn heard(mut command: Command, listener: Option<fn(&str)>) -> io::Result<Output> {
    command.stdin(Stdio::null());
    let Some(listener) = listener else { return command.stderr(Stdio::inherit()).output() };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take();
    thread::scope(|scope| {
        scope.spawn(move || {
            for line in BufReader::new(said?).split(b'\n') {
                listener(&String::from_utf8_lossy(&line.ok()?));
            }
            Some(())
        });
        child.wait_with_output()
    })
}

/// Writes a file that others may be reading or writing.
fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut partial = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    partial.write_all(bytes)?;
    partial.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    partial.persist(file).map(drop).map_err(|error| error.error)
}

/// Turns a core module that wit-bindgen prepared into a component, for hosts that use an instance
/// for one call.
///
/// # Errors
/// If the module says nothing of a world, or does not keep to it.
pub fn componentise(module: &[u8]) -> Result<Vec<u8>, Error> {
    post_return::without(module)
        .and_then(|module| {
            wit_component::ComponentEncoder::default().validate(true).module(&module)?.encode()
        })
        .map_err(|error| Error::Componentise(format!("{error:#}")))
}

/// The target folder of a crate's workspace. Beside the host's things, its guests share one of it.
fn target_folder(manifest: &Path) -> Result<PathBuf, Error> {
    let manifest = manifest.to_string_lossy();
    let metadata = output(
        cargo(),
        &["metadata", "--no-deps", "--format-version", "1", "--manifest-path", &manifest],
    )?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| Error::Program {
            program: "cargo metadata".into(),
            problem: format!("is unreadable: {error}"),
        })?;
    Ok(metadata["target_directory"].as_str().unwrap_or("target").into())
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn output(program: impl Into<OsString>, arguments: &[&str]) -> Result<String, Error> {
    let program = program.into();
    let name = program.to_string_lossy().into_owned();
    let output = environment::command(&program)
        .args(arguments)
        .output()
        .map_err(|error| not_started(&name, &error))?;
    if !output.status.success() {
        let problem = format!("failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        return Err(Error::Program { program: name, problem });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn not_started(program: &str, error: &io::Error) -> Error {
    Error::Program { program: program.to_owned(), problem: format!("cannot be started: {error}") }
}
