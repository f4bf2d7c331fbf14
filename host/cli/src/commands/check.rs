//! `podhost check`: what a policy imports against what it asks for and what it is granted, and what
//! it takes as its input.

mod input;

use std::collections::{BTreeMap, BTreeSet};

use pod_host::{
    Budget, Digest, Error, Grant, Inspection, PAUSE_AFTER, PolicyFiles, World,
    journal::{Journal, Pause},
};
use pod_operator::{Binding, Operator, digest_line, digest_value, suggested_grant};
use pod_platform::Rial;
use serde_json::{Value, json};

use crate::{
    arguments,
    commands::{build, runs::paused},
    exit::{Failure, Status},
    host::prepare_to_look,
    operator, put,
    store::{self, store_folder},
    terminal::{self, Page, Table, foreign},
};

pub async fn check(arguments: arguments::Check) -> Result<Status, Failure> {
    let files = build::find(&arguments.policy, arguments.building)?;
    let digest = files.digest()?;
    let granted = Granted::of(&arguments, &files, digest)?;
    let prepared = prepare_to_look(&arguments.store, &arguments.cache)?;
    let inspection = prepared.inspect(&files).await?;
    let paused = pauses(&arguments, &files, &granted).await?;
    let rows = rows(&files, &inspection, &granted);
    let check = Check { rows, files, digest, inspection, granted, paused };
    let problems = check.problems();
    if arguments.json {
        terminal::json(&check.json(&problems))?;
    } else {
        terminal::print(&check.readable(&problems));
    }
    Ok(if problems.is_empty() { Status::Done } else { Status::Policy })
}

/// What a policy may do, and who says so.
struct Granted {
    /// The account that it acts for, and where the operator says so; none without a podhost.toml.
    operator: Option<(String, String)>,
    /// Does the operator say anything of the policy?
    is_named: bool,
    grant: Grant,
    /// Is the grant bound to the policy as it is? Or what keeps it from running; none without an
    /// operator.
    binding: Option<Result<Binding, String>>,
    /// What the operator states and nobody has confirmed.
    remark: Option<String>,
}

impl Granted {
    fn of(
        arguments: &arguments::Check,
        files: &PolicyFiles,
        digest: Digest,
    ) -> Result<Self, Failure> {
        let (config, name) = (arguments.config.as_deref(), arguments.account.as_deref());
        let operator = match name {
            Some(_) => Some(operator::read(config)?),
            None => operator::find(config)?.filter(Operator::describes_accounts),
        };
        let Some(operator) = operator else {
            let grant = files.asks.clone();
            return Ok(Self { operator: None, is_named: true, grant, binding: None, remark: None });
        };
        let (account, grant) = operator.grant(files, name)?;
        let binding = operator
            .binding(files, digest)
            .map_err(|error| format!("{:#}", Failure::from(error).error));
        let file = operator.path().display().to_string();
        Ok(Self {
            operator: Some((account.to_owned(), file)),
            is_named: grant.is_some(),
            grant: grant.unwrap_or_default(),
            binding: Some(binding),
            remark: operator.business(account).map(|business| {
                format!(
                    "that its token is the business {business}'s is what podhost.toml says: it is \
                     compared with what the platform shows when a run begins"
                )
            }),
        })
    }
}

/// One function, and where it stands.
#[derive(Clone, Copy, Default)]
struct Row {
    /// None: it is a script, whose interpreter imports everything.
    imported: Option<bool>,
    asked: bool,
    granted: bool,
}

fn rows(files: &PolicyFiles, inspection: &Inspection, granted: &Granted) -> BTreeMap<String, Row> {
    let imports = inspection.imports.as_ref();
    let functions: BTreeSet<&String> =
        files.asks.functions.iter().chain(imports.into_iter().flatten()).collect();
    let row = |function: &String| Row {
        imported: imports.map(|imports| imports.contains(function)),
        asked: files.asks.allows(function),
        granted: granted.grant.allows(function),
    };
    functions.into_iter().map(|function| (function.clone(), row(function))).collect()
}

struct Check {
    files: PolicyFiles,
    digest: Digest,
    inspection: Inspection,
    granted: Granted,
    rows: BTreeMap<String, Row>,
    /// Where it is not run any more, because it kept failing.
    paused: Vec<Pause>,
}

/// Where the policy, with just these files, is paused; nowhere, if there is no store yet.
async fn pauses(
    arguments: &arguments::Check,
    files: &PolicyFiles,
    granted: &Granted,
) -> Result<Vec<Pause>, Failure> {
    let journal = match Journal::read_only(&store_folder(arguments.store.store.as_deref())?).await {
        Err(Error::NoStore(_)) => return Ok(Vec::new()),
        journal => journal?,
    };
    store::tell(&journal);
    let mut pauses = journal.pauses(PAUSE_AFTER).await?;
    pauses.retain(|pause| {
        let account = granted.operator.as_ref().map(|(account, _)| account);
        account.is_none_or(|account| *account == pause.account)
            && pause.policy == files.name
            && pause.is_of(files)
    });
    Ok(pauses)
}

impl Check {
    /// What keeps the policy from doing what it was written to do.
    fn problems(&self) -> Vec<String> {
        let Self { granted, rows, .. } = self;
        let mut problems = Vec::new();
        if let (Some((account, file)), false) = (&granted.operator, granted.is_named) {
            let (account, file) = (account.as_str(), foreign(file));
            problems.push(format!(
                "{file} grants it nothing; write into it as much of this as it may do for the \
                 account `{}`:\n\n{}",
                foreign(account),
                terminal::toml(&suggested_grant(&self.files, account))
            ));
        }
        if let Some(Err(reason)) = &granted.binding {
            problems.push(reason.clone());
        }
        for (function, row) in rows {
            if row.imported == Some(true) && !row.asked {
                problems.push(format!(
                    "it imports `{function}` and does not ask for it: policy.toml, [capabilities] \
                     allow = [\"{function}\"]"
                ));
            }
            if row.asked && !row.granted && granted.is_named {
                problems.push(format!(
                    "it asks for `{function}` and is not granted it: podhost.toml, \
                     [policy.NAME.capabilities] allow = [\"{function}\"]"
                ));
            }
        }
        problems
    }

    fn is_decider(&self) -> bool {
        self.inspection.world != World::Policy
    }

    fn json(&self, problems: &[String]) -> Value {
        let Self { files, digest, inspection, granted, rows, paused } = self;
        let functions: Vec<_> = rows
            .iter()
            .map(|(function, row)| {
                json!({
                    "function": function, "imported": row.imported, "asked": row.asked,
                    "granted": row.granted,
                })
            })
            .collect();
        let (asks, grant) = (&files.asks, &granted.grant);
        json!({
            "policy": {
                "name": files.name, "version": files.version, "digest": inspection.digest,
            },
            "digest": digest_value(*digest),
            "bound": granted.binding.as_ref().map(|binding| *binding == Ok(Binding::Bound)),
            "world": inspection.world.name(),
            "script": files.is_script(),
            "account": granted.operator.as_ref().map(|(account, _)| account),
            "paused": paused,
            "functions": functions,
            "wallets": { "asked": asks.scope.wallets, "granted": grant.scope.wallets },
            "guilds": { "asked": asks.scope.guilds, "granted": grant.scope.guilds },
            "issuers": { "asked": asks.scope.issuers, "granted": grant.scope.issuers },
            "network": { "asked": asks.scope.network, "granted": grant.scope.network },
            "private": { "asked": asks.scope.private, "granted": grant.scope.private },
            "secrets": { "asked": asks.scope.secrets, "granted": grant.scope.secrets },
            "repeatable": { "asked": asks.repeatable, "granted": grant.repeatable },
            "budget": { "asked": asks.budget, "granted": grant.budget },
            "input_schema": files.input_schema(),
            "remark": granted.remark,
            "warnings": inspection.warnings.iter().map(|warning| json!({
                "line": warning.place.map(|place| place.line),
                "column": warning.place.map(|place| place.column),
                "message": warning.message,
            })).collect::<Vec<_>>(),
            "problems": problems,
        })
    }

    fn readable(&self, problems: &[String]) -> Page {
        let Self { files, digest, inspection, granted, .. } = self;
        let mut page = Page::default();
        let (name, version) = (foreign(&files.name), foreign(&files.version));
        put!(page, "policy {name} {version}, world {}", inspection.world.name());
        put!(page, "sha256 {}", inspection.digest);
        match &granted.operator {
            Some((account, file)) => {
                put!(page, "acts for the account `{}` of {}", foreign(account), foreign(file));
            }
            None => {
                put!(page, "no podhost.toml: what it asks for is granted, as on the emulator");
            }
        }
        match (self.is_decider(), files.is_script()) {
            (true, _) => put!(
                page,
                "a decider imports nothing but log and clock; the functions are what the host may \
                 call to carry out what it decides"
            ),
            (false, true) => put!(
                page,
                "a script: its interpreter imports everything, and the door denies what is not \
                 granted"
            ),
            (false, false) => {
                put!(page, "log, clock, randomness and what is left of the budget are everybody's");
            }
        }
        match &granted.binding {
            Some(Ok(Binding::Bound)) => put!(page, "its grant is bound to it as it is:"),
            _ => put!(
                page,
                "binds a grant to it as it is, policy.toml included; for [policy.{name}] of \
                 podhost.toml:"
            ),
        }
        page.whole(&digest_line(*digest));
        if let Some(remark) = &granted.remark {
            put!(page, "{}", foreign(remark));
        }
        put!(page);
        page.table(self.functions());
        put!(page);
        page.table(self.limits());
        put!(page);
        match files.input_schema() {
            _ if self.is_decider() => put!(page, "what the world takes as its input is the host's"),
            None => put!(
                page,
                "its input is passed on as it is: policy.toml declares none ([input-schema])"
            ),
            Some(schema) => {
                let fields = input::fields(schema);
                match fields.is_empty() {
                    true => put!(page, "it takes no input"),
                    false => page.table(fields),
                }
            }
        }
        for pause in &self.paused {
            put!(page);
            put!(page, "{}", paused(pause));
        }
        for warning in &inspection.warnings {
            put!(page);
            put!(page, "warning: {}", foreign(warning));
        }
        for problem in problems {
            put!(page);
            // What is suggested is pasted into podhost.toml, line by line.
            problem.lines().for_each(|line| put!(page, "{line}"));
        }
        page
    }

    fn functions(&self) -> Table {
        let mut table = Table::new(["function", "imported", "asked", "granted"]);
        for (function, row) in &self.rows {
            let imported = match row.imported {
                // The host calls for it.
                _ if self.is_decider() => "-",
                None => "?",
                Some(imported) => yes(imported),
            };
            table.row([function.as_str(), imported, yes(row.asked), yes(row.granted)]);
        }
        table
    }

    fn limits(&self) -> Table {
        let (asks, grant) = (&self.files.asks, &self.granted.grant);
        let mut table = Table::new(["limit", "asked", "granted"]);
        for (name, asked, granted) in [
            ("wallets", list(&asks.scope.wallets), list(&grant.scope.wallets)),
            ("guilds", list(&asks.scope.guilds), list(&grant.scope.guilds)),
            ("issuers", list(&asks.scope.issuers), list(&grant.scope.issuers)),
            ("network", all(&asks.scope.network), all(&grant.scope.network)),
            ("private", all(&asks.scope.private), all(&grant.scope.private)),
            ("secrets", all(&asks.scope.secrets), all(&grant.scope.secrets)),
            ("repeatable", all(&asks.repeatable), all(&grant.repeatable)),
        ] {
            table.row([name.to_owned(), asked, granted]);
        }
        let [asked, granted] = [&asks.budget, &grant.budget].map(meters);
        for ((name, asked), (_, granted)) in asked.into_iter().zip(granted) {
            // What all runs share is limited only where somebody says so.
            if name.contains(", per ") && asked == "any" && granted == "any" {
                continue;
            }
            table.row([name.to_owned(), asked, granted]);
        }
        table
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

/// A list that restricts, if it is there.
fn list<T: ToString>(items: &Option<BTreeSet<T>>) -> String {
    items.as_ref().map_or("any".to_owned(), all)
}

fn all<T: ToString>(items: &BTreeSet<T>) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn meters(budget: &Budget) -> Vec<(&'static str, String)> {
    let ceiling = budget.rial_per_payment;
    let or_any = |limit: Option<u64>| limit.map_or("any".to_owned(), |limit| limit.to_string());
    let rials = |limit: Option<Rial>| or_any(limit.map(|limit| limit.0));
    let (day, ever) = (budget.per_day, budget.per_policy);
    vec![
        ("rial", budget.rial.0.to_string()),
        ("rial-per-payment", rials(ceiling)),
        ("rial, per day", rials(day.rial)),
        ("rial, per policy", rials(ever.rial)),
        ("sms", budget.sms.to_string()),
        ("sms, per day", or_any(day.sms)),
        ("sms, per policy", or_any(ever.sms)),
        ("calls", budget.calls.to_string()),
        ("calls, per day", or_any(day.calls)),
        ("calls, per policy", or_any(ever.calls)),
        ("http-calls", budget.http_calls.to_string()),
        ("http-calls, per day", or_any(day.http_calls)),
        ("http-calls, per policy", or_any(ever.http_calls)),
        ("bytes-up", budget.bytes_up.to_string()),
        ("bytes-up, per day", or_any(day.bytes_up)),
        ("bytes-up, per policy", or_any(ever.bytes_up)),
        ("bytes-down", budget.bytes_down.to_string()),
        ("bytes-down, per day", or_any(day.bytes_down)),
        ("bytes-down, per policy", or_any(ever.bytes_down)),
        ("wall", format!("{} ms", budget.wall_ms)),
        ("fuel", budget.fuel.to_string()),
        ("memory", budget.memory_bytes.to_string()),
        ("state", budget.state_bytes.to_string()),
        ("log", budget.log_bytes.to_string()),
        ("concurrent-runs", budget.concurrent_runs.to_string()),
    ]
}
