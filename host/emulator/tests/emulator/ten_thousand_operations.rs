//! Ten thousand operations in random order, valid and not, while the clock moves: no rial appears
//! or is lost, no invoice is paid twice, no account but `outside` owes.
//!
//! The seed is printed; `PODHOST_SEED=…` repeats a run.

use std::sync::Arc;

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Clock as _, Instant, JalaliDate, ManualClock, Rial, Service,
    bills::{CancelBillRequest, IssueBillInvoiceRequest, PayBillRequest},
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, IssueInvoiceRequest, ReduceInvoiceRequest,
        VerifyInvoiceRequest,
    },
    loans::{PayInvoiceByLoanRequest, UpdateLoanByPlanRequest},
    payments::{
        PayAnyInvoiceByCreditRequest, PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest,
        PayInvoiceInFutureRequest, PayInvoiceRequest,
    },
    types::Error,
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::common::{SCENARIO, World, order};

const OPERATIONS: usize = 10_000;
/// The ledger is read whole after so many.
const EVERY: usize = 100;
const CALLERS: [&str; 5] = ["shop", "baker", "mill", "sara", "reza"];
const BILLS: [(&str, &str); 3] =
    [("7748317800142", "1770160"), ("2050327604613", "1070189"), ("9174639504124", "12908190")];

#[derive(Clone, Debug)]
enum Operation {
    Issue { price: u64, user: Option<u64>, three_steps: bool, close_time_out: bool },
    PayOwn { delegators: Vec<u64>, force: bool },
    PayAny { delegators: Vec<u64>, force: bool },
    PayOutside,
    PayInFuture { days: u32, from_guild: bool },
    Net { debtor: u64 },
    PayByLoan { down: Option<u64>, plan: Option<u64> },
    ChangePlan { loan: u64, plan: u64 },
    Verify,
    Close,
    Cancel,
    Reduce { price: u64 },
    PayBill { bill: usize },
    IssueBill { bill: usize },
    CancelBill { id: u64 },
    Wait { minutes: u64 },
}

/// Who does what, to which invoice: counted back from the newest, so that most are there.
type Step = (&'static str, u64, Operation);

fn steps() -> impl Strategy<Value = Step> {
    let user = || prop::sample::select(&[10_u64, 20, 30, 40, 50][..]);
    let users = || prop::collection::vec(user(), 0..3);
    let bill = || 0..BILLS.len();
    let operation = prop_oneof![
        6 => (1_u64..5_000, prop::option::of(user()), any::<bool>(), any::<bool>()).prop_map(
            |(price, user, three_steps, close_time_out)| Operation::Issue {
                price, user, three_steps, close_time_out
            }
        ),
        5 => (users(), any::<bool>())
            .prop_map(|(delegators, force)| Operation::PayOwn { delegators, force }),
        5 => (users(), any::<bool>())
            .prop_map(|(delegators, force)| Operation::PayAny { delegators, force }),
        1 => Just(Operation::PayOutside),
        2 => (0_u32..40, any::<bool>())
            .prop_map(|(days, from_guild)| Operation::PayInFuture { days, from_guild }),
        4 => (0_u64..40).prop_map(|debtor| Operation::Net { debtor }),
        2 => (prop::option::of(1_u64..500), prop::option::of(614_u64..617))
            .prop_map(|(down, plan)| Operation::PayByLoan { down, plan }),
        1 => (1_u64..30, 614_u64..617)
            .prop_map(|(loan, plan)| Operation::ChangePlan { loan, plan }),
        3 => Just(Operation::Verify),
        2 => Just(Operation::Close),
        2 => Just(Operation::Cancel),
        2 => (0_u64..3_000).prop_map(|price| Operation::Reduce { price }),
        1 => bill().prop_map(|bill| Operation::PayBill { bill }),
        1 => bill().prop_map(|bill| Operation::IssueBill { bill }),
        1 => (1_u64..20).prop_map(|id| Operation::CancelBill { id }),
        1 => (1_u64..2_000).prop_map(|minutes| Operation::Wait { minutes }),
    ];
    (prop::sample::select(&CALLERS[..]), 0_u64..25, operation)
}

struct Run {
    world: World,
    clock: Arc<ManualClock>,
    /// The id of the newest invoice.
    newest: u64,
    accepted: usize,
}

impl Run {
    async fn start() -> Self {
        let scenario = SCENARIO.replacen(
            "\"delegations\"",
            r#""loanContracts": [{"id": 838, "businessId": 3, "ceiling": 60000,
                "commissionRate": 2,
                "members": [{"userId": 40, "credit": 20000}, {"userId": 20, "credit": 9000}],
                "plans": [
                  {"id": 614, "name": "six", "installments": 6, "interestRate": 2, "active": true},
                  {"id": 615, "name": "two", "installments": 2, "interestRate": 9, "active": true}
                ]}], "delegations""#,
            1,
        );
        let scenario = Scenario::from_json("random", &scenario).unwrap();
        let now = Instant::from_jalali_date_time("1399/03/13 10:00:00").unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let options = Options { scenario, clock: Some(clock.clone()), ..Options::default() };
        Self { world: World::with(options).await, clock, newest: 302, accepted: 0 }
    }

    async fn take(&mut self, (caller, back, operation): Step) {
        let invoice = self.newest.saturating_sub(back);
        let today = self.clock.now().jalali_date();
        match operation {
            Operation::Issue { price, user, three_steps, close_time_out } => {
                let request = IssueInvoiceRequest {
                    user_id: user,
                    verification_needed: Some(three_steps),
                    close_time_out: close_time_out.then_some(600),
                    ..order(price, 1.0)
                };
                if let Some(issued) = self.call(caller, &request).await {
                    self.newest = issued.id;
                }
            }
            Operation::PayOwn { delegators, force } => {
                let request = PayInvoiceByCreditRequest {
                    invoice_id: invoice,
                    delegator_id: delegators,
                    force_delegation: Some(force),
                    ..PayInvoiceByCreditRequest::default()
                };
                self.pay(caller, invoice, &request).await;
            }
            Operation::PayAny { delegators, force } => {
                let request = PayAnyInvoiceByCreditRequest {
                    invoice_id: invoice,
                    wallet: "PODLAND_WALLET".into(),
                    delegator_id: delegators,
                    force_delegation: Some(force),
                    ..PayAnyInvoiceByCreditRequest::default()
                };
                self.pay(caller, invoice, &request).await;
            }
            Operation::PayOutside => {
                self.pay(caller, invoice, &PayInvoiceRequest { invoice_id: invoice }).await;
            }
            Operation::PayInFuture { days, from_guild } => {
                let date = later(today, days);
                let wallet = (!from_guild).then(|| "PODLAND_WALLET".to_owned());
                let guild_code = from_guild.then(|| "FOOD_GUILD".to_owned());
                let request =
                    PayInvoiceInFutureRequest { invoice_id: invoice, date, guild_code, wallet };
                self.pay(caller, invoice, &request).await;
            }
            Operation::Net { debtor } => {
                let debtor = self.newest.saturating_sub(debtor);
                let request = PayInvoiceByInvoiceRequest {
                    creditor_invoice_id: invoice,
                    debtor_invoice_id: debtor,
                };
                self.pay(caller, debtor, &request).await;
            }
            Operation::PayByLoan { down, plan } => {
                let request = PayInvoiceByLoanRequest {
                    invoice_id: invoice,
                    contract_id: 838,
                    plan_id: plan,
                    primary_amount: down.map(Rial),
                    assurance_number: None,
                    breathing_period_type: None,
                    breathing_period_count: None,
                };
                self.call(caller, &request).await;
                self.see_new_invoices().await;
            }
            Operation::ChangePlan { loan, plan } => {
                let request = UpdateLoanByPlanRequest { loan_id: loan, plan_id: plan };
                self.call(caller, &request).await;
                self.see_new_invoices().await;
            }
            Operation::Verify => {
                let request = VerifyInvoiceRequest { id: Some(invoice), bill_number: None };
                self.call(caller, &request).await;
            }
            Operation::Close => {
                self.call(caller, &CloseInvoiceRequest { id: invoice }).await;
            }
            Operation::Cancel => {
                self.call(caller, &CancelInvoiceRequest { id: invoice }).await;
            }
            Operation::Reduce { price } => {
                let request = ReduceInvoiceRequest {
                    id: invoice,
                    invoice_item_id: vec![invoice * 1_000 + 1],
                    price: vec![Rial(price)],
                    quantity: vec![1.0],
                    item_description: vec!["reduced".into()],
                    preferred_tax_rate: None,
                };
                self.call(caller, &request).await;
            }
            Operation::PayBill { bill } => {
                let (bill_id, payment_id) = pair(bill);
                self.call(caller, &PayBillRequest { bill_id, payment_id }).await;
                self.see_new_invoices().await;
            }
            Operation::IssueBill { bill } => {
                let (bill_id, payment_id) = pair(bill);
                self.call(caller, &IssueBillInvoiceRequest { bill_id, payment_id }).await;
                self.see_new_invoices().await;
            }
            Operation::CancelBill { id } => {
                self.call(caller, &CancelBillRequest { id }).await;
            }
            Operation::Wait { minutes } => {
                self.clock.set(Instant(self.clock.now().0 + minutes * 60_000));
            }
        }
    }

    /// A refusal is an answer, too; anything else is not.
    async fn call<S: Service>(&mut self, caller: &str, request: &S) -> Option<S::Response> {
        match self.world.call(caller, request).await {
            Ok(response) => {
                self.accepted += 1;
                Some(response)
            }
            Err(Error::Platform(_)) => None,
            Err(other) => panic!("{caller}: {}: {other}", S::FUNCTION),
        }
    }

    /// Pays, and sees to it that nothing is paid that cannot be.
    async fn pay<S: Service>(&mut self, caller: &str, invoice: u64, request: &S) {
        let before = self.world.emulator.invoice(invoice).await.unwrap();
        let paid = self.call(caller, request).await.is_some();
        if let (Some(before), true) = (before, paid) {
            let open = !before.payed
                && !before.closed
                && !before.canceled
                && before.will_be_paid_at.is_none();
            assert!(open, "{} pays again: {before:?}", S::FUNCTION);
        }
    }

    /// Bills and loans issue invoices, too.
    async fn see_new_invoices(&mut self) {
        while self.world.emulator.invoice(self.newest + 1).await.unwrap().is_some() {
            self.newest += 1;
        }
    }

    async fn check(&mut self) {
        self.see_new_invoices().await;
        let ledger = self.world.emulator.ledger().await.unwrap();
        assert_eq!(ledger.total, 0);
        assert_eq!(ledger.faults, Vec::<String>::new());
        for (account, balance) in &ledger.balances {
            assert!(*balance >= 0 || account == "outside", "{account}: {balance}");
            if let Some(id) = account.strip_prefix("invoice:") {
                let invoice = self.world.invoice(id.parse().unwrap()).await;
                let payable = i64::try_from(invoice.payable_amount.0).unwrap();
                assert!(*balance <= payable, "{account} holds {balance} of {payable}");
            }
        }
    }
}

fn later(day: JalaliDate, days: u32) -> JalaliDate {
    (0..days).fold(day, |day, _| day.end().map_or(day, Instant::jalali_date))
}

fn pair(bill: usize) -> (String, String) {
    let (bill_id, payment_id) = BILLS[bill];
    (bill_id.to_owned(), payment_id.to_owned())
}

#[test]
fn the_ledger_holds() {
    let seed = match std::env::var("PODHOST_SEED") {
        Ok(seed) => seed.parse().expect("PODHOST_SEED is a whole number"),
        Err(_) => std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64,
    };
    println!("PODHOST_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = steps();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::start().await;
        for number in 1..=OPERATIONS {
            let step = strategy.new_tree(&mut runner).unwrap().current();
            run.take(step).await;
            if number % EVERY == 0 {
                run.check().await;
            }
        }
        println!("{} of {OPERATIONS} operations were accepted", run.accepted);
        assert!(run.accepted > OPERATIONS / 20, "only {} were accepted", run.accepted);
    });
}
