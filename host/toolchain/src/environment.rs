//! What of the caller's environment the compilers get.
//!
//! A crate's build scripts and procedural macros are its author's code, and cargo runs them as this
//! user. They could read whatever the caller's environment holds, such as a token for POD or for a
//! cloud, so a build begins with an empty one. What cargo and rustc need to be found and to reach a
//! registry is put back, name by name; nothing is put back because of how its name looks.

use std::{env, ffi::OsStr, process::Command};

/// What is put back. Neither flags nor wrappers of the compiler are among it: the same crate is the
/// same component, whoever compiles it.
const KEPT: &[&str] = &[
    // The programs, and where they keep their things.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "CARGO",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_AUTO_INSTALL",
    // How they talk.
    "LANG",
    "LC_ALL",
    "TERM",
    "NO_COLOR",
    "CARGO_TERM_COLOR",
    // How much they do at once.
    "CARGO_BUILD_JOBS",
    "MAKEFLAGS",
    "CARGO_MAKEFLAGS",
    // How a registry is reached.
    "CARGO_NET_OFFLINE",
    "CARGO_NET_RETRY",
    "CARGO_NET_GIT_FETCH_WITH_CLI",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY",
    "CARGO_HTTP_TIMEOUT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
];

/// A program with that environment and no other.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
