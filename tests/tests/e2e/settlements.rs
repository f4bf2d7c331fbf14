//! What a person decides of a call in doubt, and corrects later: the receipt shows each decision and
//! who made it, and allowances, effects and the statement follow the last one, in the process that
//! decides as in the next.

use pod_host::{
    Decision, LineKind, Proof, Receipt, RunOptions, Statement, StatementFilter, Status, open_doubts,
};
use podhost_tests::mortal::{Life, Mortal, script};
use serde_json::{Value, json};

/// Of 6,200 rials a day, a loan for an invoice takes 6,000.
const POLICY: &str = r#"
    fn run(input) {
        if input == "borrow" {
            pay_invoice_by_loan(#{ invoice_id: 113, contract_id: 838, plan_id: 614,
                primary_amount: 500 });
        }
        get_remaining_budget().rial
    }
"#;

async fn run(life: &Life, input: Value) -> Receipt {
    let budget = "rial = 10_000\n[budget.per-day]\nrial = 6_200";
    let folder = script("\"loans\"", budget, POLICY);
    life.run(folder.path(), RunOptions { input, ..RunOptions::default() }).await
}

async fn left(life: &Life) -> Value {
    run(life, Value::Null).await.output
}

async fn decide(life: &Life, run: &str, happened: bool, by: &str) -> Receipt {
    let decision = Decision {
        step: Some(0),
        happened,
        reference_number: happened.then(|| "5101032".to_owned()),
        note: format!("{by} has asked POD"),
        by: by.to_owned(),
    };
    life.host.settle(run, decision).await.expect("it was in doubt")
}

/// What is spent, and what is held, by the statement.
async fn stated(life: &Life) -> (u64, u64) {
    let all = StatementFilter::default();
    let statement = Statement::draw(life.host.journal(), &all).await;
    let (mut spent, mut held) = (0, 0);
    for sum in statement.expect("the journal can be read").sums {
        match sum.kind {
            LineKind::Doubt => held += sum.rials.0,
            LineKind::Effect | LineKind::Settlement => spent += sum.rials.0,
        }
    }
    (spent, held)
}

/// A run whose loan nobody can prove.
async fn in_doubt() -> (Mortal, Receipt) {
    let mortal = Mortal::from_file("tests/services/every-mutation/scenario.json").await;
    let fault = json!({ "service": "payInvoiceByLoan", "probability": 1, "unanswered": "before" });
    let fault = serde_json::from_value(fault).expect("a fault");
    mortal.pod.add_fault(fault).await.expect("it is added");
    let receipt = mortal.live_on(async |life: Life| run(&life, json!("borrow")).await).await;
    assert_eq!(receipt.status, Status::UnknownOutcome, "{receipt:#?}");
    mortal.pod.clear_faults().await.expect("they are cleared");
    (mortal, receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_corrected_by_a_further_one() {
    let (mortal, receipt) = in_doubt().await;
    let id = receipt.run.clone();
    let (first, second) = mortal
        .live_on(async move |life: Life| {
            assert_eq!((left(&life).await, stated(&life).await), (json!(200), (0, 6_000)));
            let first = decide(&life, &id, false, "sara").await;
            assert_eq!((left(&life).await, stated(&life).await), (json!(6_200), (0, 0)));
            let second = decide(&life, &id, true, "reza").await;
            assert_eq!((left(&life).await, stated(&life).await), (json!(200), (6_000, 0)));
            (first, second)
        })
        .await;
    assert_eq!((first.effects.len(), first.meters.rials.0), (0, 0));
    assert_eq!((second.effects.len(), second.meters.rials.0), (1, 6_000));
    let effect = &second.effects[0];
    assert_eq!((effect.proof, effect.reference.as_str()), (Proof::Settled, "5101032"));
    assert_eq!(effect.evidence.as_deref(), Some("reza: reza has asked POD"));
    let told: Vec<_> = second
        .settled
        .iter()
        .map(|told| (told.happened, told.by.as_deref(), told.corrects))
        .collect();
    assert_eq!(told, [(false, Some("sara"), false), (true, Some("reza"), true)]);

    // The next process comes to the same, and so does one more correction.
    let id = receipt.run.clone();
    let third = mortal
        .live_on(async move |life: Life| {
            assert_eq!((left(&life).await, stated(&life).await), (json!(200), (6_000, 0)));
            decide(&life, &id, false, "sara").await
        })
        .await;
    assert_eq!((third.effects.len(), third.settled.len()), (0, 3));
    let last = mortal.live_on(async |life: Life| (left(&life).await, stated(&life).await)).await;
    assert_eq!(last, (json!(6_200), (0, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_is_named_and_what_is_corrected_too() {
    let (mortal, receipt) = in_doubt().await;
    let id = receipt.run;
    mortal
        .live_on(async move |life: Life| {
            let decision = |by: &str| Decision {
                step: None,
                happened: false,
                reference_number: None,
                note: "it never arrived".to_owned(),
                by: by.to_owned(),
            };
            let nobody = life.host.settle(&id, decision(" ")).await.expect_err("nobody decides");
            assert!(nobody.to_string().contains("who decides"), "{nobody}");
            life.host.settle(&id, decision("sara")).await.expect("it is in doubt");
            let again = life.host.settle(&id, decision("reza")).await.expect_err("it is settled");
            assert!(again.to_string().contains("name its call: 0"), "{again}");
        })
        .await;
}

/// What was settled is not in doubt any more: its invoice can be acted on in the same process.
#[tokio::test(flavor = "multi_thread")]
async fn a_settled_invoice_is_free() {
    let (mortal, receipt) = in_doubt().await;
    let id = receipt.run;
    let (refused, done) = mortal
        .live_on(async move |life: Life| {
            let refused = run(&life, json!("borrow")).await;
            decide(&life, &id, false, "sara").await;
            (refused, run(&life, json!("borrow")).await)
        })
        .await;
    assert_eq!(refused.status, Status::Failed);
    assert_eq!((done.status, done.effects.len()), (Status::Done, 1), "{:?}", done.error);
    assert!(done.effects[0].pending, "its down payment is not made");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_doubts_of_a_store_are_listed_with_what_settles_them() {
    let (mortal, receipt) = in_doubt().await;
    let id = receipt.run.clone();
    let (before, elsewhere, after) = mortal
        .live_on(async move |life: Life| {
            let list = async |account: Option<&str>| {
                let listed = open_doubts(life.host.journal(), account, None).await;
                listed.expect("the journal can be read").0
            };
            let (before, elsewhere) = (list(None).await, list(Some("somebody")).await);
            decide(&life, &id, true, "sara").await;
            (before, elsewhere, list(None).await)
        })
        .await;
    assert!(elsewhere.is_empty() && after.is_empty());
    let [open] = before.as_slice() else { panic!("{before:?}") };
    assert_eq!((open.doubt.rials.0, open.doubt.object["invoiceId"].as_str()), (6_000, "113"));
    assert_eq!(open.doubt.paid_from.contract_id.as_deref(), Some("838"));
    assert!(!open.is_unfinished && open.run == receipt.run);
}
