//! Whom a command acts for: somebody on a platform that is there already, or the caller of a
//! scenario on the emulator in this process.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::anyhow;
use pod_emulator::Emulator;
use pod_host::{Account, Digest, Grant, HttpSecret, PolicyFiles, Stated, journal::RunSummary};
use pod_platform::{Client, Credentials, Limits, Platform, Secret};

use crate::{
    arguments,
    destination::Destination,
    exit::Failure,
    local_emulator::LocalEmulator,
    operator::{Binding, IdSpots, Operator, word},
    whose_token,
};

/// The environment variable with a token to act with, without an account; and the name that this
/// goes by.
pub const TOKEN: &str = "PODHOST_TOKEN";

/// The name that a scenario's caller goes by.
pub const SCENARIO: &str = "local";

/// Somebody, as the operator describes them; the platform has not been asked yet.
pub struct Identity {
    /// The account's name.
    pub name: String,
    pub destination: Destination,
    pub platform: Platform,
    pub credentials: Credentials,
    pub business: Option<u64>,
    pub user: Option<u64>,
    /// Where podhost.toml has these two.
    pub ids: IdSpots,
    pub stated: Stated,
    /// For merchants' servers, by policy and by name.
    pub http_secrets: BTreeMap<String, BTreeMap<String, HttpSecret>>,
}

impl Identity {
    /// Whom a policy acts for, what it may do, and whether that is bound to its digest; none if the
    /// command line names neither a platform nor an account. Who has `PODHOST_TOKEN` grants the policy
    /// what it asks for, for then there is no operator but whoever runs it.
    pub fn of(
        acting: &arguments::Acting,
        policy: &PolicyFiles,
        digest: Digest,
    ) -> Result<Option<(Self, Grant, Binding)>, Failure> {
        let arguments::Acting { platform, account, config } = acting;
        let (name, config) = (account.as_deref(), config.as_deref());
        match (name, platform) {
            (None, None) => Ok(None),
            (None, Some(destination @ Destination::At(_))) => {
                if let Some(identity) = Self::of_token(destination)? {
                    return Ok(Some((identity, policy.asks.clone(), Binding::NoOperator)));
                }
                let operator = Operator::find(config)?.ok_or_else(|| {
                    Failure::input(anyhow!(
                        "there is nobody to act for on {destination}: put a token into the \
                         environment variable {TOKEN}, or describe an account in podhost.toml \
                         (docs/podhost-toml.md)"
                    ))
                })?;
                operator.acting(policy, digest, None, Some(destination)).map(Some)
            }
            (name, destination) => {
                Operator::read(config)?.acting(policy, digest, name, destination.as_ref()).map(Some)
            }
        }
    }

    /// For whom, and where, a run of the past acts.
    pub fn of_run(run: &RunSummary, config: Option<&Path>) -> Result<Self, Failure> {
        let Some(platform) = &run.platform else {
            return Err(Failure::input(anyhow!(
                "run {} cannot be resumed: its platform ended with the process that it ran in",
                run.run
            )));
        };
        let destination: Destination = platform.parse().map_err(|reason: String| {
            Failure::platform(anyhow!("run {}: its platform {platform}: {reason}", run.run))
        })?;
        if run.account != TOKEN {
            let operator = Operator::read(config)?;
            return operator.account_of_run(&run.account, &run.policy, &destination);
        }
        Self::of_token(&destination)?.ok_or_else(|| {
            Failure::input(anyhow!(
                "run {} acts with the token of the environment variable {TOKEN}: set it",
                run.run
            ))
        })
    }

    /// Who has `PODHOST_TOKEN`, if it is set.
    fn of_token(destination: &Destination) -> Result<Option<Self>, Failure> {
        let Some(token) = std::env::var_os(TOKEN) else { return Ok(None) };
        let token = Secret::new(token.to_string_lossy());
        let token = word(&token).map_err(|reason| Failure::input(anyhow!("{TOKEN}: {reason}")))?;
        Ok(Some(Self {
            name: TOKEN.into(),
            platform: destination.platform(),
            destination: destination.clone(),
            credentials: Credentials::token(token.expose()),
            business: None,
            user: None,
            ids: IdSpots::default(),
            stated: Stated::default(),
            http_secrets: BTreeMap::new(),
        }))
    }

    /// Goes to the platform. A local one is asked what no POD service tells; POD is not. An account
    /// whose token is another business's than podhost.toml states is refused.
    pub async fn connect(self) -> Result<Account, Failure> {
        let Self {
            name,
            destination,
            platform,
            credentials,
            business,
            user,
            ids,
            stated,
            http_secrets,
        } = self;
        let client = Client::new(platform, Limits::default()).map_err(Failure::input)?;
        let local = match &destination {
            Destination::At(url) => LocalEmulator::find(url).await?,
            Destination::Production | Destination::Sandbox => None,
        };
        let mut account = Account {
            name,
            client,
            credentials: Arc::new(credentials),
            platform: Some(destination.to_string()),
            clock: None,
            business,
            user,
            operator_stated: stated,
            stated: Stated::default(),
            http_secrets,
        };
        let Some(local) = local else {
            whose_token::check_shown(&account, &ids).await?;
            return Ok(account);
        };
        let token = &account.credentials.token;
        let caller = local.caller(token).await?.ok_or_else(|| {
            Failure::input(anyhow!(
                "the emulator {destination} has no business and no user with the token \
                 of the account `{}`",
                account.name
            ))
        })?;
        whose_token::check_told(&account, &caller, &ids)?;
        account.stated = local.holdings(token).await?;
        account.business = account.business.or(caller.business_id);
        account.user = account.user.or(Some(caller.user_id));
        account.clock = Some(local.clock());
        Ok(account)
    }
}

/// The scenario's caller on a platform in this process.
pub async fn in_process(emulator: &Emulator) -> Result<Account, Failure> {
    let token = emulator.caller_token().ok_or_else(|| {
        let missing = "the scenario has nobody to act for: it needs a business or a user";
        Failure::input(anyhow!(missing))
    })?;
    let client = Client::new(Platform::at(emulator.platform_url()), Limits::default())
        .map_err(Failure::platform)?;
    Ok(Account {
        name: SCENARIO.into(),
        client,
        credentials: Arc::new(Credentials::token(token.expose())),
        platform: None,
        clock: Some(emulator.clock()),
        business: emulator.caller_business(),
        user: emulator.caller_user(),
        operator_stated: Stated::default(),
        stated: stated(emulator).await.map_err(Failure::platform)?,
        http_secrets: BTreeMap::new(),
    })
}

/// What the emulator says beyond POD's services. Both write it in the scenario file's names.
async fn stated(emulator: &Emulator) -> anyhow::Result<Stated> {
    match emulator.holdings().await? {
        Some(holdings) => Ok(serde_json::from_value(serde_json::to_value(holdings)?)?),
        None => Ok(Stated::default()),
    }
}
