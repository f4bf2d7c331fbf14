//! How a grant is written: the tables `[capabilities]`, `[network]` and `[budget]`, alike in
//! policy.toml, which asks, and in podhost.toml, which grants. A mistake is told where it stands.

use std::{collections::BTreeSet, fmt, net::Ipv6Addr, num::NonZeroU32, str::FromStr};

use pod_platform::Rial;
use serde::{Deserialize, Deserializer, de};

use super::{
    Grant,
    budget::{Allowance, Budget, MAX_MEMORY_BYTES},
    functions,
    network_rule::NetworkRule,
    scope::Scope,
    text::from_text,
};

/// The table `[capabilities]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapabilityFields {
    #[serde(default)]
    allow: Vec<Text<Functions>>,
    #[serde(default)]
    repeatable: Vec<Text<Functions>>,
    wallets: Option<Vec<Text<Code>>>,
    guilds: Option<Vec<Text<Code>>>,
    issuers: Option<BTreeSet<u64>>,
}

/// The table `[network]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFields {
    #[serde(default)]
    allow: BTreeSet<NetworkRule>,
    #[serde(default)]
    private: Vec<Text<HostName>>,
    #[serde(default)]
    secrets: Vec<Text<Code>>,
}

/// The table `[budget]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BudgetFields {
    rial: Option<u64>,
    rial_per_payment: Option<u64>,
    sms: Option<u64>,
    calls: Option<u64>,
    bytes_up: Option<u64>,
    bytes_down: Option<u64>,
    wall: Option<Text<Milliseconds>>,
    fuel: Option<u64>,
    memory: Option<Memory>,
    http_calls: Option<u64>,
    state: Option<u64>,
    log: Option<u64>,
    concurrent_runs: Option<NonZeroU32>,
    #[serde(default)]
    per_day: AllowanceFields,
    #[serde(default)]
    per_policy: AllowanceFields,
}

/// The tables `[budget.per-day]` and `[budget.per-policy]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct AllowanceFields {
    rial: Option<u64>,
    sms: Option<u64>,
    calls: Option<u64>,
    http_calls: Option<u64>,
    bytes_up: Option<u64>,
    bytes_down: Option<u64>,
}

impl Grant {
    /// The grant that these tables write.
    #[must_use]
    pub fn of_fields(
        capabilities: CapabilityFields,
        network: NetworkFields,
        budget: BudgetFields,
    ) -> Self {
        let CapabilityFields { allow, repeatable, wallets, guilds, issuers } = capabilities;
        let functions = |names: Vec<Text<Functions>>| {
            names.into_iter().flat_map(|Text(Functions(functions))| functions).collect()
        };
        fn codes<C: FromIterator<String>>(codes: Vec<Text<Code>>) -> C {
            codes.into_iter().map(|Text(Code(code))| code).collect()
        }
        let NetworkFields { allow: network, private, secrets } = network;
        Self {
            functions: functions(allow),
            budget: budget.into(),
            repeatable: functions(repeatable),
            scope: Scope {
                wallets: wallets.map(codes),
                guilds: guilds.map(codes),
                issuers,
                network,
                private: private.into_iter().map(|Text(HostName(host))| host).collect(),
                secrets: codes(secrets),
                readable_only: false,
            },
        }
    }
}

impl From<BudgetFields> for Budget {
    fn from(fields: BudgetFields) -> Self {
        let default = Self::default();
        Self {
            rial: fields.rial.map_or(default.rial, Rial),
            rial_per_payment: fields.rial_per_payment.map(Rial),
            sms: fields.sms.unwrap_or(default.sms),
            calls: fields.calls.unwrap_or(default.calls),
            bytes_up: fields.bytes_up.unwrap_or(default.bytes_up),
            bytes_down: fields.bytes_down.unwrap_or(default.bytes_down),
            wall_ms: fields.wall.map_or(default.wall_ms, |Text(Milliseconds(wall))| wall),
            fuel: fields.fuel.unwrap_or(default.fuel),
            memory_bytes: fields.memory.map_or(default.memory_bytes, |Memory(memory)| memory),
            http_calls: fields.http_calls.unwrap_or(default.http_calls),
            state_bytes: fields.state.unwrap_or(default.state_bytes),
            log_bytes: fields.log.unwrap_or(default.log_bytes),
            concurrent_runs: fields
                .concurrent_runs
                .map_or(default.concurrent_runs, NonZeroU32::get),
            per_day: fields.per_day.into(),
            per_policy: fields.per_policy.into(),
        }
    }
}

impl From<AllowanceFields> for Allowance {
    fn from(fields: AllowanceFields) -> Self {
        let AllowanceFields { rial, sms, calls, http_calls, bytes_up, bytes_down } = fields;
        Self { rial: rial.map(Rial), sms, calls, http_calls, bytes_up, bytes_down }
    }
}

/// A value that is written as a text.
struct Text<T>(T);

impl<'de, T: FromStr<Err = String>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a text").map(Self)
    }
}

/// The functions that one name stands for.
struct Functions(Vec<String>);

impl FromStr for Functions {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let functions = functions(name);
        if functions.is_empty() {
            return Err(format!(
                "there is no function or group `{name}`; a function is named like \
                 `payments.pay-invoice`, a group like `payments`"
            ));
        }
        Ok(Self(functions))
    }
}

/// A server's name or address, as URLs have it.
struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let read = url::Url::parse(&format!("http://{name}/"));
        let host = read.as_ref().ok().and_then(|url| url.host_str());
        let is_v6 = || name.parse::<Ipv6Addr>().is_ok_and(|address| address.to_string() == name);
        // Not written in several ways, and without a port.
        if host != Some(name) && !is_v6() {
            return Err(format!(
                "`{name}`: a host such as `erp.shop.ir` or `10.0.0.7` is expected"
            ));
        }
        Ok(Self(name.to_owned()))
    }
}

/// A wallet's or a guild's code, or a secret's name.
struct Code(String);

impl FromStr for Code {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        if code.is_empty() || code.trim() != code {
            let codes = "a code such as `PODLAND_WALLET` or `FOOD_GUILD`";
            return Err(format!("{codes}, or a secret's name, is expected"));
        }
        Ok(Self(code.to_owned()))
    }
}

struct Milliseconds(u64);

impl FromStr for Milliseconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("must be like \"30s\" or \"2m\", not `{text}`");
        let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        u64::try_from(duration.as_millis()).map(Self).map_err(|_| wrong())
    }
}

/// Bytes of linear memory.
struct Memory(u64);

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl de::Visitor<'_> for Bytes {
            type Value = Memory;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of bytes, at most {MAX_MEMORY_BYTES}")
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Memory, E> {
                match u64::try_from(bytes) {
                    Ok(bytes) if bytes <= MAX_MEMORY_BYTES as u64 => Ok(Memory(bytes)),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(bytes), &self)),
                }
            }
        }

        deserializer.deserialize_u64(Bytes)
    }
}
