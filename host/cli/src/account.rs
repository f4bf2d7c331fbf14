//! Whom a command acts for: somebody on a platform that is there already, or the caller of a
//! scenario on the emulator in this process.

use std::path::Path;

use anyhow::anyhow;
use pod_emulator::Emulator;
use pod_host::{Account, Digest, PolicyFiles, Stated, journal::RunSummary};
use pod_operator::{
    Acting, Binding, Connected, Destination, Identity, SCENARIO_ACCOUNT, TOKEN_VARIABLE,
};
use pod_platform::{Client, Credentials, Limits, Platform};

use crate::{arguments, exit::Failure, operator, tell, terminal::foreign};

/// Whom a policy acts for, what it may do, and whether that is bound to its digest; none if the
/// command line names neither a platform nor an account. Who has `PODHOST_TOKEN` grants the policy
/// what it asks for, for then there is no operator but whoever runs it.
pub fn acting(
    arguments: &arguments::Acting,
    policy: &PolicyFiles,
    digest: Digest,
) -> Result<Option<Acting>, Failure> {
    let arguments::Acting { platform, account, config } = arguments;
    let (name, config) = (account.as_deref(), config.as_deref());
    match (name, platform) {
        (None, None) => Ok(None),
        (None, Some(destination)) if !destination.is_pod() => {
            if let Some(identity) = Identity::from_environment(destination)? {
                let grant = policy.asks.clone();
                return Ok(Some(Acting { identity, grant, binding: Binding::NoOperator }));
            }
            let operator = operator::find(config)?.ok_or_else(|| {
                Failure::input(anyhow!(
                    "there is nobody to act for on {destination}: put a token into the \
                     environment variable {TOKEN_VARIABLE}, or describe an account in podhost.toml \
                     (docs/podhost-toml.md)"
                ))
            })?;
            Ok(Some(operator.acting(policy, digest, None, Some(destination))?))
        }
        (name, destination) => {
            let operator = operator::read(config)?;
            Ok(Some(operator.acting(policy, digest, name, destination.as_ref())?))
        }
    }
}

/// For whom, and where, a run of the past acts.
pub fn of_run(run: &RunSummary, config: Option<&Path>) -> Result<Identity, Failure> {
    let Some(platform) = &run.platform else {
        return Err(Failure::input(anyhow!(
            "run {} cannot be resumed: its platform ended with the process that it ran in",
            run.run
        )));
    };
    let destination: Destination = platform.parse().map_err(|reason| {
        Failure::platform(anyhow!("run {}: its platform {platform}: {reason}", run.run))
    })?;
    if run.account != TOKEN_VARIABLE {
        let operator = operator::read(config)?;
        return Ok(operator.account_of_run(&run.account, &run.policy, &destination)?);
    }
    Identity::from_environment(&destination)?.ok_or_else(|| {
        Failure::input(anyhow!(
            "run {} acts with the token of the environment variable {TOKEN_VARIABLE}: set it",
            run.run
        ))
    })
}

/// Goes to the platform. Where only podhost.toml says whose the token is, that is told on stderr.
pub async fn connect(identity: Identity) -> Result<Account, Failure> {
    let Connected { account, unconfirmed } = identity.connect().await?;
    if let Some(unconfirmed) = unconfirmed {
        tell!(
            "podhost: that the token of the account `{}` is the business {}'s is what podhost.toml \
             says: {}",
            unconfirmed.account(),
            unconfirmed.business(),
            foreign(unconfirmed.why())
        );
    }
    Ok(account)
}

/// The scenario's caller on a platform in this process.
pub async fn in_process(emulator: &Emulator) -> Result<Account, Failure> {
    let token = emulator.caller_token().ok_or_else(|| {
        let missing = "the scenario has nobody to act for: it needs a business or a user";
        Failure::input(anyhow!(missing))
    })?;
    let client = Client::new(Platform::at(emulator.platform_url()), Limits::default())
        .map_err(Failure::platform)?;
    let credentials = Credentials::token(token.expose());
    let mut account = Account::new(SCENARIO_ACCOUNT, client, credentials)
        .with_clock(emulator.clock())
        .with_stated(stated(emulator).await.map_err(Failure::platform)?);
    account.business = emulator.caller_business();
    account.user = emulator.caller_user();
    Ok(account)
}

/// What the emulator says beyond POD's services. Both write it in the scenario file's names.
async fn stated(emulator: &Emulator) -> anyhow::Result<Stated> {
    match emulator.holdings().await? {
        Some(holdings) => Ok(serde_json::from_value(serde_json::to_value(holdings)?)?),
        None => Ok(Stated::default()),
    }
}
