//! Whom is acted for: somebody on a platform that is there already.

use std::{collections::BTreeMap, env};

use pod_host::{Account, HttpSecret, Stated};
use pod_platform::{Client, Credentials, Limits, Platform, Secret};

use crate::{
    account::IdSpots,
    destination::Destination,
    emulator::Emulator,
    error::Error,
    source::word,
    token_owner::{self, Unconfirmed},
};

/// The environment variable with a token to act with, without a podhost.toml; and the name that whoever
/// has it goes by as an account.
pub const TOKEN_VARIABLE: &str = "PODHOST_TOKEN";

/// The name that the caller of a scenario, on an emulator in one's own process, goes by as an account.
pub const SCENARIO_ACCOUNT: &str = "local";

/// Somebody, as the operator describes them, with their secrets; the platform has not been asked yet.
#[derive(Debug)]
pub struct Identity {
    pub(crate) name: String,
    pub(crate) destination: Destination,
    pub(crate) platform: Platform,
    pub(crate) credentials: Credentials,
    pub(crate) business: Option<u64>,
    pub(crate) user: Option<u64>,
    /// Where podhost.toml has these two.
    pub(crate) ids: IdSpots,
    pub(crate) stated: Stated,
    /// For merchants' servers, by policy and by name.
    pub(crate) http_secrets: BTreeMap<String, BTreeMap<String, HttpSecret>>,
}

/// An account to run policies for.
pub struct Connected {
    /// The account.
    pub account: Account,
    /// Why nothing but podhost.toml says whose its token is, if that is so: a person should be told.
    pub unconfirmed: Option<Unconfirmed>,
}

impl Identity {
    /// Whoever has the token in the environment variable [`TOKEN_VARIABLE`], if it is set.
    ///
    /// # Errors
    /// If what stands there is no token.
    pub fn from_environment(destination: &Destination) -> Result<Option<Self>, Error> {
        let Some(token) = env::var_os(TOKEN_VARIABLE) else { return Ok(None) };
        let token = word(&Secret::new(token.to_string_lossy()))
            .map_err(|reason| Error::Token { variable: TOKEN_VARIABLE, reason })?;
        Ok(Some(Self {
            name: TOKEN_VARIABLE.into(),
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

    /// The account's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The platform that it is on.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Goes to the platform. An emulator is asked what no POD service tells; POD is not. Whose the
    /// token is is compared with what podhost.toml states, as far as the platform shows it.
    ///
    /// # Errors
    /// If the token is another business's or user's than is stated, or nobody's; or if the platform
    /// cannot be asked.
    pub async fn connect(self) -> Result<Connected, Error> {
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
        let client = Client::new(platform, Limits::default())?;
        let emulator = match destination.url() {
            Some(url) => Emulator::find(url).await?,
            None => None,
        };
        let mut account = Account::new(name, client, credentials)
            .with_platform(destination.to_string())
            .with_operator_stated(stated);
        account.business = business;
        account.user = user;
        account.http_secrets = http_secrets;
        let Some(emulator) = emulator else {
            let unconfirmed = token_owner::check_shown(&account, &ids).await?;
            return Ok(Connected { account, unconfirmed });
        };
        let token = &account.credentials.token;
        let caller = emulator.caller(token).await?.ok_or_else(|| Error::UnknownToken {
            platform: destination.to_string(),
            account: account.name.clone(),
        })?;
        token_owner::check_told(&account, &caller, &ids)?;
        account.stated = emulator.holdings(token).await?;
        account.business = account.business.or(caller.business_id);
        account.user = account.user.or(Some(caller.user_id));
        account.clock = Some(emulator.clock());
        Ok(Connected { account, unconfirmed: None })
    }
}
