//! The host that commands run policies on.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pod_host::{Host, Progress};

use crate::{arguments, exit::Failure};

/// Opens the store.
pub async fn open_host(folders: &arguments::Folders) -> Result<Host, Failure> {
    let bars = MultiProgress::new();
    let shown = std::sync::Mutex::new(Vec::<(String, ProgressBar)>::new());
    let terminal = std::io::stderr().is_terminal();
    let mut host = Host::builder().on_progress(move |progress| {
        let mut shown = shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match progress {
            Progress::Compiling(name) if terminal => {
                let style = ProgressStyle::with_template("{spinner} Compiling {msg} {elapsed}");
                let bar = bars.add(ProgressBar::new_spinner().with_message(name.to_owned()));
                if let Ok(style) = style {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(100));
                shown.push((name.to_owned(), bar));
            }
            Progress::Compiling(name) => eprintln!("Compiling {name}"),
            Progress::Compiled(name) => {
                shown.retain(|(known, bar)| {
                    if known == name {
                        bar.finish_and_clear();
                    }
                    known != name
                });
            }
        }
    });
    if let Some(store) = &folders.store {
        host = host.store(store);
    }
    if let Some(cache) = &folders.cache {
        host = host.artefacts(cache);
    }
    Ok(host.build().await?)
}
