//! The promise of the policy, against every down payment of every plan: nothing that the
//! constraints allow costs less.

use loan_plan::{Config, select};
use pod_sdk::{
    loan_plan::{InvoiceToFinance, Offer},
    values::Instant,
};
use proptest::prelude::*;

/// 1399/03/13.
const NOW: Instant = Instant(1_591_075_800_000);

fn offer() -> impl Strategy<Value = Offer> {
    let guarantor = prop_oneof![
        Just("LOAN_GUARANTOR_PASARGAD".to_owned()),
        Just("LOAN_GUARANTOR_NO_GUARANTOR".to_owned())
    ];
    (any::<bool>(), 1u32..8, 0u32..12, guarantor, 0u32..4, prop::option::of(0u64..150)).prop_map(
        |(active, installments, quarters, guarantor, breathing, customer_credit)| Offer {
            contract_id: 1,
            contract_name: None,
            plan_id: 0,
            plan_name: None,
            active,
            installments: Some(installments),
            interest_rate: Some(f64::from(quarters) * 2.25),
            guarantor: Some(guarantor),
            max_breathing_period_count: breathing,
            end_date: None,
            customer_credit,
            loan_grantor_ceiling: Some(140),
        },
    )
}

fn constraints() -> impl Strategy<Value = Config> {
    let largest = prop::option::of(1u64..60);
    let down = (0u64..60, 0u64..60, 1u64..8);
    let rest = (prop::option::of(0u32..8), any::<bool>(), 0u32..3, prop::option::of(50u64..200));
    (largest, down, rest).prop_map(
        |(largest_installment, (least, more, step), (most_months, guaranteed, breathing, cost))| {
            Config {
                largest_installment,
                least_down_payment: least,
                most_down_payment: least + more,
                down_payment_step: step,
                most_months,
                guarantors: if guaranteed {
                    vec!["LOAN_GUARANTOR_PASARGAD".into()]
                } else {
                    Vec::new()
                },
                breathing_months: breathing,
                most_total_cost: cost,
            }
        },
    )
}

/// Cost, down payment, instalments and plan: the least of all that is allowed.
fn brute_force(payable: u64, offers: &[Offer], config: &Config) -> Option<(u64, u64, u32, u64)> {
    let mut best = None;
    for offer in offers {
        let installments = offer.installments.unwrap();
        let months = config.breathing_months + installments - 1;
        if !offer.active
            || config.breathing_months > offer.max_breathing_period_count
            || config.most_months.is_some_and(|most| months > most)
            || !(config.guarantors.is_empty()
                || config.guarantors.contains(offer.guarantor.as_ref().unwrap()))
        {
            continue;
        }
        let mut down = config.least_down_payment;
        while down <= config.most_down_payment && down < payable {
            let principal = payable - down;
            let interest = principal * (offer.interest_rate.unwrap() * 100.0) as u64 / 10_000;
            let total = principal + interest;
            let each = total / u64::from(installments);
            let last = total - each * u64::from(installments - 1);
            let allowed = each > 0
                && principal <= offer.customer_credit.unwrap_or(u64::MAX).min(140)
                && last <= config.largest_installment.unwrap_or(u64::MAX)
                && payable + interest <= config.most_total_cost.unwrap_or(u64::MAX);
            let candidate = (payable + interest, down, installments, offer.plan_id);
            if allowed && best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
            down += config.down_payment_step;
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn nothing_that_is_allowed_costs_less(
        payable_amount in 0u64..160,
        offers in prop::collection::vec(offer(), 0..5),
        config in constraints(),
    ) {
        let offers: Vec<Offer> =
            (1..).zip(offers).map(|(plan_id, offer)| Offer { plan_id, ..offer }).collect();
        let invoice = InvoiceToFinance { id: 1, payable_amount, user_id: None, issuer_id: None };
        let selection = select(&invoice, &offers, &config, NOW).unwrap();
        let found = selection.choice.as_ref().map(|choice| {
            (
                choice.total_cost,
                choice.primary_amount,
                u32::try_from(choice.installments.len()).unwrap(),
                choice.plan_id,
            )
        });
        prop_assert_eq!(found, brute_force(payable_amount, &offers, &config));
        // Each plan is chosen, or has lost for a reason.
        let decided = selection.lost.len() + usize::from(selection.choice.is_some());
        prop_assert_eq!(decided, offers.len());
        if let Some(choice) = selection.choice {
            let paid: u64 = choice.installments.iter().map(|part| part.amount).sum();
            prop_assert_eq!(choice.primary_amount + paid, choice.total_cost);
        }
    }
}
