//! Faults: calls that a scenario lets go wrong.

use std::collections::HashSet;

use pod_platform::{Route, Service, ServiceVisitor, catalogue, visit_services};
use serde::{Deserialize, Serialize};

use super::{
    check::{Checked, fault, not_empty, twice},
    locate::Path,
};

/// A call that goes wrong, in one of the ways in which calls of POD's do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The service's POD name.
    pub service: String,
    /// Which of the service's calls, from 1, whoever makes them.
    pub call: u64,
    /// It is refused with this code, and has no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i32>,
    /// Instead: the connection is closed without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
}

/// When a connection is closed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unanswered {
    /// Before the call takes effect: it never does.
    Before,
    /// When it has taken effect.
    After,
}

pub(super) fn check(faults: &[Fault]) -> Checked {
    let services = Services::of_the_contract();
    let mut calls = HashSet::new();
    for (index, one) in faults.iter().enumerate() {
        let here = Path::default().key("faults").index(index);
        let service = one.service.as_str();
        not_empty(&here, "service", service)?;
        if !services.0.contains(service) {
            return fault(here.key("service"), format!("no service `{service}` can be called"));
        }
        if one.call == 0 {
            return fault(here.key("call"), "calls are counted from 1".to_owned());
        }
        if !calls.insert((service, one.call)) {
            return twice(here.key("call"), "fault of", format!("{service}'s call {}", one.call));
        }
        match (one.error_code, one.unanswered) {
            (Some(code), None) if code <= 0 => {
                return fault(here.key("errorCode"), "a code of POD's is more than 0".to_owned());
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => {
                return fault(here, "either `errorCode` or `unanswered` is expected".to_owned());
            }
        }
    }
    Ok(())
}

/// The names of all services that are called; a link is none.
struct Services(HashSet<&'static str>);

impl Services {
    fn of_the_contract() -> Self {
        let mut services = Self([catalogue::GET_OTT.name].into());
        visit_services(&mut services);
        services
    }
}

impl ServiceVisitor for Services {
    fn visit<S: Service>(&mut self) {
        if !matches!(S::ROW.route, Route::Link { .. }) {
            self.0.insert(S::ROW.name);
        }
    }
}
