//! What POD shows of a loan's plan and of its contract, read as what they offer (S4, loanPlanList and
//! loanContractList), with what nobody but the operator tells.

use pod_values::Rial;
use serde_json::{Map, Value};

/// A plan's script, as the emulator writes it: `{"installments":6}`. POD's own are opaque (S4).
#[must_use]
pub fn script(installments: u64) -> String {
    format!("{{\"installments\":{installments}}}")
}

/// How many instalments a plan has: what the operator states, or what its script tells. None, if
/// nobody does, or if it is none at all.
#[must_use]
pub fn installments(stated: Option<u32>, script: Option<&str>) -> Option<u32> {
    let told = || {
        let script: Map<String, Value> = serde_json::from_str(script?).ok()?;
        u32::try_from(script.get("installments")?.as_u64()?).ok()
    };
    stated.or_else(told).filter(|count| *count > 0)
}

/// Can it be chosen? Both the plan and its contract are to be active (S4).
#[must_use]
pub fn is_active(plan: bool, contract: bool) -> bool {
    plan && contract
}

/// So many months may go by before the first instalment. S4's contracts all show
/// `maxBreathingPeriodCount`, as 0; of one that does not, nobody knows that it lets any go by, so it
/// lets none (decided here).
#[must_use]
pub fn most_breathing(shown: Option<u32>) -> u32 {
    shown.unwrap_or(0)
}

/// What a member of a contract may still borrow, as an operator states it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MemberCredit {
    /// The contract.
    pub contract_id: u64,
    /// The member.
    pub user_id: u64,
    /// In rials.
    pub credit: Rial,
}

/// What a customer may still borrow under a contract. None: nobody states any credit. Whoever is not
/// among those that are stated is no member, and may borrow nothing (decided here).
#[must_use]
pub fn customer_credit(
    stated: Option<impl IntoIterator<Item = MemberCredit>>,
    contract_id: u64,
    customer: Option<u64>,
) -> Option<Rial> {
    let own = stated?
        .into_iter()
        .find(|one| one.contract_id == contract_id && Some(one.user_id) == customer);
    Some(own.map_or(Rial::ZERO, |one| one.credit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instalments_are_stated_or_stand_in_the_emulators_script() {
        assert_eq!(installments(None, Some(&script(6))), Some(6));
        assert_eq!(installments(Some(12), Some(&script(6))), Some(12));
        assert_eq!(installments(None, Some(r#"{"name": "a", "installments": 6}"#)), Some(6));
        for opaque in [
            "...",
            "[6]",
            r#"{"installments":0}"#,
            r#"{"installments":"6"}"#,
            r#"{"installments":6.5}"#,
            r#"{"installments":4294967296}"#,
            r#"{"plan":{"installments":6}}"#,
            r#"{"installments":6}}"#,
        ] {
            assert_eq!(installments(None, Some(opaque)), None, "{opaque}");
        }
        assert_eq!(installments(Some(0), Some(&script(6))), None);
        assert_eq!(installments(None, None), None);
    }

    #[test]
    fn a_contract_that_shows_no_breathing_allows_none() {
        assert_eq!(most_breathing(Some(3)), 3);
        assert_eq!(most_breathing(None), 0);
    }

    #[test]
    fn a_customer_who_is_not_stated_may_borrow_nothing() {
        let stated = [MemberCredit { contract_id: 1, user_id: 2, credit: Rial(5) }];
        assert_eq!(customer_credit(Some(stated), 1, Some(2)), Some(Rial(5)));
        assert_eq!(customer_credit(Some(stated), 1, Some(3)), Some(Rial::ZERO));
        assert_eq!(customer_credit(Some(stated), 2, Some(2)), Some(Rial::ZERO));
        assert_eq!(customer_credit(Some(stated), 1, None), Some(Rial::ZERO));
        assert_eq!(customer_credit(None::<[MemberCredit; 0]>, 1, Some(2)), None);
    }
}
