//! `[account.NAME]` in podhost.toml: a merchant's account as its operator describes it.

use std::collections::BTreeMap;

use pod_host::Stated;
use pod_platform::Credentials;

use crate::{
    api_keys::ApiKeys,
    destination::{self, Destination, NotADestination},
    error::{Error, FieldError},
    fields::{Field, Spot},
    identity::{Identity, SCENARIO_ACCOUNT, TOKEN_VARIABLE},
    source::Source,
};

/// What accounts of other origins go by.
const TAKEN: [&str; 2] = [SCENARIO_ACCOUNT, TOKEN_VARIABLE];

/// An account as it is described.
#[derive(Debug)]
pub struct AccountEntry {
    pub name: String,
    spot: Spot,
    destination: Option<Destination>,
    pay_url: Option<String>,
    file_url: Option<String>,
    token: Source,
    api_keys: ApiKeys,
    voucher_hashes: Vec<Source>,
    pub business: Option<u64>,
    user: Option<u64>,
    /// Where they stand.
    ids: IdSpots,
    stated: Stated,
}

/// Where an account's ids on the platform stand in podhost.toml.
#[derive(Clone, Debug, Default)]
pub struct IdSpots {
    pub business: Option<Spot>,
    pub user: Option<Spot>,
}

impl AccountEntry {
    pub fn of(name: &str, field: &Field<'_>) -> Result<Self, FieldError> {
        let spot = field.spot.clone();
        if name.is_empty() || TAKEN.contains(&name) {
            return Err(spot.wrong("an account cannot have this name"));
        }
        field.table()?.read(|fields| {
            let token = fields.take("token").ok_or_else(|| {
                spot.wrong("`token` is missing: token = { env = \"VARIABLE\" }, for example")
            })?;
            let destination = fields.take("platform").map(|field| {
                let destination = field.text()?.parse();
                destination.map_err(|error: NotADestination| field.spot.wrong(error.to_string()))
            });
            let api_keys = fields.take("api-keys");
            let (business, user) = (fields.take("business"), fields.take("user"));
            let stated = fields.take("stated");
            Ok(Self {
                name: name.to_owned(),
                destination: destination.transpose()?,
                pay_url: address(fields.take("pay-url"))?,
                file_url: address(fields.take("file-url"))?,
                token: Source::of(&token)?,
                api_keys: api_keys.as_ref().map(ApiKeys::of).transpose()?.unwrap_or_default(),
                voucher_hashes: match fields.take("voucher-hashes") {
                    None => Vec::new(),
                    Some(hashes) => {
                        hashes.list()?.iter().map(Source::of).collect::<Result<_, _>>()?
                    }
                },
                business: business.as_ref().map(Field::id).transpose()?,
                user: user.as_ref().map(Field::id).transpose()?,
                ids: IdSpots {
                    business: business.map(|field| field.spot),
                    user: user.map(|field| field.spot),
                },
                stated: stated.as_ref().map(Field::open).transpose()?.unwrap_or_default(),
                spot: spot.clone(),
            })
        })
    }

    /// Reads the secrets. A token is for one platform, and goes to no other.
    pub fn identity(&self, wanted: Option<&Destination>) -> Result<Identity, Error> {
        let destination = match (&self.destination, wanted) {
            (Some(own), Some(wanted)) if own != wanted => {
                let elsewhere = format!(
                    "it is an account of {own}, and its token goes nowhere else; for {wanted} \
                     describe another account"
                );
                return Err(self.spot.wrong(elsewhere).into());
            }
            (Some(own), _) => own.clone(),
            (None, Some(wanted)) => wanted.clone(),
            (None, None) => {
                let missing = "it has no `platform`: write platform = \"production\"";
                return Err(Error::NoPlatform(self.spot.wrong(missing)));
            }
        };
        let mut platform = destination.platform();
        platform.pay_url = self.pay_url.clone().unwrap_or(platform.pay_url);
        platform.file_url = self.file_url.clone().unwrap_or(platform.file_url);
        let hashes = self.voucher_hashes.iter().map(Source::read_word);
        Ok(Identity {
            name: self.name.clone(),
            destination,
            platform,
            credentials: Credentials {
                token: self.token.read_word()?,
                api_keys: self.api_keys.read()?,
                voucher_hashes: hashes.collect::<Result<_, _>>()?,
            },
            business: self.business,
            user: self.user,
            ids: self.ids.clone(),
            stated: self.stated.clone(),
            http_secrets: BTreeMap::new(),
        })
    }
}

/// Another address of the platform's.
fn address(field: Option<Field<'_>>) -> Result<Option<String>, FieldError> {
    let Some(field) = field else { return Ok(None) };
    let url = destination::url(field.text()?).map_err(|reason| field.spot.wrong(reason))?;
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}
