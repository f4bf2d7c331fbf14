//! Statements: what the runs in a store did on the platform, line by line, for whoever keeps the books.
//!
//! Effects, doubts and what persons decided are lines of kinds of their own. Every rial that a run used
//! or holds is in exactly one line, and counts for the day on which its call began, as it does for the
//! allowances: so a statement's sums are the fold over the journals, by day as in all.

use std::collections::BTreeMap;

use pod_platform::Rial;
use serde::Serialize;

use super::{
    Journal, RunFilter, RunSummary, StoredEntry,
    effect::{Effect, Named, Proof, Source},
    projection::Projection,
    receipt::Doubt,
};
use crate::error::{Error, told};

/// A clock that was set may have put a run's end before its calls, by so many milliseconds.
const CLOCKS_DIFFER: u64 = 24 * 60 * 60 * 1_000;

/// What a line tells of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// A call took effect.
    Effect,
    /// Nobody knows whether a call took effect: its rials are held.
    Doubt,
    /// A person decided what became of a call in doubt.
    Settlement,
}

impl LineKind {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Effect => "effect",
            Self::Doubt => "doubt",
            Self::Settlement => "settlement",
        }
    }
}

/// A line of a statement. What does not belong to its kind is left out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Line {
    /// What it tells of.
    pub kind: LineKind,
    /// When the call began, in milliseconds since 1970: its rials count for that day.
    pub at: u64,
    /// For whom the run acted.
    pub account: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The policy's name.
    pub policy: String,
    /// The policy's version.
    pub version: String,
    /// The run.
    pub run: String,
    /// The call, counted from 0.
    pub step: u64,
    /// POD's name of the service.
    pub service: String,
    /// The invoice that was paid, reduced or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<u64>,
    /// What it acted on, by POD's names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub object: BTreeMap<String, String>,
    /// What it was paid from.
    #[serde(skip_serializing_if = "Source::is_empty")]
    pub paid_from: Source,
    /// What moved; of a doubt, what is held; of a decision that does not count, nothing.
    pub rials: Rial,
    /// The rials are a ceiling: nobody could read how many they were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_most: bool,
    /// It waits for somebody's confirmation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// POD's reference number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How an effect is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// What was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Why nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<LineDecision>,
}

/// What a person decided of a call in doubt.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LineDecision {
    /// Did it take effect?
    pub happened: bool,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, in the person's words.
    pub note: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// A later decision took its place.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
}

/// What a call has in all kinds of lines.
struct Call {
    at: u64,
    step: u64,
    service: String,
    invoice: Option<u64>,
    object: BTreeMap<String, String>,
    paid_from: Source,
    rials: Rial,
    at_most: bool,
}

impl Line {
    /// What a run's entries come to, in the order of its calls.
    #[must_use]
    pub fn of_run(run: &RunSummary, entries: &[StoredEntry]) -> Vec<Self> {
        let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
        let mut lines: Vec<Self> = Vec::new();
        let effects = projection.effects.iter().filter(|effect| effect.proof != Proof::Settled);
        lines.extend(effects.map(|effect| Self::of_effect(run, effect)));
        lines.extend(projection.doubts().into_iter().map(|doubt| Self::of_doubt(run, doubt)));
        lines.extend(Self::of_decisions(run, &projection));
        // Decisions of one call stay in their order.
        lines.sort_by_key(|line| (line.at, line.step));
        lines
    }

    fn new(kind: LineKind, run: &RunSummary, call: Call) -> Self {
        let Call { at, step, service, invoice, object, paid_from, rials, at_most } = call;
        Self {
            kind,
            at,
            account: run.account.clone(),
            platform: run.platform.clone(),
            policy: run.policy.clone(),
            version: run.version.clone(),
            run: run.run.clone(),
            step,
            service,
            invoice,
            object,
            paid_from,
            rials,
            at_most,
            pending: false,
            reference: None,
            proof: None,
            evidence: None,
            reason: None,
            decision: None,
        }
    }

    fn of_effect(run: &RunSummary, effect: &Effect) -> Self {
        let call = Call {
            at: effect.at,
            step: effect.step,
            service: effect.service.clone(),
            invoice: effect.invoice,
            object: effect.object.clone(),
            paid_from: effect.paid_from.clone(),
            rials: effect.rials,
            at_most: effect.at_most,
        };
        Self {
            pending: effect.pending,
            reference: Some(effect.reference.clone()).filter(|number| !number.is_empty()),
            proof: Some(effect.proof),
            evidence: effect.evidence.clone(),
            ..Self::new(LineKind::Effect, run, call)
        }
    }

    fn of_doubt(run: &RunSummary, doubt: Doubt) -> Self {
        let call = Call {
            at: doubt.since,
            step: doubt.step,
            service: doubt.service,
            invoice: doubt.invoice,
            object: doubt.object,
            paid_from: doubt.paid_from,
            rials: doubt.rials,
            at_most: doubt.at_most,
        };
        Self {
            reference: doubt.reference,
            evidence: doubt.evidence,
            reason: Some(doubt.reason),
            ..Self::new(LineKind::Doubt, run, call)
        }
    }

    fn of_decisions(run: &RunSummary, projection: &Projection) -> Vec<Self> {
        let mut lines = Vec::new();
        for (index, settlement) in projection.settlements.iter().enumerate() {
            let of_step = |step| step == settlement.step;
            let Some(open) = projection.settled().iter().find(|open| of_step(open.intent.step))
            else {
                continue;
            };
            let superseded =
                projection.settlements[index + 1..].iter().any(|later| of_step(later.step));
            let counts = settlement.happened && !superseded;
            let Named { object, paid_from } = Named::of(&open.intent, None);
            let call = Call {
                at: open.intent.at,
                step: settlement.step,
                service: open.intent.service.clone(),
                invoice: open.intent.invoice,
                object,
                paid_from,
                rials: if counts { Rial(open.intent.reserved.rials) } else { Rial::ZERO },
                at_most: counts && open.intent.at_most == Some(true),
            };
            lines.push(Self {
                reference: settlement.reference.clone(),
                evidence: open.outcome.as_ref().and_then(|outcome| outcome.evidence.clone()),
                decision: Some(LineDecision {
                    happened: settlement.happened,
                    by: settlement.by.clone(),
                    note: settlement.note.clone(),
                    at: settlement.at,
                    superseded,
                }),
                ..Self::new(LineKind::Settlement, run, call)
            });
        }
        lines
    }
}

/// Which lines. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct StatementFilter {
    /// Of calls that began then or later, in milliseconds since 1970.
    pub from: Option<u64>,
    /// Of calls that began before that, in milliseconds since 1970.
    pub to: Option<u64>,
    /// For this account.
    pub account: Option<String>,
}

/// What the lines of one kind come to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Sum {
    /// Of this account.
    pub account: String,
    /// On this platform.
    pub platform: String,
    /// The lines' kind.
    pub kind: LineKind,
    /// How many they are.
    pub lines: u64,
    /// What they come to.
    pub rials: Rial,
    /// What of that waits for somebody's confirmation.
    pub pending: Rial,
    /// What of that are ceilings.
    pub at_most: Rial,
}

/// A run whose journal cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Unreadable {
    /// The run.
    pub run: String,
    /// Why.
    pub reason: String,
}

/// How many runs are not in a statement, and why.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct LeftOut {
    /// They paid nothing.
    pub dry_runs: u64,
    /// Their platform ended with the process that they ran in.
    pub in_process: u64,
    /// Their entries were moved to an archive, which is a store of its own.
    pub archived: u64,
}

/// What the runs in a store did.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// Line by line, the oldest call first.
    pub lines: Vec<Line>,
    /// By account, platform and kind.
    pub sums: Vec<Sum>,
    /// The runs that are not in it.
    pub left_out: LeftOut,
    /// The runs that should be in it, and cannot be read.
    pub unreadable: Vec<Unreadable>,
}

impl Statement {
    /// Draws it from a journal, whoever owns its store.
    ///
    /// # Errors
    /// If the index of runs cannot be read, or a sum is more than rials can be.
    pub async fn draw(journal: &Journal, filter: &StatementFilter) -> Result<Self, Error> {
        let runs = RunFilter {
            account: filter.account.clone(),
            before: filter.to.map(|to| to.saturating_add(CLOCKS_DIFFER)),
            not_ended_before: filter.from.map(|from| from.saturating_sub(CLOCKS_DIFFER)),
            ..RunFilter::default()
        };
        let mut lines = Vec::new();
        let (mut left_out, mut unreadable) = (LeftOut::default(), Vec::new());
        for run in journal.runs(&runs).await? {
            if run.dry_run {
                left_out.dry_runs += 1;
            } else if run.platform.is_none() {
                left_out.in_process += 1;
            } else if run.archived.is_some() {
                left_out.archived += 1;
            } else {
                match journal.entries(&run.run).await {
                    Ok(entries) => lines.extend(Line::of_run(&run, &entries)),
                    Err(error) => {
                        let reason = told(&error);
                        unreadable.push(Unreadable { run: run.run, reason });
                    }
                }
            }
        }
        lines.retain(|line| {
            filter.from.is_none_or(|from| line.at >= from)
                && filter.to.is_none_or(|to| line.at < to)
        });
        lines.sort_by(|one, other| one.at.cmp(&other.at).then_with(|| one.run.cmp(&other.run)));
        Ok(Self { sums: sums(&lines)?, lines, left_out, unreadable })
    }
}

/// What lines come to, by account, platform and kind.
///
/// # Errors
/// If a sum is more than rials can be.
pub fn sums(lines: &[Line]) -> Result<Vec<Sum>, Error> {
    let mut sums = BTreeMap::<(&str, &str, LineKind), Sum>::new();
    for line in lines {
        let platform = line.platform.as_deref().unwrap_or_default();
        let sum = sums.entry((&line.account, platform, line.kind)).or_insert_with(|| Sum {
            account: line.account.clone(),
            platform: platform.to_owned(),
            kind: line.kind,
            lines: 0,
            rials: Rial::ZERO,
            pending: Rial::ZERO,
            at_most: Rial::ZERO,
        });
        sum.lines += 1;
        let of = |is_so: bool| if is_so { line.rials } else { Rial::ZERO };
        for (sum, rials) in [
            (&mut sum.rials, line.rials),
            (&mut sum.pending, of(line.pending)),
            (&mut sum.at_most, of(line.at_most)),
        ] {
            *sum = sum.checked_add(rials).ok_or_else(|| {
                Error::Journal(format!(
                    "the {}s of {} come to more than rials can be",
                    line.kind.name(),
                    line.account
                ))
            })?;
        }
    }
    Ok(sums.into_values().collect())
}

/// A call of some run in doubt.
#[derive(Clone, Debug, Serialize)]
pub struct OpenDoubt {
    /// The run.
    pub run: String,
    /// Its policy.
    pub policy: String,
    /// For whom it acts.
    pub account: String,
    /// Where; none: on a platform that ended with its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// How the run stands.
    pub status: String,
    /// The call.
    #[serde(flatten)]
    pub doubt: Doubt,
    /// The run has not ended: it is resumed first, and only then a person decides.
    #[serde(skip)]
    pub is_unfinished: bool,
}

/// All calls in a store of which nobody knows whether they took effect, the oldest first; and the
/// runs that cannot be read.
///
/// # Errors
/// If the index of runs cannot be read.
pub async fn open_doubts(
    journal: &Journal,
    account: Option<&str>,
    policy: Option<&str>,
) -> Result<(Vec<OpenDoubt>, Vec<Unreadable>), Error> {
    let (mut doubts, mut unreadable) = (Vec::new(), Vec::new());
    let owner = journal.owner()?;
    for run in journal.runs_that_may_be_in_doubt(account, policy).await? {
        let entries = match journal.entries(&run.run).await {
            Ok(entries) => entries,
            Err(error) => {
                unreadable.push(Unreadable { run: run.run, reason: told(&error) });
                continue;
            }
        };
        let projection = Projection::of(entries.iter().map(|stored| &stored.entry));
        for (mut doubt, open) in projection.doubts().into_iter().zip(projection.open()) {
            if let (Some(owner), None, None) = (&owner, &projection.finished, &open.outcome) {
                doubt.reason =
                    format!("no answer yet: the store is in use ({owner}), which may be at it");
            }
            doubts.push(OpenDoubt {
                run: run.run.clone(),
                policy: run.policy.clone(),
                account: run.account.clone(),
                platform: run.platform.clone(),
                status: run.status.clone(),
                doubt,
                is_unfinished: projection.finished.is_none(),
            });
        }
    }
    doubts.sort_by_key(|open| open.doubt.since);
    Ok((doubts, unreadable))
}
