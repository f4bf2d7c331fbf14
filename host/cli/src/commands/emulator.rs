//! `podhost emulator`

use std::sync::Arc;

use pod_emulator::{
    Emulator, Options, Scenario,
    fork::{Account, Known, Origin, Reader},
};
use pod_host::Stated;
use pod_platform::{Clock, Secret};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    account::connect,
    arguments,
    exit::{Failure, Status},
    operator, terminal,
};

pub async fn serve(arguments: arguments::Emulator) -> Result<Status, Failure> {
    let scenario = match &arguments.scenario {
        Some(file) => Scenario::from_file(file).map_err(Failure::input)?,
        None => Scenario::default(),
    };
    let (fork, clock) = match &arguments.fork {
        Some(name) => forked(name, &arguments).await.map(|(fork, clock)| (Some(fork), clock))?,
        None => (None, None),
    };
    let options = Options {
        listen: arguments.listen,
        data: arguments.data,
        scenario,
        clock,
        fork,
        ..Options::default()
    };
    let emulator = Emulator::start(options).await.map_err(Failure::platform)?;
    let mut addresses = serde_json::json!({
        "platform": emulator.platform_url(),
        "pay": emulator.pay_url(),
        "file": emulator.file_url(),
    });
    if let Some(account) = arguments.fork {
        addresses["token"] = account.into();
    }
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

/// An account's platform, to be forked, and the time there, if it is not the system's. The fork is
/// called by the account's name: the real token goes to the real platform only.
async fn forked(
    name: &str,
    arguments: &arguments::Emulator,
) -> Result<(Origin, Option<Arc<dyn Clock>>), Failure> {
    let operator = operator::read(arguments.config.as_deref())?;
    let account = connect(operator.account(name, arguments.platform.as_ref())?).await?;
    let known = known(account.operator_stated, account.stated);
    let reader = Reader { client: account.client, credentials: account.credentials };
    let origin = Origin {
        upstream: Arc::new(reader),
        account: Account {
            token: Secret::new(name),
            business: account.business,
            user: account.user,
            known,
        },
    };
    Ok((origin, account.clock))
}

/// What podhost.toml states of an account, or else its platform does.
fn known(operator: Stated, platform: Stated) -> Known {
    Known::from(Stated {
        wallet: operator.wallet.or(platform.wallet),
        delegations: operator.delegations.or(platform.delegations),
        loan_credits: operator.loan_credits.or(platform.loan_credits),
        loan_plans: operator.loan_plans.or(platform.loan_plans),
    })
}
