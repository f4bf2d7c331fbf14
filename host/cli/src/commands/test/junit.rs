//! What came of the scenarios, for build servers.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Outcome, Verdict, report::at_its_place};
use crate::difference::Difference;

/// JUnit's XML: a suite by the policy's name, a case for each scenario.
pub fn report(policy: &str, outcomes: &[Outcome]) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(policy);
    for Outcome { scenario, verdict, error, milliseconds } in outcomes {
        let status = match verdict {
            Verdict::AsExpected | Verdict::Written { .. } => TestCaseStatus::success(),
            Verdict::Different { differences } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let place = |found: &Difference| {
                    format!("{}: expected {}, found {}", found.path, found.expected, found.found)
                };
                let why = error.as_ref().map(at_its_place);
                let places: Vec<String> =
                    why.into_iter().chain(differences.iter().map(place)).collect();
                status.set_message(format!("{} differences", differences.len()));
                status.set_description(places.join("\n"));
                status
            }
            Verdict::Missing => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message("nothing is expected of it yet");
                status
            }
            Verdict::Failed { reason } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message(reason.as_str());
                status
            }
        };
        let mut case = TestCase::new(scenario.as_str(), status);
        case.set_classname(policy);
        case.set_time(Duration::from_millis(*milliseconds));
        suite.add_test_case(case);
    }
    let mut report = Report::new("podhost test");
    report.add_test_suite(suite);
    report.to_string()
}
