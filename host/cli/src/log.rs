//! What the program says of its own work, on stderr, for whoever asks with `RUST_LOG`.

use anyhow::anyhow;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{exit::Failure, terminal};

/// The variables that say what is logged, the first that is set. The first is this program's own.
const VARIABLES: [&str; 2] = ["PODHOST_LOG", "RUST_LOG"];

/// Begins to log. Without a variable, only errors are.
pub fn begin() -> Result<(), Failure> {
    let set = VARIABLES.iter().find_map(|name| Some((*name, std::env::var_os(name)?)));
    let filter = match set {
        None => EnvFilter::default().add_directive(LevelFilter::ERROR.into()),
        Some((name, text)) => {
            let text =
                text.into_string().map_err(|_| Failure::input(anyhow!("{name} is not UTF-8")))?;
            EnvFilter::builder().parse(&text).map_err(|error| {
                Failure::input(anyhow!(
                    "{name}: `{text}` says not what to log: {error}; write a level, or levels by \
                     module, such as info or pod_host=debug,warn"
                ))
            })?
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| terminal::Events)
        .with_ansi(false)
        .init();
    Ok(())
}
