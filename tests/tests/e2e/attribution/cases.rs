//! What each mutating service is tried with (`tests/attribution/cases.json`): its call, how the
//! objects came to be as they are, and what others may do to them – before it, or in between.

use std::{collections::BTreeSet, fs};

use pod_platform::{Effect, Service, ServiceVisitor, visit_services};
use podhost_tests::project;
use serde::Deserialize;
use serde_json::Value;

use super::town::Call;

/// A call of a mutating service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub function: String,
    pub request: Value,
    /// What happened before, so that the call can be made.
    #[serde(default)]
    pub before: Vec<Call>,
    /// How many rials the call moves from one account to another, if that is what it is for.
    pub moves: Option<u64>,
    /// Can the account not read what it pays?
    #[serde(default)]
    pub unreadable: bool,
    /// What others do to the same objects.
    pub acts: Vec<Act>,
    /// POD's name of the service: the catalogue's.
    #[serde(skip)]
    pub service: &'static str,
}

/// What somebody else does: another party, or the shop's own token outside podhost.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub name: String,
    /// None: the case's own call, with the shop's token.
    calls: Option<Vec<Call>>,
}

impl Act {
    /// Is it what the shop's own token does elsewhere, to the same thing and to the same effect? POD
    /// names accounts as authors, not programs: done in between, it is the account's doing to POD and
    /// to podhost, which cannot tell it from its own call. docs/attribution.md says so.
    pub fn is_of_the_same_author(&self) -> bool {
        let same = ["own token, the same", "own token, as ", "own token, verifies, then closes"];
        same.iter().any(|name| self.name.starts_with(name))
    }
}

impl Case {
    pub fn calls_of(&self, act: &Act) -> Vec<Call> {
        act.calls.clone().unwrap_or_else(|| {
            let (function, request) = (self.function.clone(), self.request.clone());
            vec![Call { r#as: "shop".into(), function, request, save: Default::default() }]
        })
    }
}

/// The mutating services of the catalogue: function and POD's name.
#[derive(Default)]
struct Mutations(Vec<(String, &'static str)>);

impl ServiceVisitor for Mutations {
    fn visit<S: Service>(&mut self) {
        if matches!(S::ROW.effect, Effect::Mutation { .. }) {
            self.0.push((format!("{}.{}", S::INTERFACE, S::FUNCTION), S::ROW.name));
        }
    }
}

/// All cases, of all mutating services.
///
/// # Panics
/// If a mutating service of the catalogue has none.
pub fn cases() -> Vec<Case> {
    let text = fs::read_to_string(project("tests/attribution/cases.json")).expect("the cases");
    let mut cases: Vec<Case> = serde_json::from_str(&text).expect("the cases are well-formed");
    let mut services = Mutations::default();
    visit_services(&mut services);
    for case in &mut cases {
        let found = services.0.iter().find(|(function, _)| *function == case.function);
        case.service = found.unwrap_or_else(|| panic!("{} changes nothing", case.function)).1;
    }
    let tried: BTreeSet<&str> = cases.iter().map(|case| case.service).collect();
    let missing: Vec<&str> =
        services.0.iter().map(|(_, name)| *name).filter(|name| !tried.contains(name)).collect();
    assert!(missing.is_empty(), "mutating services without a case: {missing:?}");
    cases
}
