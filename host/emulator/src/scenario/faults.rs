//! Faults: calls that a scenario lets go wrong.

use std::collections::HashSet;

use pod_platform::{Route, Service, ServiceVisitor, catalogue, visit_services};
use serde::{Deserialize, Serialize};

use super::{
    check::{self, Checked, not_empty, twice},
    locate::Path,
};

/// The service of a fault that can happen to any of them, but for getOtt: it changes nothing, and
/// not every client calls it.
pub const ANY_SERVICE: &str = "*";

/// The longest latency, wait or delay: an hour.
const LONGEST: u64 = 3_600_000;

/// What goes wrong with which calls. The first of a platform's faults that a call meets is the one
/// that happens to it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The service's POD name, or [any](ANY_SERVICE).
    pub service: String,
    /// Of any service: only of those that change something, or of those that do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Which of these calls, from 1, whoever makes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// Instead: how likely it is, at most 1. Drawn from the [seed](super::Scenario::fault_seed), the
    /// service and the number of the service's call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How long its answer, or what becomes of it, takes longer. It may stand alone: then the answer
    /// is late and right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_milliseconds: Option<u64>,
    /// It is refused with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i32>,
    /// It is answered with this status of HTTP and a page that is no envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The connection is closed without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Moment>,
    /// The connection is reset (TCP's RST).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Moment>,
    /// The connection stays open, and silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Moment>,
    /// The call takes effect, and its answer is spoilt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Spoilt>,
    /// Of a code or a status: when it is answered. Absent: before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Moment>,
    /// Of what happens before the call takes effect: it does so all the same, so much later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lands_after_milliseconds: Option<u64>,
    /// How long a silent connection stays open, unless its client closes it. Absent: two minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_milliseconds: Option<u64>,
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Moment {
    /// Before the call takes effect: it never does, unless it lands later.
    Before,
    /// When it has taken effect.
    After,
}

/// Some of all calls.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// Those that change something.
    Mutations,
    /// Those that do not.
    Reads,
}

/// What an answer can turn into on its way.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Spoilt {
    /// A page of HTML, with status 200.
    NotJson,
    /// Bytes that are no HTTP; the connection ends with them.
    NotHttp,
    /// Its first half; the connection ends there.
    Truncated,
    /// Whole, but announced as half as long: the rest lies on the connection.
    WrongLength,
    /// Twice: the second lies on the connection, where the next call's answer is expected.
    Duplicated,
    /// What the same caller's call of the service before this one was to be answered. Without one,
    /// the connection is closed.
    Reordered,
}

impl Fault {
    /// When it happens to a call.
    pub(crate) fn moment(&self) -> Moment {
        let told = self.unanswered.or(self.reset).or(self.timeout).or(self.answered);
        told.unwrap_or(if self.error_code.is_some() || self.http_status.is_some() {
            Moment::Before
        } else {
            Moment::After
        })
    }
}

/// Checks faults, each alone and that no two are of one call.
pub(super) fn check(faults: &[Fault]) -> Checked {
    let services = Services::of_the_contract();
    let mut calls = HashSet::new();
    for (index, one) in faults.iter().enumerate() {
        let here = Path::default().key("faults").index(index);
        which(&here, one, &services)?;
        what(&here, one)?;
        if let Some(call) = one.call
            && !calls.insert((one.service.as_str(), one.only, call))
        {
            return twice(here.key("call"), "fault of", format!("{}'s call {call}", one.service));
        }
    }
    Ok(())
}

/// Which calls it happens to.
fn which(here: &Path, one: &Fault, services: &Services) -> Checked {
    let service = one.service.as_str();
    not_empty(here, "service", service)?;
    if service != ANY_SERVICE && !services.contains(service) {
        return fault(here, "service", format!("no service `{service}` can be called"));
    }
    if service != ANY_SERVICE && one.only.is_some() {
        return fault(here, "only", "that is for any service, `\"*\"`");
    }
    match (one.call, one.probability) {
        (Some(0), None) => fault(here, "call", "calls are counted from 1"),
        (None, Some(probability)) if !(probability > 0.0 && probability <= 1.0) => {
            fault(here, "probability", "it is more than 0 and at most 1")
        }
        (Some(_), None) | (None, Some(_)) => Ok(()),
        _ => check::fault(here.clone(), "either `call` or `probability` is expected".to_owned()),
    }
}

/// What happens to them.
fn what(here: &Path, one: &Fault) -> Checked {
    let kinds = [
        one.error_code.is_some(),
        one.http_status.is_some(),
        one.unanswered.is_some(),
        one.reset.is_some(),
        one.timeout.is_some(),
        one.answer.is_some(),
    ];
    let kinds = kinds.into_iter().filter(|kind| *kind).count();
    if kinds > 1 || (kinds == 0 && one.latency_milliseconds.is_none()) {
        let expected = "one of `errorCode`, `httpStatus`, `unanswered`, `reset`, `timeout` and \
                        `answer` is expected, or `latencyMilliseconds` alone";
        return check::fault(here.clone(), expected.to_owned());
    }
    if one.error_code.is_some_and(|code| code <= 0) {
        return fault(here, "errorCode", "a code of POD's is more than 0");
    }
    if one.http_status.is_some_and(|status| !(400..=599).contains(&status)) {
        return fault(here, "httpStatus", "a status of a failure is between 400 and 599");
    }
    if one.answered.is_some() && one.error_code.is_none() && one.http_status.is_none() {
        return fault(here, "answered", "that is for `errorCode` and `httpStatus`");
    }
    if one.lands_after_milliseconds.is_some() && one.moment() == Moment::After {
        return fault(
            here,
            "landsAfterMilliseconds",
            "that is for what happens \"before\" the call takes effect",
        );
    }
    if one.hold_milliseconds.is_some() && one.timeout.is_none() {
        return fault(here, "holdMilliseconds", "that is for `timeout`");
    }
    for (field, milliseconds) in [
        ("latencyMilliseconds", one.latency_milliseconds),
        ("landsAfterMilliseconds", one.lands_after_milliseconds),
        ("holdMilliseconds", one.hold_milliseconds),
    ] {
        if milliseconds.is_some_and(|milliseconds| milliseconds > LONGEST) {
            return fault(here, field, format!("it is at most {LONGEST}, an hour"));
        }
    }
    Ok(())
}

fn fault(here: &Path, field: &str, reason: impl Into<String>) -> Checked {
    check::fault(here.clone().key(field), reason.into())
}

/// The names of all services that are called; a link is none.
pub(super) struct Services(HashSet<&'static str>);

impl Services {
    pub(super) fn of_the_contract() -> Self {
        let mut services = Self([catalogue::GET_OTT.name].into());
        visit_services(&mut services);
        services
    }

    pub(super) fn contains(&self, service: &str) -> bool {
        self.0.contains(service)
    }
}

impl ServiceVisitor for Services {
    fn visit<S: Service>(&mut self) {
        if !matches!(S::ROW.route, Route::Link { .. }) {
            self.0.insert(S::ROW.name);
        }
    }
}
