//! What a grant narrows beyond functions and budget: which wallets, guilds, issuers and URLs a
//! call's arguments may name.

use std::{collections::BTreeSet, fmt::Display};

use pod_platform::{Request, Rule};
use serde::{Deserialize, Serialize};

use super::{network_rule::NetworkRule, url_pattern::plain};

/// Which wallets, guilds, issuers and URLs calls may name. A list that is absent restricts nothing,
/// and an empty one allows nothing; URLs alone are denied unless they are allowed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scope {
    /// Wallets, by their codes. Where a service takes a wallet and none is named, it is
    /// `PODLAND_WALLET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallets: Option<BTreeSet<String>>,
    /// Guilds, by their codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guilds: Option<BTreeSet<String>>,
    /// The businesses, by their ids, whose invoices may be acted on. The host reads whose invoice
    /// it is; one that it cannot read is not acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuers: Option<BTreeSet<u64>>,
    /// URLs that may be asked, or handed to POD or to payers' browsers.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub network: BTreeSet<NetworkRule>,
    /// Hosts of them that may have addresses of a private network or of this machine.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub private: BTreeSet<String>,
    /// Secrets that may be sent to them, by their names in podhost.toml.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// May no payment be made whose amount the host cannot read, whatever the ceiling?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub readable_only: bool,
}

impl Scope {
    /// What both allow.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let urls = |own: &NetworkRule| {
            let both: Vec<_> =
                other.network.iter().filter_map(|other| own.intersection(other)).collect();
            both
        };
        Self {
            wallets: both(&self.wallets, &other.wallets),
            guilds: both(&self.guilds, &other.guilds),
            issuers: both(&self.issuers, &other.issuers),
            network: self.network.iter().flat_map(urls).collect(),
            private: &self.private & &other.private,
            secrets: &self.secrets & &other.secrets,
            readable_only: self.readable_only || other.readable_only,
        }
    }

    /// Why a request is not allowed, as far as its arguments tell; none, if it is.
    pub(crate) fn denies(&self, request: &Request) -> Option<String> {
        let form = &request.form;
        if let Some(wallets) = &self.wallets {
            let is_named = ["wallet", "guildCode"].iter().any(|field| form.get(field).is_some());
            let implied = request.row.wallet.filter(|_| !is_named);
            let mut named = form.values("wallet").chain(implied);
            if let Some(code) = named.find(|code| !wallets.contains(*code)) {
                return Some(not_listed("the wallet", code, "wallets"));
            }
        }
        if let Some(guilds) = &self.guilds
            && let Some(code) = form.values("guildCode").find(|code| !guilds.contains(*code))
        {
            return Some(not_listed("the guild", code, "guilds"));
        }
        let urls = request.row.rules.iter().filter_map(|rule| match rule {
            Rule::Url(field) => Some(*field),
            _ => None,
        });
        let mut urls = urls.flat_map(|field| form.values(field).map(move |text| (field, text)));
        urls.find_map(|(field, text)| self.denies_url(field, text))
    }

    fn denies_url(&self, field: &str, text: &str) -> Option<String> {
        let url = match plain(text) {
            Ok(url) => url,
            Err(reason) => {
                return Some(format!("`{field}`: no URL like this is allowed: {reason}"));
            }
        };
        let mut rules = self.network.iter().filter(|rule| rule.can_be_handed_on());
        if rules.any(|rule| rule.url().matches_url(&url)) {
            return None;
        }
        // What it may hold beyond its path is nobody else's to read.
        let mut bare = url;
        bare.set_query(None);
        Some(format!(
            "`{field}`: {bare} is not granted; both policy.toml, [network] allow = \
             [\"{bare}*\"], and, for an account, podhost.toml, [policy.NAME.network] allow, must \
             allow it"
        ))
    }

    /// Why a URL may not be asked by a method; none, if it may.
    pub(crate) fn denies_http(&self, method: &str, text: &str) -> Option<String> {
        let url = match plain(text) {
            Ok(url) => url,
            Err(reason) => return Some(format!("no URL like this is allowed: {reason}")),
        };
        let mut rules = self.network.iter().filter(|rule| rule.allows(method));
        if rules.any(|rule| rule.url().matches_url(&url)) {
            return None;
        }
        let mut bare = url;
        bare.set_query(None);
        Some(format!(
            "{method} {bare} is not granted; both policy.toml, [network] allow = [\"{method} \
             {bare}*\"], and, for an account, podhost.toml, [policy.NAME.network] allow, must \
             allow it"
        ))
    }

    /// Why what these businesses issued may not be acted on; none, if it may.
    pub(crate) fn denies_issuers(&self, invoice: &str, issuers: &[u64]) -> Option<String> {
        let granted = self.issuers.as_ref()?;
        let issuer = issuers.iter().find(|issuer| !granted.contains(issuer))?;
        Some(format!("{invoice}: {}", not_listed("its issuer, business", issuer, "issuers")))
    }
}

fn not_listed(what: &str, value: impl Display, list: &str) -> String {
    format!(
        "{what} {value} is not granted; it must stand in `{list}` wherever there is such a list: in \
         policy.toml, [capabilities], and in podhost.toml, [policy.NAME.capabilities]"
    )
}

fn both<T: Clone + Ord>(
    one: &Option<BTreeSet<T>>,
    other: &Option<BTreeSet<T>>,
) -> Option<BTreeSet<T>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one & other),
        (one, other) => one.as_ref().or(other.as_ref()).cloned(),
    }
}
