//! Whatever happens to loans in whatever order: no rial appears or is lost, nobody but the outside
//! owes, and what a loan shows agrees with the ledger.

use pod_platform::{
    Instant, Rial,
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, ReduceInvoiceRequest, VerifyInvoiceRequest,
    },
    loans::{
        BusinessLoanListRequest, InstallmentStatus, LoanStatus, PayInvoiceByLoanRequest,
        UpdateLoanByPlanRequest,
    },
    payments::PayInvoiceInFutureRequest,
    types::Error,
};
use proptest::prelude::*;

use crate::loan_world;
use crate::loan_world::{LoanWorld, pay};
use crate::street::submit;

#[derive(Clone, Debug)]
enum Step {
    Ask {
        invoice: u64,
        contract: u64,
        plan: Option<u64>,
        down_payment: u64,
        breathing: u32,
    },
    Pay {
        payer: &'static str,
        invoice: u64,
    },
    /// Mostly a down payment, or an instalment.
    PayNewest {
        customer: &'static str,
        payer: &'static str,
    },
    Promise {
        invoice: u64,
        days: u64,
    },
    Verify {
        invoice: u64,
    },
    Close {
        invoice: u64,
    },
    Cancel {
        issuer: &'static str,
        invoice: u64,
    },
    Reduce {
        issuer: &'static str,
        invoice: u64,
    },
    Change {
        customer: &'static str,
        loan: u64,
        plan: u64,
    },
    /// The customer asks on the loan's page for an invoice that settles it.
    Settle {
        loan: u64,
    },
    Wait {
        hours: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use prop::{option, sample::select};
    // The scenario's own, and the first ones that loans issue.
    let invoice = || 101_u64..118;
    let plan = || select(vec![61_u64, 62, 64]);
    let customer = || select(vec!["sara", "reza", "mill"]);
    let issuer = || select(vec!["shop", "bank"]);
    let step = prop_oneof![
        4 => (101_u64..108, 5_u64..=6, option::of(plan()), 0_u64..4_000, 0_u32..2).prop_map(
            |(invoice, contract, plan, down_payment, breathing)| Step::Ask {
                invoice, contract, plan, down_payment, breathing
            }
        ),
        4 => (customer(), invoice()).prop_map(|(payer, invoice)| Step::Pay { payer, invoice }),
        4 => (customer(), customer())
            .prop_map(|(customer, payer)| Step::PayNewest { customer, payer }),
        1 => (invoice(), 0_u64..40).prop_map(|(invoice, days)| Step::Promise { invoice, days }),
        1 => invoice().prop_map(|invoice| Step::Verify { invoice }),
        1 => invoice().prop_map(|invoice| Step::Close { invoice }),
        2 => (issuer(), invoice()).prop_map(|(issuer, invoice)| Step::Cancel { issuer, invoice }),
        1 => (issuer(), invoice()).prop_map(|(issuer, invoice)| Step::Reduce { issuer, invoice }),
        2 => (customer(), 1_u64..5, plan())
            .prop_map(|(customer, loan, plan)| Step::Change { customer, loan, plan }),
        2 => (1_u64..5).prop_map(|loan| Step::Settle { loan }),
        2 => select(vec![1_u64, 24, 800]).prop_map(|hours| Step::Wait { hours }),
    ];
    prop::collection::vec(step, 1..40)
}

async fn take(world: &LoanWorld, step: Step) -> Result<(), Error> {
    match step {
        Step::Ask { invoice, contract, plan, down_payment, breathing } => {
            let request = PayInvoiceByLoanRequest {
                plan_id: plan,
                breathing_period_count: Some(breathing),
                ..loan_world::loan(invoice, contract, 0, down_payment)
            };
            world.call("shop", &request).await.map(drop)
        }
        Step::Pay { payer, invoice } => world.call(payer, &pay(invoice)).await.map(drop),
        Step::PayNewest { customer, payer } => {
            let newest = world.newest_invoice(customer).await.id;
            world.call(payer, &pay(newest)).await.map(drop)
        }
        Step::Promise { invoice, days } => {
            let day = Instant(world.emulator.clock().now().0 + days * 24 * 3_600_000);
            let request = PayInvoiceInFutureRequest {
                invoice_id: invoice,
                date: day.jalali_date(),
                wallet: Some("PODLAND_WALLET".into()),
                guild_code: None,
            };
            world.call("mill", &request).await.map(drop)
        }
        Step::Verify { invoice } => {
            let request = VerifyInvoiceRequest { id: Some(invoice), bill_number: None };
            world.call("shop", &request).await.map(drop)
        }
        Step::Close { invoice } => {
            world.call("shop", &CloseInvoiceRequest { id: invoice }).await.map(drop)
        }
        Step::Cancel { issuer, invoice } => {
            world.call(issuer, &CancelInvoiceRequest { id: invoice }).await.map(drop)
        }
        Step::Reduce { issuer, invoice } => {
            let request = ReduceInvoiceRequest {
                id: invoice,
                invoice_item_id: vec![invoice * 1_000 + 1],
                // A hundred, so that its tax is whole: of an amount with a fraction a loan only tells.
                price: vec![Rial(100)],
                quantity: vec![1.0],
                item_description: vec!["less".into()],
                ..ReduceInvoiceRequest::default()
            };
            world.call(issuer, &request).await.map(drop)
        }
        Step::Change { customer, loan, plan } => {
            let request = UpdateLoanByPlanRequest { loan_id: loan, plan_id: plan };
            world.call(customer, &request).await.map(drop)
        }
        Step::Settle { loan } => {
            let page = format!("/emulator/loan/?loanId={loan}");
            submit(&world.emulator, &page, "action=settle").await;
            Ok(())
        }
        Step::Wait { hours } => {
            let now = world.emulator.clock().now();
            world.wait(Instant(now.0 + hours * 3_600_000));
            Ok(())
        }
    }
}

/// What was lent and has not come back is what supply accounts lack.
async fn check(world: &LoanWorld) {
    let all = BusinessLoanListRequest { size: 100, ..BusinessLoanListRequest::default() };
    let loans = world.call("bank", &all).await.unwrap().result;
    let supplies = world.balances(["loan-supply:5", "loan-supply:6"]).await;
    for (contract, ceiling, supply) in [(5, 50_000, supplies[0]), (6, 30_000, supplies[1])] {
        let mut expected = ceiling;
        let own = loans.iter().filter(|loan| loan.contract.as_ref().unwrap().id == contract);
        for loan in own {
            let invoice = loan.subject_invoice.as_ref().unwrap();
            let parts = &loan.installments;
            assert_eq!(loan.pre_settlements.len(), parts.len());
            if loan.active {
                let principal = invoice.payable_amount.0 - loan.primary_amount.0;
                expected -= i64::try_from(principal).unwrap();
                assert!(!invoice.canceled);
                let sum: u64 = parts.iter().map(|part| part.amount.0).sum();
                assert_eq!(loan.total_amount, Rial(sum));
            }
            for part in parts {
                let done = part.status == InstallmentStatus::InstallmentStatusDone;
                // An instalment is paid by an invoice of exactly its amount.
                for invoice in &part.related_invoices {
                    assert_eq!((invoice.payed, invoice.payable_amount), (done, part.amount));
                }
                let settled = part.status == InstallmentStatus::InstallmentStatusPreSettled;
                if done || settled {
                    assert!(loan.active);
                    expected += i64::try_from(part.amount.0).unwrap();
                }
            }
            let all_done = parts.iter().all(|part| {
                matches!(
                    part.status,
                    InstallmentStatus::InstallmentStatusDone
                        | InstallmentStatus::InstallmentStatusPreSettled
                )
            });
            let is_done = loan.status_code == LoanStatus::LoanStatusDone;
            assert_eq!(is_done, loan.active && all_done, "{loan:?}");
        }
        assert_eq!(supply, expected, "loan-supply:{contract}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_books_of_loans_are_in_order(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = LoanWorld::start().await;
            for step in steps {
                match take(&world, step).await {
                    Ok(()) | Err(Error::Platform(_) | Error::InvalidArgument(_)) => {}
                    Err(other) => panic!("{other}"),
                }
                check(&world).await;
            }
        });
    }
}
