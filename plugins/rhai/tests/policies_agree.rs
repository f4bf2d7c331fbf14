//! Each decider's script answers what its compiled twin answers, reasons included.

mod common;

use std::cell::Cell;

use common::{LOG, log};
use delegation::Config as DelegationConfig;
use loan_plan::Config as LoanPlanConfig;
use netting::Config as NettingConfig;
use pod_sdk::{
    delegation::{DelegatedCredit, OpenInvoice, SpendingPlan, Wallet},
    loan_plan::{InvoiceToFinance, Offer, Selection},
    log::Level,
    netting::{Credit, Debt, NettingPlan},
    values::Instant,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use rhai_interpreter::{
    Interpreter,
    contract::{self, World},
    convert::{FromScript, IntoScript, Mismatch},
};
use serde_json::{Value, json};

const DAY: u64 = 24 * 60 * 60 * 1_000;
/// 1399/03/13.
const NOW: u64 = 1_591_075_800_000;
/// When that day began.
const MIDNIGHT: u64 = 1_591_039_800_000;

thread_local! {
    /// How often a script asked for the time.
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

/// Outside of wasm there is no host that has a clock: here, the deciders have this one.
fn register(engine: &mut rhai::Engine) {
    (contract::NETTING.register)(engine);
    engine.register_fn("now", || {
        ASKED.set(ASKED.get() + 1);
        NOW.cast_signed()
    });
}

fn script(world: World, source: &str) -> Interpreter {
    let mut interpreter = Interpreter::new(World { register, ..world }, log);
    interpreter.load(world, source).expect("the script is fit");
    interpreter
}

/// The script's answer, the line that it logged, and whether it asked for the time.
fn answer<const N: usize, T: FromScript>(
    script: &Interpreter,
    arguments: [Result<rhai::Dynamic, Mismatch>; N],
) -> (T, String, bool) {
    LOG.take();
    ASKED.set(0);
    let answer = script.call(arguments).expect("the script answers");
    let mut lines = LOG.take();
    assert_eq!(lines.len(), 1);
    let (level, line) = lines.remove(0);
    assert_eq!(level, Level::Info);
    assert!(ASKED.get() < 2);
    (answer, line, ASKED.get() == 1)
}

/// A configuration of these settings, of which any may be left out.
fn settings<const N: usize>(
    settings: [(&'static str, BoxedStrategy<Value>); N],
) -> impl Strategy<Value = Value> {
    let settings = settings.map(|(name, value)| {
        prop::option::of(value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    });
    Vec::from(settings).prop_map(|settings| Value::Object(settings.into_iter().flatten().collect()))
}

fn value<T: Into<Value> + std::fmt::Debug + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Value> {
    strategy.prop_map(Into::into).boxed()
}

/// Few different amounts, so that many are equal, or many.
fn rials() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..12, 0u64..12, 0u64..1_000_000_000_000]
}

/// Days around now, some to the millisecond.
fn instant() -> impl Strategy<Value = Option<u64>> {
    let days = (-3i64..70, -1i64..2);
    let instant = days.prop_map(|(days, more)| {
        NOW.checked_add_signed(more - days * DAY.cast_signed()).expect("it is about now")
    });
    prop::option::weighted(0.8, instant)
}

fn netting_settings() -> impl Strategy<Value = Value> {
    let percents = prop::collection::btree_map("(|[1-4])", 0u64..300, 0..4);
    settings([
        ("days-to-pay", value(0u64..40)),
        ("overdue-percent-per-day", value(0u64..20)),
        ("issuer-percent", value(percents.prop_map(|percents| json!(percents)))),
        ("keep-out-issuers", value(prop::collection::vec(1u64..5, 0..2))),
        ("keep-out-customers", value(prop::collection::vec(1u64..9, 0..3))),
        ("keep-out-younger-than-days", value(prop::option::of(0u64..9))),
        ("keep-out-older-than-days", value(prop::option::of(20u64..70))),
        ("keep-out-below", value(prop::option::of(0u64..9))),
        ("keep-out-above", value(prop::option::of(5u64..500_000_000_000))),
    ])
}

fn debts(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Debt>> {
    let debt = (rials(), prop::option::of(1u64..5), instant());
    prop::collection::vec(debt, count).prop_map(|debts| {
        (1..)
            .zip(debts)
            .map(|(id, (payable_amount, issuer_id, issuance_date))| Debt {
                id,
                payable_amount,
                issuer_id,
                issuance_date,
            })
            .collect()
    })
}

fn credits(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Credit>> {
    let credit = (rials(), prop::option::of(1u64..5), prop::option::of(1u64..9), instant());
    prop::collection::vec(credit, count).prop_map(|credits| {
        (1_001..)
            .zip(credits)
            .map(|(id, (payable_amount, issuer_id, user_id, payment_date))| Credit {
                id,
                payable_amount,
                issuer_id,
                user_id,
                payment_date,
            })
            .collect()
    })
}

fn netting_agrees(
    script: &Interpreter,
    debts: Vec<Debt>,
    credits: Vec<Credit>,
    settings: Value,
) -> TestCaseResult {
    let config: NettingConfig = serde_json::from_value(settings.clone()).unwrap();
    let compiled = netting::plan(&debts, &credits, &config, NOW).unwrap();
    let expected_line = format!(
        "{} of {} debts settled, {} of {} credits kept out",
        compiled.pairs.len(),
        debts.len(),
        compiled.kept_out.len(),
        credits.len()
    );
    let arguments = [debts.into_script(), credits.into_script(), settings.into_script()];
    let (plan, line, asked): (NettingPlan, _, _) = answer(script, arguments);
    prop_assert_eq!(plan, compiled);
    prop_assert_eq!(line, expected_line);
    prop_assert_eq!(asked, config.needs_clock());
    Ok(())
}

#[test]
fn the_netting_script_answers_what_the_compiled_policy_answers() {
    let script = script(contract::NETTING, include_str!("../../netting/netting.rhai"));
    proptest!(ProptestConfig::with_cases(2_000), |(
        debts in debts(0..25),
        credits in credits(0..25),
        settings in netting_settings(),
    )| netting_agrees(&script, debts, credits, settings)?);
    proptest!(ProptestConfig::with_cases(4), |(
        debts in debts(2_000..2_001),
        credits in credits(2_000..2_001),
        settings in netting_settings(),
    )| netting_agrees(&script, debts, credits, settings)?);
}

/// No guild, one without a name, one that has no invoices, and others.
fn guild(names: &'static str) -> impl Strategy<Value = Option<String>> {
    prop::option::of(names.prop_map(|name| format!("{name}_GUILD").replace("NO_GUILD", "")))
}

fn invoices(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<OpenInvoice>> {
    let invoice = (rials(), guild("NO|FOOD|HEALTH|TOY|BOOK"));
    prop::collection::vec(invoice, count).prop_map(|invoices| {
        (1..)
            .zip(invoices)
            .map(|(id, (payable_amount, guild_code))| OpenInvoice {
                id,
                payable_amount,
                guild_code,
                issuer_id: None,
                issuance_date: None,
            })
            .collect()
    })
}

fn delegations(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<DelegatedCredit>> {
    // Over before now, at exactly now, after it, or never.
    let expires_at = prop::option::weighted(0.7, NOW - 1..NOW + 5);
    let credit = (rials(), guild("NO|FOOD|HEALTH|TOY|CAR"), expires_at);
    prop::collection::vec(credit, count).prop_map(|credits| {
        (0..)
            .zip(credits)
            .map(|(index, (remaining_amount, guild_code, expires_at))| DelegatedCredit {
                delegator_id: 100 + index % 3,
                hash: format!("d{index}"),
                remaining_amount,
                guild_code,
                expires_at,
            })
            .collect()
    })
}

fn wallets() -> impl Strategy<Value = Vec<Wallet>> {
    let wallet = ("PODLAND_WALLET|GIFT_WALLET", rials());
    prop::collection::vec(wallet, 0..3).prop_map(|wallets| {
        wallets.into_iter().map(|(code, balance)| Wallet { code, balance }).collect()
    })
}

fn delegation_settings() -> impl Strategy<Value = Value> {
    settings([
        ("use-wallet", value("last-resort|never")),
        ("wallet-code", value("PODLAND_WALLET|GIFT_WALLET")),
        ("wallet-floor", value(0u64..9)),
    ])
}

fn delegation_agrees(
    script: &Interpreter,
    invoices: Vec<OpenInvoice>,
    delegations: Vec<DelegatedCredit>,
    wallets: Vec<Wallet>,
    settings: Value,
) -> TestCaseResult {
    let config: DelegationConfig = serde_json::from_value(settings.clone()).unwrap();
    let compiled = delegation::order(&invoices, &delegations, &wallets, &config, NOW).unwrap();
    let expected_line =
        format!("{} of {} invoices can be paid in full", compiled.payments.len(), invoices.len());
    let needs_clock = delegations.iter().any(|credit| credit.expires_at.is_some());
    let arguments = [
        invoices.into_script(),
        delegations.into_script(),
        wallets.into_script(),
        settings.into_script(),
    ];
    let (plan, line, asked): (SpendingPlan, _, _) = answer(script, arguments);
    prop_assert_eq!(plan, compiled);
    prop_assert_eq!(line, expected_line);
    prop_assert_eq!(asked, needs_clock);
    Ok(())
}

#[test]
fn the_delegation_script_answers_what_the_compiled_policy_answers() {
    let script = script(contract::DELEGATION, include_str!("../../delegation/delegation.rhai"));
    proptest!(ProptestConfig::with_cases(3_000), |(
        invoices in invoices(0..20),
        delegations in delegations(0..15),
        wallets in wallets(),
        settings in delegation_settings(),
    )| delegation_agrees(&script, invoices, delegations, wallets, settings)?);
    proptest!(ProptestConfig::with_cases(4), |(
        invoices in invoices(2_000..2_001),
        delegations in delegations(300..301),
        wallets in wallets(),
        settings in delegation_settings(),
    )| delegation_agrees(&script, invoices, delegations, wallets, settings)?);
}

const GUARANTORS: &str = "LOAN_GUARANTOR_(PASARGAD|NO_GUARANTOR|OTHER)";

fn interest_rate() -> impl Strategy<Value = f64> {
    let hundredths = (0u32..4_000).prop_map(|hundredths| f64::from(hundredths) / 100.0);
    prop_oneof![3 => (0u32..16).prop_map(|quarters| f64::from(quarters) * 2.25), 1 => hundredths]
}

/// The amounts are below `most`, or a few times that.
fn offers(most: u64, count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Offer>> {
    let names = (prop::bool::weighted(0.9), prop::option::weighted(0.9, GUARANTORS));
    let terms = (
        prop::option::weighted(0.95, 1u32..9),
        prop::option::weighted(0.95, interest_rate()),
        0u32..4,
        prop_oneof![instant(), prop::option::of(MIDNIGHT - 1..MIDNIGHT + 2)],
    );
    let limits = (prop::option::of(0..most), prop::option::of(0..most * 2));
    prop::collection::vec((names, terms, limits), count).prop_map(|offers| {
        // Each pair of numbers once, in no order: the plans of different contracts share theirs.
        let numbers = (0..12).map(|index| (index * 7) % 12);
        let offers = numbers.zip(offers);
        offers
            .map(|(number, ((active, guarantor), terms, limits))| Offer {
                contract_id: number % 3,
                contract_name: None,
                plan_id: number / 3,
                plan_name: None,
                active,
                installments: terms.0,
                interest_rate: terms.1,
                guarantor,
                max_breathing_period_count: terms.2,
                end_date: terms.3,
                customer_credit: limits.0,
                loan_grantor_ceiling: limits.1,
            })
            .collect()
    })
}

fn loan_plan_settings(most: u64) -> impl Strategy<Value = Value> {
    let guarantors = prop::collection::vec(GUARANTORS, 0..3);
    settings([
        ("largest-installment", value(prop::option::of(0..most / 2))),
        ("least-down-payment", value(0..most / 2)),
        ("most-down-payment", value(0..most)),
        ("down-payment-step", value(1..most / 8 + 2)),
        ("most-months", value(prop::option::of(0u64..10))),
        ("guarantors", value(guarantors)),
        ("breathing-months", value(0u64..3)),
        ("most-total-cost", value(prop::option::of(0..most * 2))),
    ])
}

/// An invoice, offers and settings whose amounts are about as large as one another.
fn financing(
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = (InvoiceToFinance, Vec<Offer>, Value)> {
    prop_oneof![Just(160u64), Just(160), Just(2_000_000_000)].prop_flat_map(move |most| {
        let invoice = (0..most).prop_map(|payable_amount| InvoiceToFinance {
            id: 1,
            payable_amount,
            user_id: None,
            issuer_id: None,
        });
        (invoice, offers(most, count.clone()), loan_plan_settings(most))
    })
}

fn loan_plan_agrees(
    script: &Interpreter,
    (invoice, offers, settings): (InvoiceToFinance, Vec<Offer>, Value),
) -> TestCaseResult {
    let config: LoanPlanConfig = serde_json::from_value(settings.clone()).unwrap();
    let compiled = loan_plan::select(&invoice, &offers, &config, Instant(NOW)).unwrap();
    let expected_line = match &compiled.choice {
        Some(choice) => format!("plan {} of {} plans", choice.plan_id, offers.len()),
        None => format!("none of {} plans fits", offers.len()),
    };
    let arguments = [invoice.into_script(), offers.into_script(), settings.into_script()];
    let (selection, line, asked): (Selection, _, _) = answer(script, arguments);
    prop_assert_eq!(selection, compiled);
    prop_assert_eq!(line, expected_line);
    prop_assert!(asked);
    Ok(())
}

/// Offers that no loan can come of. The compiled policy tries each down payment, so these are few.
fn odd_offers() -> impl Strategy<Value = Vec<Offer>> {
    let odd = prop::sample::select(vec![
        (Some(0), Some(2.0)),
        (Some(3), Some(-1.5)),
        (Some(3), Some(f64::NAN)),
        (Some(3), Some(f64::INFINITY)),
        (Some(3), Some(1e300)),
    ]);
    prop::collection::vec((odd, offers(160, 1..2)), 0..3).prop_map(|odd| {
        let offers = (20..).zip(odd);
        offers
            .map(|(plan_id, ((installments, interest_rate), offers))| Offer {
                plan_id,
                installments,
                interest_rate,
                ..offers[0].clone()
            })
            .collect()
    })
}

#[test]
fn the_loan_plan_script_answers_what_the_compiled_policy_answers() {
    let script = script(contract::LOAN_PLAN, include_str!("../../loan-plan/loan-plan.rhai"));
    proptest!(ProptestConfig::with_cases(5_000), |(
        financing in financing(0..6),
    )| loan_plan_agrees(&script, financing)?);
    proptest!(ProptestConfig::with_cases(500), |(
        payable_amount in 0u64..160,
        odd in odd_offers(),
        even in offers(160, 0..3),
        settings in loan_plan_settings(160),
    )| {
        let invoice = InvoiceToFinance { id: 1, payable_amount, user_id: None, issuer_id: None };
        loan_plan_agrees(&script, (invoice, [odd, even].concat(), settings))?;
    });
    proptest!(ProptestConfig::with_cases(500), |(
        financing in financing(12..13),
    )| loan_plan_agrees(&script, financing)?);
}
