//! A decider's time with 2,000 debts and 2,000 credits, and that both policies answer alike.

use std::time::{Duration, Instant};

use pod_host::netting::{Credit, Debt};
use podhost_tests::Bench;

#[tokio::test]
async fn two_thousand_by_two_thousand() {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let amount = |id: u64| 5_000 + (id * 7_919) % 991_000;
    let debts: Vec<Debt> = (0..2_000)
        .map(|id| Debt { id, payable_amount: amount(id), issuer_id: None, issuance_date: None })
        .collect();
    let credits: Vec<Credit> = (0..2_000)
        .map(|id| Credit {
            id: 10_000 + id,
            payable_amount: amount(id * 3 + 1),
            issuer_id: None,
            user_id: None,
            payment_date: None,
        })
        .collect();
    let mut answers = Vec::new();
    for path in ["plugins/netting", "plugins/netting/netting.rhai"] {
        let policy = bench.load(path).await;
        let mut pairs = Vec::new();
        let mut fastest = Duration::MAX;
        // The machine may be at something else for one or two of them.
        for _ in 0..3 {
            let began = Instant::now();
            pairs = bench.host.plan(&policy, &debts, &credits).await.expect("a plan").pairs;
            fastest = fastest.min(began.elapsed());
        }
        assert!(fastest < Duration::from_secs(1), "{path}: {fastest:?}");
        answers.push(
            pairs
                .iter()
                .map(|pair| (pair.creditor_invoice_id, pair.debtor_invoice_id))
                .collect::<Vec<_>>(),
        );
    }
    assert!(answers[0].len() > 1_000);
    assert_eq!(answers[0], answers[1]);
}
