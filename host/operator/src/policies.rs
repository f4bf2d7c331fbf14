//! `[policy.NAME]` in podhost.toml: whose a policy is, and what of what it asks for it gets. A policy
//! belongs to one account, and gets nothing that is not written here.

use std::collections::{BTreeMap, BTreeSet};

use pod_host::{Digest, Grant, HttpSecret, PolicyFiles, UrlPattern};

use crate::{
    binding::{Binding, Bound},
    error::FieldError,
    fields::{Field, Spot},
    source::Source,
};

/// What is granted to the policy of one name.
#[derive(Debug)]
pub struct PolicyEntry {
    pub name: String,
    /// The account that it acts for.
    pub account: String,
    /// Where the account is named.
    account_spot: Spot,
    /// Where the whole stands.
    spot: Spot,
    grant: Grant,
    /// The policies that it is for.
    bound: Bound,
    /// For merchants' servers.
    secrets: Vec<PolicySecret>,
}

/// A secret for merchants' servers.
#[derive(Debug)]
struct PolicySecret {
    name: String,
    source: Source,
    urls: BTreeSet<UrlPattern>,
}

impl PolicySecret {
    fn of(name: String, field: &Field<'_>) -> Result<Self, FieldError> {
        let spot = field.spot.clone();
        field.table()?.read(|fields| {
            let value = fields.take("value").ok_or_else(|| {
                spot.wrong("`value` is missing: value = { env = \"VARIABLE\" }, for example")
            })?;
            let urls = fields.take("urls").ok_or_else(|| {
                spot.wrong(
                    "`urls` is missing: where the secret may be sent, urls = \
                     [\"https://erp.shop.ir/*\"]",
                )
            })?;
            Ok(Self { name, source: Source::of(&value)?, urls: urls.open()? })
        })
    }
}

impl PolicyEntry {
    pub fn of(name: &str, field: &Field<'_>) -> Result<Self, FieldError> {
        let spot = field.spot.clone();
        if name.is_empty() {
            return Err(spot.wrong("a policy has a name: that of its policy.toml"));
        }
        field.table()?.read(|fields| {
            let account = fields.take("account").ok_or_else(|| {
                spot.wrong("`account` is missing: account = \"NAME\", whose policy it is")
            })?;
            let bound = Bound::of(fields)?;
            let capabilities = fields.take("capabilities").as_ref().map(Field::open);
            let network = fields.take("network").as_ref().map(Field::open);
            let budget = fields.take("budget").as_ref().map(Field::open);
            let secrets = match fields.take("secrets") {
                None => Vec::new(),
                Some(secrets) => secrets.table()?.read(|secrets| {
                    let all = secrets.take_all().into_iter();
                    all.map(|(name, field)| PolicySecret::of(name, &field)).collect()
                })?,
            };
            let mut grant = Grant::of_fields(
                capabilities.transpose()?.unwrap_or_default(),
                network.transpose()?.unwrap_or_default(),
                budget.transpose()?.unwrap_or_default(),
            );
            grant.scope.secrets.extend(secrets.iter().map(|secret| secret.name.clone()));
            Ok(Self {
                name: name.to_owned(),
                account: account.text()?.to_owned(),
                account_spot: account.spot.clone(),
                spot: spot.clone(),
                grant,
                bound,
                secrets,
            })
        })
    }

    /// It belongs to one of these accounts.
    pub fn check_account(&self, accounts: &[&str]) -> Result<(), FieldError> {
        if accounts.contains(&self.account.as_str()) {
            return Ok(());
        }
        let known = match accounts {
            [] => "this file describes none: [account.NAME]".to_owned(),
            accounts => format!("there are `{}`", accounts.join("`, `")),
        };
        Err(self.account_spot.wrong(format!("there is no account `{}`; {known}", self.account)))
    }

    /// It acts for its own account, and for no other.
    pub fn check_acts_for(&self, account: &str) -> Result<(), FieldError> {
        if self.account == account {
            return Ok(());
        }
        Err(self.account_spot.wrong(format!(
            "the policy `{}` belongs to the account `{}`, and cannot act for `{account}`; for that, \
             give a copy of it another name, and grant that one what it needs",
            self.name, self.account
        )))
    }

    /// The secrets for merchants' servers. They are read now.
    pub fn read_secrets(&self) -> Result<BTreeMap<String, HttpSecret>, FieldError> {
        let read = |PolicySecret { name, source, urls }: &PolicySecret| {
            let value = source.read_word()?;
            Ok((name.clone(), HttpSecret { value, urls: urls.clone() }))
        };
        self.secrets.iter().map(read).collect()
    }

    /// Is it for the policy with this digest? `required`: a grant must be bound, unless it says
    /// otherwise.
    pub fn check_digest(
        &self,
        policy: &PolicyFiles,
        found: Digest,
        required: bool,
    ) -> Result<Binding, FieldError> {
        self.bound.check(policy, found, &self.spot, required)
    }

    /// What of what the policy asks for it gets.
    pub fn granted(&self, files: &PolicyFiles) -> Grant {
        self.grant.intersection(&files.asks)
    }
}
