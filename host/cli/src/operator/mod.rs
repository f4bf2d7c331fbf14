//! `podhost.toml`: the operator's accounts, and what policies may do for them. It says where secrets
//! are, and holds none; of an account that is not used, no secret is read. docs/podhost-toml.md
//! describes it.

mod api_keys;
mod bound;
mod decider;
mod fields;
mod policies;
mod source;
mod suggestion;

use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use pod_host::{Digest, Grant, PolicyFiles, SigningKey, Stated};
use pod_platform::{Credentials, without_byte_order_mark};

use crate::{
    account::{self, Identity},
    destination::{self, Destination},
    exit::Failure,
};

use self::{
    api_keys::ApiKeys,
    fields::{Document, Field, Wrong},
    policies::{PolicyEntry, nothing_granted},
    source::Source,
};
pub use self::{
    bound::{Binding, line, written},
    decider::decider,
    fields::Spot,
    source::word,
    suggestion::suggestion,
};

const FILE: &str = "podhost.toml";
/// What makes a folder a policy's.
const MANIFEST: &str = "policy.toml";

/// What accounts of other origins go by.
const TAKEN: [&str; 2] = [account::SCENARIO, account::TOKEN];

/// The operator's file.
#[derive(Debug)]
pub struct Operator {
    path: PathBuf,
    accounts: Vec<Entry>,
    policies: Vec<PolicyEntry>,
    /// Must grants be bound to what they are for?
    require_digest: bool,
    /// Where the key is that signs receipts.
    signing_key: Option<(Spot, Source)>,
    /// Who decides what nobody can prove.
    name: Option<String>,
}

/// An account as it is described.
#[derive(Debug)]
struct Entry {
    name: String,
    spot: Spot,
    destination: Option<Destination>,
    pay_url: Option<String>,
    file_url: Option<String>,
    token: Source,
    api_keys: ApiKeys,
    voucher_hashes: Vec<Source>,
    business: Option<u64>,
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

impl Operator {
    /// Reads the file at `chosen`, or else the first that there is: `podhost.toml` in this folder,
    /// or in podhost's folder among the user's settings.
    pub fn read(chosen: Option<&Path>) -> Result<Self, Failure> {
        Self::find(chosen)?.ok_or_else(|| {
            Failure::input(anyhow!(
                "there is no {FILE}, neither here nor in {}: it describes the accounts to act for \
                 (docs/podhost-toml.md); --config names another file",
                settings().map_or("your settings".into(), |folder| folder.display().to_string())
            ))
        })
    }

    /// Like [`read`](Self::read), if there is a file.
    pub fn find(chosen: Option<&Path>) -> Result<Option<Self>, Failure> {
        let candidates = match chosen {
            Some(path) => vec![path.to_owned()],
            None => [Some(PathBuf::new()), settings()]
                .into_iter()
                .flatten()
                .map(|folder| folder.join(FILE))
                .collect(),
        };
        for path in candidates {
            if chosen.is_none() && path.exists() && path.with_file_name(MANIFEST).exists() {
                return Err(Failure::input(anyhow!(
                    "{} lies in a policy's folder: whoever wrote the policy may have written it, and it \
                     names programs to run and says what policies may do; if it is yours, name it \
                     with --config, or keep it elsewhere",
                    path.display()
                )));
            }
            match std::fs::read_to_string(&path) {
                Ok(text) => return Self::parse(&path, without_byte_order_mark(&text)).map(Some),
                Err(error) if chosen.is_none() && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let error =
                        Err(error).with_context(|| format!("{} cannot be read", path.display()));
                    return error.map_err(Failure::input);
                }
            }
        }
        Ok(None)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(path).map_err(Failure::input)?;
        let mode = metadata.mode() & 0o777;
        let operator = Document { path, text }.read(|fields| {
            if mode & 0o002 != 0 {
                return Err(fields.spot.wrong(format!(
                    "everybody can change it (mode {mode:04o}), and it names programs to run: \
                     chmod o-w"
                )));
            }
            let accounts = match fields.take("account") {
                None => Vec::new(),
                Some(accounts) => accounts.table()?.read(|accounts| {
                    accounts.take_all().iter().map(|(name, field)| Entry::of(name, field)).collect()
                })?,
            };
            let policies: Vec<PolicyEntry> = match fields.take("policy") {
                None => Vec::new(),
                Some(policies) => policies.table()?.read(|policies| {
                    let all = policies.take_all();
                    all.iter().map(|(name, field)| PolicyEntry::of(name, field)).collect()
                })?,
            };
            let require_digest = fields.take("require-digest").as_ref().map(Field::flag);
            let require_digest = require_digest.transpose()?.unwrap_or_default();
            let signing_key = match fields.take("receipts") {
                None => None,
                Some(receipts) => receipts.table()?.read(|receipts| {
                    let key = receipts.take("signing-key");
                    key.map(|key| Ok((key.spot.clone(), Source::of(&key)?))).transpose()
                })?,
            };
            let name = match fields.take("operator") {
                None => None,
                Some(operator) => operator.table()?.read(|operator| {
                    operator.take("name").map(|name| name.text().map(str::to_owned)).transpose()
                })?,
            };
            let names: Vec<&str> =
                accounts.iter().map(|account: &Entry| account.name.as_str()).collect();
            policies.iter().try_for_each(|policy| policy.check_account(&names))?;
            Ok(Self {
                path: path.to_owned(),
                accounts,
                policies,
                require_digest,
                signing_key,
                name,
            })
        })?;
        Ok(operator)
    }

    /// An account, on its own platform or the one that is named. Its secrets are read now.
    pub fn account(
        &self,
        name: &str,
        destination: Option<&Destination>,
    ) -> Result<Identity, Failure> {
        self.entry(Some(name))?.identity(destination)
    }

    /// The account that a run of a policy acts for. Its secrets are read now.
    pub fn account_of_run(
        &self,
        name: &str,
        policy: &str,
        destination: &Destination,
    ) -> Result<Identity, Failure> {
        let identity = self.entry(Some(name))?.identity(Some(destination))?;
        self.with_secrets(identity, policy)
    }

    /// Adds a policy's secrets for merchants' servers.
    fn with_secrets(&self, identity: Identity, policy: &str) -> Result<Identity, Failure> {
        let entry = self.policies.iter().find(|entry| entry.name == policy);
        let Some(entry) = entry.filter(|entry| entry.account == identity.name) else {
            return Ok(identity);
        };
        let http_secrets = [(policy.to_owned(), entry.read_secrets()?)].into();
        Ok(Identity { http_secrets, ..identity })
    }

    /// The account that a policy acts for, on its own platform or the one that is named, what the
    /// policy may do, and whether that is bound to the policy's digest. Its secrets are read now.
    pub fn acting(
        &self,
        policy: &PolicyFiles,
        digest: Digest,
        name: Option<&str>,
        destination: Option<&Destination>,
    ) -> Result<(Identity, Grant, Binding), Failure> {
        let (account, grant) = self.granted(policy, name)?;
        let file = self.path.display().to_string();
        let grant = grant.ok_or_else(|| nothing_granted(&file, policy, &account.name))?;
        let binding = self.binding(policy, digest)?;
        let identity = self.with_secrets(account.identity(destination)?, &policy.name)?;
        Ok((identity, grant, binding))
    }

    /// Is the policy's grant bound to its digest? One that is for another policy is an error.
    pub fn binding(&self, policy: &PolicyFiles, digest: Digest) -> Result<Binding, Failure> {
        match self.policies.iter().find(|entry| entry.name == policy.name) {
            Some(entry) => Ok(entry.check_digest(policy, digest, self.require_digest)?),
            None => Ok(Binding::Unbound),
        }
    }

    /// The name of the account that a policy acts for, and what the policy may do; nothing, if there
    /// is no word of it.
    pub fn grant(
        &self,
        policy: &PolicyFiles,
        name: Option<&str>,
    ) -> Result<(&str, Option<Grant>), Failure> {
        let (account, grant) = self.granted(policy, name)?;
        Ok((&account.name, grant))
    }

    fn granted(
        &self,
        policy: &PolicyFiles,
        name: Option<&str>,
    ) -> Result<(&Entry, Option<Grant>), Failure> {
        let Some(entry) = self.policies.iter().find(|entry| entry.name == policy.name) else {
            return Ok((self.entry(name)?, None));
        };
        let account = self.entry(name.or(Some(&entry.account)))?;
        entry.check_acts_for(&account.name)?;
        Ok((account, Some(entry.granted(policy))))
    }

    /// The business that an account is stated to be.
    pub fn business(&self, account: &str) -> Option<u64> {
        self.accounts.iter().find(|entry| entry.name == account)?.business
    }

    /// Does it describe accounts, rather than a key for receipts alone?
    pub fn describes_accounts(&self) -> bool {
        !self.accounts.is_empty()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that signs receipts, if there is one. It is read now.
    pub fn signing_key(&self) -> Result<Option<SigningKey>, Failure> {
        let Some((spot, source)) = &self.signing_key else { return Ok(None) };
        let key = SigningKey::from_pem(&source.read()?);
        let key = key.map_err(|error| spot.wrong(format!("`receipts.signing-key`: {error}")))?;
        Ok(Some(key))
    }

    fn entry(&self, name: Option<&str>) -> Result<&Entry, Failure> {
        let file = self.path.display();
        let names: Vec<&str> = self.accounts.iter().map(|account| account.name.as_str()).collect();
        let names = names.join("`, `");
        match (name, self.accounts.as_slice()) {
            (_, []) => Err(Failure::input(anyhow!("{file} describes no account: [account.NAME]"))),
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::input(anyhow!(
                "{file} has several accounts; say with --account which of them to act for: \
                 `{names}`"
            ))),
            (Some(name), accounts) => {
                accounts.iter().find(|account| account.name == name).ok_or_else(|| {
                    Failure::input(anyhow!("{file} has no account `{name}`; it has `{names}`"))
                })
            }
        }
    }
}

impl Entry {
    fn of(name: &str, field: &Field<'_>) -> Result<Self, Wrong> {
        let spot = field.spot.clone();
        if name.is_empty() || TAKEN.contains(&name) {
            return Err(spot.wrong("an account cannot have this name"));
        }
        field.table()?.read(|fields| {
            let token = fields.take("token").ok_or_else(|| {
                spot.wrong("`token` is missing: token = { env = \"VARIABLE\" }, for example")
            })?;
            let destination = fields.take("platform").map(|field| {
                field.text()?.parse().map_err(|reason: String| field.spot.wrong(reason))
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
    fn identity(&self, wanted: Option<&Destination>) -> Result<Identity, Failure> {
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
                let missing = "it has no `platform`: write platform = \"production\", or give \
                               --platform";
                return Err(self.spot.wrong(missing).into());
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
fn address(field: Option<Field<'_>>) -> Result<Option<String>, Wrong> {
    let Some(field) = field else { return Ok(None) };
    let url = destination::url(field.text()?).map_err(|reason| field.spot.wrong(reason))?;
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

fn settings() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "podhost")?.config_dir().to_owned())
}
