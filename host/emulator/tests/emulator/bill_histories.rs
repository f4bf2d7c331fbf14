//! Whatever happens to bills in whatever order: each wallet has paid for those listed as its own.

use pod_platform::{
    BillType, Clock as _, Instant, Rial, UtilityBill,
    bills::{BillStatus, CancelBillRequest},
    types::Error,
};
use proptest::prelude::*;

use crate::utilities::{
    ELECTRICITY, EXPENSIVE_WATER, LANDLINE, MOBILE, Pair, UNLUCKY_WATER, Utilities, WATER, all,
    issue, made_up, other_mobile, pay, pay_any, traffic_fine,
};

const PAIRS: [Pair<'_>; 6] = [LANDLINE, WATER, EXPENSIVE_WATER, ELECTRICITY, MOBILE, UNLUCKY_WATER];

#[derive(Clone, Debug)]
enum Step {
    Pay(usize),
    Issue(usize),
    PayInvoice(u64),
    Cancel(u64),
    /// So many hours pass.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<(&'static str, Step)>> {
    let step = prop_oneof![
        (0..PAIRS.len()).prop_map(Step::Pay),
        (0..PAIRS.len()).prop_map(Step::Issue),
        (101_u64..108).prop_map(Step::PayInvoice),
        (1_u64..10).prop_map(Step::Cancel),
        (0_u64..10).prop_map(Step::Wait),
    ];
    prop::collection::vec((prop::sample::select(&["sara", "shop", "reza"][..]), step), 1..40)
}

async fn take(utilities: &Utilities, token: &str, step: Step) -> Result<(), Error> {
    let world = &utilities.world;
    match step {
        Step::Pay(index) => world.call(token, &pay(PAIRS[index])).await.map(drop),
        Step::Issue(index) => world.call(token, &issue(PAIRS[index])).await.map(drop),
        Step::PayInvoice(id) => world.call(token, &pay_any(id)).await.map(drop),
        Step::Cancel(id) => world.call(token, &CancelBillRequest { id }).await.map(drop),
        Step::Wait(hours) => {
            let now = utilities.clock.now().0;
            utilities.clock.set(Instant(now + hours * 3_600_000));
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is called in whatever order, a bill is paid by at most one, and everybody has paid
    /// exactly for the bills that are theirs.
    #[test]
    fn wallets_pay_for_what_is_listed(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let utilities = Utilities::start().await;
            for (token, step) in steps {
                match take(&utilities, token, step).await {
                    Ok(()) | Err(Error::Platform(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            let mut paid_pairs = Vec::new();
            for (token, user, opening) in
                [("sara", 40, 5_000_000), ("shop", 10, 1_000_000), ("reza", 50, 128_999)]
            {
                let mut spent = 0;
                for bill in utilities.list(token, &all()).await.result {
                    let paid = !matches!(
                        bill.status,
                        BillStatus::ServiceBillIssueInvoice | BillStatus::ServiceBillCanceled
                    );
                    let invoice = utilities.world.invoice(bill.invoice_id.unwrap()).await;
                    assert_eq!((invoice.payed, invoice.closed), (paid, paid));
                    assert_eq!(invoice.canceled, bill.status == BillStatus::ServiceBillCanceled);
                    if paid {
                        spent += i64::try_from(bill.price.0).unwrap();
                        paid_pairs.push(bill.bill_id);
                    }
                }
                // Asserts that the ledger sums to zero, too.
                assert_eq!(utilities.wallet(user).await, opening - spent, "{token}");
            }
            let all_pairs = paid_pairs.len();
            paid_pairs.sort_unstable();
            paid_pairs.dedup();
            assert_eq!(paid_pairs.len(), all_pairs);
        });
    }

    /// A bill of any company costs what its payment id says.
    #[test]
    fn the_amount_is_in_the_payment_id(digit in 0_u8..9, company in 100_u32..1_000, thousands in 1_u32..5_000) {
        let (bill_id, payment_id) = made_up(&company.to_string(), digit, thousands);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let utilities = Utilities::start().await;
            let bill = utilities.pay("sara", (&bill_id, &payment_id)).await;
            assert_eq!(bill.price, Rial(u64::from(thousands) * 1_000));
            assert_eq!(utilities.wallet(40).await, 5_000_000 - i64::from(thousands) * 1_000);
        });
    }
}

#[test]
fn the_made_up_bills_are_what_they_are_for() {
    let read = |(bill_id, payment_id): (String, String)| UtilityBill::read(&bill_id, &payment_id);
    assert_eq!(read(traffic_fine()).unwrap().bill_type(), BillType::TrafficFine);
    assert_eq!(read(other_mobile()).unwrap().bill_type(), BillType::Mobile);
    assert_eq!(read(other_mobile()).unwrap().company(), "093");
}
