//! What only the payment page does: a customer confirms a loan that has no down payment.

use pod_platform::{
    Client, Credentials, Limits, Platform, Service,
    loans::{Loan, LoanListRequest, PayInvoiceByLoanRequest},
    payments::PayAnyInvoiceByCreditRequest,
    types::PlatformErrorKind as Kind,
};

use super::{confirm, pending_confirmation};
use crate::{Options, Sandbox, Scenario, parties::Caller, service::Refusal};

const SCENARIO: &str = r#"{
  "now": "1399/03/13 10:00:00",
  "businesses": [
    {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop"},
    {"id": 2, "userId": 20, "name": "Bank", "apiToken": "bank"}
  ],
  "users": [{"id": 40, "name": "Sara", "accessToken": "sara",
             "wallet": {"PODLAND_WALLET": 20000}}],
  "invoices": [
    {"id": 101, "businessId": 1, "userId": 40, "amount": 6500, "guildCode": "FOOD_GUILD"},
    {"id": 102, "businessId": 1, "userId": 40, "amount": 1000, "guildCode": "FOOD_GUILD"}
  ],
  "loanContracts": [
    {"id": 5, "businessId": 2, "ceiling": 7000, "commissionRate": 0,
     "members": [{"userId": 40, "credit": 20000}],
     "plans": [{"id": 61, "name": "six", "installments": 6, "interestRate": 2, "active": true}]}
  ]
}"#;

const SARA: Caller = Caller { user_id: 40, business_id: None };
const SHOP: Caller = Caller { user_id: 10, business_id: Some(1) };

struct World {
    sandbox: Sandbox,
    client: Client,
}

impl World {
    async fn start() -> Self {
        let scenario = Scenario::from_json("loans", SCENARIO).unwrap();
        let sandbox = Sandbox::start(Options { scenario, ..Options::default() }).await.unwrap();
        let platform = Platform::at(sandbox.platform_url());
        Self { client: Client::new(platform, Limits::default()).unwrap(), sandbox }
    }

    async fn call<S: Service>(&self, token: &str, request: &S) -> S::Response {
        self.client.call(request, &Credentials::token(token)).await.unwrap()
    }

    async fn asked(&self, invoice_id: u64, down_payment: u64) -> Loan {
        let request = PayInvoiceByLoanRequest {
            invoice_id,
            contract_id: 5,
            primary_amount: Some(pod_platform::Rial(down_payment)),
            ..PayInvoiceByLoanRequest::default()
        };
        self.call("shop", &request).await
    }

    async fn pending(&self, invoice: i64) -> Option<i64> {
        let action = async |context: &mut crate::service::Context<'_>| {
            Ok(pending_confirmation(context.connection, invoice).await?)
        };
        self.sandbox.platform.act(SARA, action).await.unwrap()
    }

    async fn confirm(&self, caller: Caller, loan: i64) -> Result<(), Kind> {
        let action = async |context: &mut crate::service::Context<'_>| confirm(context, loan).await;
        match self.sandbox.platform.act(caller, action).await {
            Ok(()) => Ok(()),
            Err(Refusal::Platform { kind, .. }) => Err(kind),
            Err(Refusal::Internal(error)) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn the_customer_confirms_a_loan_without_a_down_payment() {
    let world = World::start().await;
    assert_eq!(world.pending(101).await, None);
    assert!(!world.asked(101, 0).await.active);
    assert_eq!(world.pending(101).await, Some(1));
    assert_eq!(world.confirm(SHOP, 1).await, Err(Kind::NoPermission));
    assert_eq!(world.confirm(SARA, 9).await, Err(Kind::NotFound));
    assert_eq!(world.confirm(SARA, 1).await, Ok(()));
    assert_eq!(world.pending(101).await, None);
    assert_eq!(world.confirm(SARA, 1).await, Err(Kind::NoPermission));

    let loans = LoanListRequest { size: 1, ..LoanListRequest::default() };
    assert!(world.call("sara", &loans).await.result[0].active);
    let ledger = world.sandbox.ledger().await.unwrap();
    assert_eq!((ledger.total, ledger.faults.len()), (0, 0));
    assert_eq!(ledger.balance("invoice:101"), 6_500);
    // The first of six instalments is due today.
    assert_eq!(ledger.balance("loan-supply:5"), 500 + 1_105);
}

#[tokio::test]
async fn a_confirmation_keeps_to_the_rules_of_its_moment() {
    let world = World::start().await;
    world.asked(101, 0).await;
    world.asked(102, 0).await;
    assert_eq!(world.confirm(SARA, 2).await, Ok(()));
    world.sandbox.ledger().await.unwrap();
    // 6000 of 7000 are left, but for the instalment that has come back.
    assert_eq!(world.confirm(SARA, 1).await, Err(Kind::InsufficientFunds));
    let payment = PayAnyInvoiceByCreditRequest {
        invoice_id: 101,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    };
    assert!(world.call("sara", &payment).await);
    assert_eq!(world.pending(101).await, None);
    assert_eq!(world.confirm(SARA, 1).await, Err(Kind::NoPermission));
}

#[tokio::test]
async fn a_loan_with_a_down_payment_is_not_confirmed_but_paid() {
    let world = World::start().await;
    world.asked(101, 500).await;
    assert_eq!(world.pending(101).await, None);
    assert_eq!(world.confirm(SARA, 1).await, Err(Kind::NoPermission));
}
