//! `podhost emulator`

use pod_emulator::{Emulator, Options, Scenario};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    arguments,
    exit::{Failure, Status},
    terminal,
};

pub async fn serve(arguments: arguments::Emulator) -> Result<Status, Failure> {
    let scenario = match &arguments.scenario {
        Some(file) => Scenario::from_file(file).map_err(Failure::input)?,
        None => Scenario::default(),
    };
    let options =
        Options { listen: arguments.listen, data: arguments.data, scenario, ..Options::default() };
    let emulator = Emulator::start(options).await.map_err(Failure::platform)?;
    let addresses = serde_json::json!({
        "platform": emulator.platform_url(),
        "pay": emulator.pay_url(),
        "file": emulator.file_url(),
    });
    // The first line is a promise to whoever waits for it.
    terminal::json(&addresses)?;

    let mut terminated = signal(SignalKind::terminate()).map_err(Failure::platform)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Failure::platform)?,
        _ = terminated.recv() => {}
    }
    emulator.stop().await.map_err(Failure::platform)?;
    Ok(Status::Done)
}
