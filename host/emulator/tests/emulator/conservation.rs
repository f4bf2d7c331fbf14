//! Whatever is called in whatever order: no rial appears, none is lost, and every payment is in the
//! ledger exactly once.

use pod_emulator::Scenario;
use pod_platform::{
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceRequest},
    types::Error,
};
use proptest::prelude::*;

use crate::common::{SCENARIO, World, order};

const CALLERS: [&str; 5] = ["shop", "baker", "mill", "sara", "reza"];
const INVOICES: [u64; 12] = [100, 101, 102, 105, 200, 204, 300, 301, 303, 304, 305, 306];

#[derive(Clone, Debug)]
enum Step {
    Issue { price: u64, user: Option<u64> },
    Pay { invoice: u64, delegators: Vec<u64>, force: bool },
    PayOutside { invoice: u64 },
    Net { creditor: u64, debtor: u64 },
}

fn steps() -> impl Strategy<Value = Vec<(&'static str, Step)>> {
    let invoice = || prop::sample::select(&INVOICES[..]);
    let user = || prop::sample::select(&[10_u64, 20, 30, 40, 50][..]);
    let step = prop_oneof![
        (1_u64..5_000, prop::option::of(user()))
            .prop_map(|(price, user)| Step::Issue { price, user }),
        (invoice(), prop::collection::vec(user(), 0..3), any::<bool>())
            .prop_map(|(invoice, delegators, force)| Step::Pay { invoice, delegators, force }),
        invoice().prop_map(|invoice| Step::PayOutside { invoice }),
        (invoice(), invoice()).prop_map(|(creditor, debtor)| Step::Net { creditor, debtor }),
    ];
    prop::collection::vec((prop::sample::select(&CALLERS[..]), step), 1..30)
}

async fn take(world: &World, caller: &str, step: Step) -> Result<bool, Error> {
    match step {
        Step::Issue { price, user } => {
            let mut request = order(price, 1.0);
            request.user_id = user;
            world.call(caller, &request).await.map(|_| false)
        }
        Step::Pay { invoice, delegators, force } => {
            let request = PayAnyInvoiceByCreditRequest {
                invoice_id: invoice,
                wallet: "PODLAND_WALLET".into(),
                delegator_id: delegators,
                force_delegation: Some(force),
                ..PayAnyInvoiceByCreditRequest::default()
            };
            world.call(caller, &request).await
        }
        Step::PayOutside { invoice } => {
            let request = PayInvoiceRequest { invoice_id: invoice };
            world.call(caller, &request).await.map(|_| false)
        }
        Step::Net { creditor, debtor } => {
            let request = PayInvoiceByInvoiceRequest {
                creditor_invoice_id: creditor,
                debtor_invoice_id: debtor,
            };
            world.call(caller, &request).await
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_sums_to_zero(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::of(Scenario::from_json("common", SCENARIO).unwrap()).await;
            let opening = world.emulator.ledger().await.unwrap();
            let mut moved = 0;
            for (caller, step) in steps {
                match take(&world, caller, step).await {
                    Ok(paid) => moved += u64::from(paid),
                    Err(Error::Platform(_)) => {}
                    Err(other) => panic!("{other}"),
                }
                let ledger = world.emulator.ledger().await.unwrap();
                assert_eq!(ledger.total, 0);
                assert_eq!(ledger.faults, Vec::<String>::new());
                assert_eq!(ledger.money(), opening.money());
                assert_eq!(ledger.transactions, opening.transactions + moved);
                for (account, balance) in &ledger.balances {
                    assert!(*balance >= 0 || account == "outside", "{account}: {balance}");
                }
            }
        });
    }
}
