//! POD's public Python client, unmodified, works against the emulator: it is pointed there by
//! its base URL alone.

use std::{path::PathBuf, process::Command};

use pod_emulator::{Emulator, Options, Scenario};
use podhost_tests::project;

/// The client in a virtual environment of its own, made once.
fn python() -> PathBuf {
    let environment = project("target/python-client");
    let python = environment.join("bin/python");
    let requirements = project("tests/interop/python/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    let installed = environment.join("installed.txt");
    if std::fs::read_to_string(&installed).ok().as_deref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements));
        std::fs::write(installed, wanted).unwrap();
    }
    python
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; tools/setup installs what this test needs")
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{text}\n{errors}");
    text
}

#[tokio::test]
async fn p22_its_whole_flow_goes_through_as_it_is() {
    let scenario = Scenario::from_file(project("tests/interop/python/scenario.json")).unwrap();
    let pod = Emulator::start(Options { scenario, ..Options::default() }).await.unwrap();
    let opening = pod.ledger().await.unwrap();
    let platform = pod.platform_url().to_owned();
    let pay = pod.pay_url().to_owned();
    let flow = tokio::task::spawn_blocking(move || {
        run(Command::new(python()).arg(project("tests/interop/python/flow.py")).args([
            "--platform",
            &platform,
            "--pay",
            &pay,
        ]))
    });
    let printed = flow.await.unwrap();
    let last = printed.lines().last().unwrap_or_default();
    assert!(last.ends_with("passed, 0 failed") && !last.starts_with('0'), "{printed}");

    let ledger = pod.ledger().await.unwrap();
    assert_eq!((ledger.total, &ledger.faults), (0, &Vec::new()));
    assert!(ledger.transactions > opening.transactions, "money moved");
    assert!(ledger.balances.iter().all(|(name, rials)| *rials >= 0 || name == "outside"));
}
