//! What an operator would have to write to grant a policy all that it asks for.

use std::fmt::{Display, Write as _};

use pod_host::{Allowance, Budget, PolicyFiles};

/// `[policy.NAME]` and its tables that would grant a policy all that it asks for, for podhost.toml:
/// to be cut down before it is written there.
///
/// What the policy's author chose stands in it as TOML texts on one line; letters that a terminal
/// does not show stay as they are.
#[must_use]
pub fn suggested_grant(files: &PolicyFiles, account: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, files, account);
    text
}

fn write(text: &mut String, files: &PolicyFiles, account: &str) -> std::fmt::Result {
    let asks = &files.asks;
    let table = format!("policy.{}", key(&files.name));
    writeln!(text, "[{table}]\naccount = {}", toml(account))?;

    let scope = &asks.scope;
    writeln!(text, "\n[{table}.capabilities]")?;
    writeln!(text, "allow = {}", texts(&asks.functions))?;
    if !asks.repeatable.is_empty() {
        writeln!(text, "repeatable = {}", texts(&asks.repeatable))?;
    }
    if let Some(wallets) = &scope.wallets {
        writeln!(text, "wallets = {}", texts(wallets))?;
    }
    if let Some(guilds) = &scope.guilds {
        writeln!(text, "guilds = {}", texts(guilds))?;
    }
    if let Some(issuers) = &scope.issuers {
        let issuers: Vec<_> = issuers.iter().map(u64::to_string).collect();
        writeln!(text, "issuers = [{}]", issuers.join(", "))?;
    }
    if !scope.network.is_empty() {
        writeln!(text, "\n[{table}.network]\nallow = {}", texts(&scope.network))?;
        if !scope.private.is_empty() {
            writeln!(text, "private = {}", texts(&scope.private))?;
        }
    }
    for secret in &scope.secrets {
        writeln!(text, "\n[{table}.secrets.{}]", key(secret))?;
        writeln!(text, "value = {{ env = \"VARIABLE\" }}\nurls = [\"https://…\"]")?;
    }

    let (budget, default) = (&asks.budget, Budget::default());
    let mut meters = Vec::new();
    let mut meter = |name: &str, asked: u64, default: u64| {
        if asked != default {
            meters.push(format!("{name} = {asked}"));
        }
    };
    meter("rial", budget.rial.0, default.rial.0);
    if let Some(ceiling) = budget.rial_per_payment {
        meter("rial-per-payment", ceiling.0, u64::MAX);
    }
    meter("sms", budget.sms, default.sms);
    meter("calls", budget.calls, default.calls);
    meter("bytes-up", budget.bytes_up, default.bytes_up);
    meter("bytes-down", budget.bytes_down, default.bytes_down);
    meter("fuel", budget.fuel, default.fuel);
    meter("memory", budget.memory_bytes, default.memory_bytes);
    meter("http-calls", budget.http_calls, default.http_calls);
    meter("state", budget.state_bytes, default.state_bytes);
    meter("log", budget.log_bytes, default.log_bytes);
    let concurrent = [budget.concurrent_runs, default.concurrent_runs].map(u64::from);
    meter("concurrent-runs", concurrent[0], concurrent[1]);
    if budget.wall_ms != default.wall_ms {
        meters.push(format!("wall = \"{}ms\"", budget.wall_ms));
    }
    if !meters.is_empty() {
        writeln!(text, "\n[{table}.budget]\n{}", meters.join("\n"))?;
    }
    for (name, allowance) in [("per-day", budget.per_day), ("per-policy", budget.per_policy)] {
        let Allowance { rial, sms, calls, http_calls, bytes_up, bytes_down } = allowance;
        let limits = [
            ("rial", rial.map(|rial| rial.0)),
            ("sms", sms),
            ("calls", calls),
            ("http-calls", http_calls),
            ("bytes-up", bytes_up),
            ("bytes-down", bytes_down),
        ];
        let limits: Vec<String> = limits
            .iter()
            .filter_map(|(meter, limit)| Some(format!("{meter} = {}", (*limit)?)))
            .collect();
        if !limits.is_empty() {
            writeln!(text, "\n[{table}.budget.{name}]\n{}", limits.join("\n"))?;
        }
    }
    Ok(())
}

fn texts<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| toml(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

/// A text as TOML has it, on one line.
fn toml(text: &str) -> String {
    // JSON's escapes are TOML's, too, but for one letter that JSON allows.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\U0000007F")
}

/// A key: in quotes, unless it is made of letters, digits, `-` and `_`.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) {
        return name.to_owned();
    }
    toml(name)
}
