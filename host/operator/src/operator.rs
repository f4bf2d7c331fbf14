//! The operator's file as a whole, and what is asked of it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use pod_host::{Digest, Grant, PolicyFiles, SigningKey};
use pod_platform::without_byte_order_mark;

use crate::{
    account::AccountEntry,
    binding::Binding,
    destination::Destination,
    error::Error,
    fields::{Document, Field, Spot},
    identity::Identity,
    policies::PolicyEntry,
    source::Source,
    suggestion::suggested_grant,
};

const FILE: &str = "podhost.toml";
/// What makes a folder a policy's.
const MANIFEST: &str = "policy.toml";

/// The operator's file: accounts, and what policies may do for them. It says where secrets are, and
/// holds none; of an account that is not acted for, no secret is read.
///
/// Reading secrets may read files and run programs, and waits for them: many accounts at once are
/// better acted for from threads that may wait.
#[derive(Debug)]
pub struct Operator {
    path: PathBuf,
    accounts: Vec<AccountEntry>,
    policies: Vec<PolicyEntry>,
    /// Must grants be bound to what they are for?
    require_digest: bool,
    /// Where the key is that signs receipts.
    signing_key: Option<(Spot, Source)>,
    /// Who decides what nobody can prove.
    name: Option<String>,
}

/// Whom a policy acts for, and what it may do.
#[derive(Debug)]
pub struct Acting {
    /// The account.
    pub identity: Identity,
    /// What of what it asks for it may do.
    pub grant: Grant,
    /// Is the grant bound to the policy's digest?
    pub binding: Binding,
}

impl Operator {
    /// Reads the file at `path`, a `podhost.toml` by whatever name.
    ///
    /// # Errors
    /// If it cannot be read, everybody can change it, or a field of it is wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let mode = fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
        Self::parse(path, without_byte_order_mark(&text), mode)
    }

    /// Reads the first that there is: `podhost.toml` in the current folder, or in podhost's folder
    /// among the user's settings. None if there is neither.
    ///
    /// # Errors
    /// Those of [`from_file`](Self::from_file), and [`Error::InPolicyFolder`]: the author of a policy
    /// may have written what lies beside it.
    pub fn find() -> Result<Option<Self>, Error> {
        for folder in [Some(PathBuf::new()), settings_folder()].into_iter().flatten() {
            let path = folder.join(FILE);
            if path.exists() && path.with_file_name(MANIFEST).exists() {
                return Err(Error::InPolicyFolder(path));
            }
            match Self::from_file(&path) {
                Err(Error::Unreadable { source, .. })
                    if source.kind() == io::ErrorKind::NotFound => {}
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    fn parse(path: &Path, text: &str, mode: u32) -> Result<Self, Error> {
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
                    let all = accounts.take_all();
                    all.iter().map(|(name, field)| AccountEntry::of(name, field)).collect()
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
                accounts.iter().map(|account: &AccountEntry| account.name.as_str()).collect();
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
    ///
    /// # Errors
    /// If there is no such account, it is one of another platform, or a secret of it cannot be read.
    pub fn account(
        &self,
        name: &str,
        destination: Option<&Destination>,
    ) -> Result<Identity, Error> {
        self.entry(Some(name))?.identity(destination)
    }

    /// The account that a run of a policy acts for, so that the run can go on. Its secrets are read
    /// now.
    ///
    /// # Errors
    /// Those of [`account`](Self::account), and if a secret of the policy's cannot be read.
    pub fn account_of_run(
        &self,
        name: &str,
        policy: &str,
        destination: &Destination,
    ) -> Result<Identity, Error> {
        self.with_secrets(self.account(name, Some(destination))?, policy)
    }

    /// Adds a policy's secrets for merchants' servers.
    fn with_secrets(&self, identity: Identity, policy: &str) -> Result<Identity, Error> {
        let entry = self.policies.iter().find(|entry| entry.name == policy);
        let Some(entry) = entry.filter(|entry| entry.account == identity.name) else {
            return Ok(identity);
        };
        let http_secrets = [(policy.to_owned(), entry.read_secrets()?)].into();
        Ok(Identity { http_secrets, ..identity })
    }

    /// Whom a policy with this digest acts for, and what it may do: for its own account, which
    /// `account` may only repeat, on the account's own platform or the one that is named. The
    /// account's secrets are read now.
    ///
    /// # Errors
    /// If the policy is granted nothing, belongs to another account, or its grant is for another
    /// digest; and those of [`account`](Self::account).
    pub fn acting(
        &self,
        policy: &PolicyFiles,
        digest: Digest,
        account: Option<&str>,
        destination: Option<&Destination>,
    ) -> Result<Acting, Error> {
        let (account, grant) = self.granted(policy, account)?;
        let grant = grant.ok_or_else(|| Error::NothingGranted {
            path: self.path.clone(),
            policy: policy.name.clone(),
            account: account.name.clone(),
            suggestion: suggested_grant(policy, &account.name),
        })?;
        let binding = self.binding(policy, digest)?;
        let identity = self.with_secrets(account.identity(destination)?, &policy.name)?;
        Ok(Acting { identity, grant, binding })
    }

    /// Is the policy's grant bound to its digest?
    ///
    /// # Errors
    /// If it is for another digest, or is for none and has to be.
    pub fn binding(&self, policy: &PolicyFiles, digest: Digest) -> Result<Binding, Error> {
        match self.policies.iter().find(|entry| entry.name == policy.name) {
            Some(entry) => {
                entry.check_digest(policy, digest, self.require_digest).map_err(Error::Unbound)
            }
            None => Ok(Binding::Unbound),
        }
    }

    /// The name of the account that a policy acts for, and what of what it asks for it may do; none,
    /// if there is no word of it. No secret is read.
    ///
    /// # Errors
    /// If the policy belongs to another account than is named, or nothing tells the account.
    pub fn grant(
        &self,
        policy: &PolicyFiles,
        name: Option<&str>,
    ) -> Result<(&str, Option<Grant>), Error> {
        let (account, grant) = self.granted(policy, name)?;
        Ok((&account.name, grant))
    }

    fn granted(
        &self,
        policy: &PolicyFiles,
        name: Option<&str>,
    ) -> Result<(&AccountEntry, Option<Grant>), Error> {
        let Some(entry) = self.policies.iter().find(|entry| entry.name == policy.name) else {
            return Ok((self.entry(name)?, None));
        };
        let account = self.entry(name.or(Some(&entry.account)))?;
        entry.check_acts_for(&account.name)?;
        Ok((account, Some(entry.granted(policy))))
    }

    /// The business id that an account is stated to have.
    #[must_use]
    pub fn business(&self, account: &str) -> Option<u64> {
        self.accounts.iter().find(|entry| entry.name == account)?.business
    }

    /// Does it describe accounts, rather than a key for receipts alone?
    #[must_use]
    pub fn describes_accounts(&self) -> bool {
        !self.accounts.is_empty()
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who decides what nobody can prove: `name` of `[operator]`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The key that signs receipts, if there is one. It is read now.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn signing_key(&self) -> Result<Option<SigningKey>, Error> {
        let Some((spot, source)) = &self.signing_key else { return Ok(None) };
        let key = SigningKey::from_pem(&source.read()?);
        let key = key.map_err(|error| spot.wrong(error.to_string()))?;
        Ok(Some(key))
    }

    fn entry(&self, name: Option<&str>) -> Result<&AccountEntry, Error> {
        let path = || self.path.clone();
        let names = || self.accounts.iter().map(|account| account.name.clone()).collect();
        match (name, self.accounts.as_slice()) {
            (_, []) => Err(Error::NoAccounts(path())),
            (None, [only]) => Ok(only),
            (None, _) => Err(Error::SeveralAccounts { path: path(), names: names() }),
            (Some(name), accounts) => {
                let account = accounts.iter().find(|account| account.name == name);
                account.ok_or_else(|| Error::NoSuchAccount {
                    path: path(),
                    name: name.to_owned(),
                    names: names(),
                })
            }
        }
    }
}

/// podhost's folder among the user's settings; none for a user without a home.
#[must_use]
pub fn settings_folder() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "podhost")?.config_dir().to_owned())
}
