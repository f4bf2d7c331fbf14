//! The host that commands run policies on.

use std::{path::Path, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pod_host::{Host, Progress};

use crate::{
    arguments,
    exit::Failure,
    hold,
    operator::Operator,
    tell,
    terminal::{self, foreign},
};

/// Opens the store. Receipts are signed if the operator's podhost.toml, this one or the first that
/// there is, names a key.
pub async fn open_host(
    folders: &arguments::Folders,
    config: Option<&Path>,
) -> Result<Host, Failure> {
    open_patient_host(folders, config, None).await
}

/// Opens the store, for runs that look into a doubt for so long.
pub async fn open_patient_host(
    folders: &arguments::Folders,
    config: Option<&Path>,
    patience: Option<&arguments::Patience>,
) -> Result<Host, Failure> {
    let bars = MultiProgress::new();
    let shown = std::sync::Mutex::new(Vec::<(String, ProgressBar)>::new());
    let terminal = terminal::is_watched();
    let mut host = Host::builder().on_progress(move |progress| {
        let mut shown = shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match progress {
            Progress::Compiling(name) if terminal => {
                let style = ProgressStyle::with_template("{spinner} Compiling {msg} {elapsed}");
                let message = foreign(name).to_string();
                let bar = bars.add(ProgressBar::new_spinner().with_message(message));
                if let Ok(style) = style {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(100));
                shown.push((name.to_owned(), bar));
            }
            Progress::Compiling(name) => tell!("Compiling {}", foreign(name)),
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
    if let Some(operator) = Operator::find(config)?
        && let Some(key) = operator.signing_key()?
    {
        host = host.signing_key(key);
    }
    if let Some(window) = patience.and_then(|patience| patience.landing_window) {
        host = host.landing_window(window);
    }
    if let Some(on_point) = hold::on_point()? {
        host = host.on_point(on_point);
    }
    Ok(host.build().await?)
}
