//! A bank that lends, a shop that sells, and customers who pay in instalments.
use std::{ops::Deref, sync::Arc};

use pod_emulator::{Options, Scenario};
use pod_platform::{
    Instant, ManualClock, Rial,
    invoices::Invoice,
    loans::{
        BusinessLoanListRequest, GetInstallmentListRequest, Installment, InstallmentStatus, Loan,
        PayInvoiceByLoanRequest,
    },
    payments::PayAnyInvoiceByCreditRequest,
};

use crate::common::{World, first_page};

/// Its contract 5 has two plans to choose from, 6 a guarantor and one plan; 7 has ended, 8 is for
/// the mill's invoices, 9 has no active plan.
pub const SCENARIO: &str = r#"{
  "businesses": [
    {"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop"},
    {"id": 2, "userId": 20, "name": "Bank", "apiToken": "bank"},
    {"id": 3, "userId": 30, "name": "Mill", "apiToken": "mill",
     "wallet": {"PODLAND_WALLET": 5000}}
  ],
  "users": [
    {"id": 40, "name": "Sara", "accessToken": "sara", "cellphoneNumber": "09120000040",
     "nationalCode": "0012345679", "username": "sara.40", "wallet": {"PODLAND_WALLET": 20000}},
    {"id": 50, "name": "Reza", "accessToken": "reza", "cellphoneNumber": "09120000050",
     "nationalCode": "4312345678", "username": "reza.50"}
  ],
  "invoices": [
    {"id": 101, "businessId": 1, "userId": 40, "amount": 6500, "vat": 585,
     "guildCode": "FOOD_GUILD", "billNumber": "S-101"},
    {"id": 102, "businessId": 1, "userId": 40, "amount": 3000, "guildCode": "FOOD_GUILD"},
    {"id": 103, "businessId": 1, "userId": 40, "amount": 6500, "guildCode": "FOOD_GUILD",
     "verificationNeeded": true},
    {"id": 104, "businessId": 1, "amount": 1000, "guildCode": "FOOD_GUILD"},
    {"id": 105, "businessId": 1, "userId": 50, "amount": 6000, "guildCode": "FOOD_GUILD"},
    {"id": 106, "businessId": 1, "userId": 50, "amount": 3000, "guildCode": "FOOD_GUILD"},
    {"id": 107, "businessId": 1, "userId": 30, "amount": 4000, "guildCode": "FOOD_GUILD"},
    {"id": 108, "businessId": 1, "userId": 40, "amount": 100, "guildCode": "FOOD_GUILD",
     "canceled": true},
    {"id": 109, "businessId": 1, "userId": 40, "amount": 90000, "guildCode": "FOOD_GUILD"}
  ],
  "loanContracts": [
    {"id": 5, "businessId": 2, "name": "Instalments", "ceiling": 50000, "commissionRate": 2,
     "guildCode": "BANK_GUILD", "endDate": "1400/12/29", "maxBreathingPeriodCount": 3,
     "members": [{"userId": 40, "credit": 20000}, {"userId": 50, "credit": 8000},
                 {"userId": 30, "credit": 90000}],
     "plans": [{"id": 61, "name": "six", "installments": 6, "interestRate": 2, "active": true},
               {"id": 62, "name": "three", "installments": 3, "interestRate": 0, "active": true},
               {"id": 63, "name": "old", "installments": 2, "interestRate": 0, "active": false}]},
    {"id": 6, "businessId": 2, "ceiling": 30000, "commissionRate": 0,
     "guarantor": "LOAN_GUARANTOR_PASARGAD",
     "members": [{"userId": 40, "credit": 90000}, {"userId": 50, "credit": 90000}],
     "plans": [{"id": 64, "name": "two", "installments": 2, "interestRate": 10, "active": true}]},
    {"id": 7, "businessId": 2, "ceiling": 30000, "commissionRate": 0, "endDate": "1399/03/12",
     "members": [{"userId": 40, "credit": 90000}],
     "plans": [{"id": 65, "name": "two", "installments": 2, "interestRate": 10, "active": true}]},
    {"id": 8, "businessId": 1, "ceiling": 30000, "commissionRate": 0,
     "permittedBusinesses": [3], "members": [{"userId": 40, "credit": 90000}],
     "plans": [{"id": 66, "name": "two", "installments": 2, "interestRate": 10, "active": true}]},
    {"id": 9, "businessId": 2, "ceiling": 30000, "commissionRate": 0,
     "members": [{"userId": 40, "credit": 90000}],
     "plans": [{"id": 67, "name": "two", "installments": 2, "interestRate": 10, "active": false}]}
  ]
}"#;

pub struct LoanWorld {
    world: World,
    clock: Arc<ManualClock>,
}

impl Deref for LoanWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

pub fn at(text: &str) -> Instant {
    Instant::from_jalali_date_time(text).unwrap()
}

/// The shop asks for a loan.
pub fn loan(invoice: u64, contract: u64, plan: u64, down_payment: u64) -> PayInvoiceByLoanRequest {
    PayInvoiceByLoanRequest {
        invoice_id: invoice,
        contract_id: contract,
        plan_id: Some(plan),
        primary_amount: Some(Rial(down_payment)),
        ..PayInvoiceByLoanRequest::default()
    }
}

pub fn pay(invoice: u64) -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        invoice_id: invoice,
        wallet: "PODLAND_WALLET".into(),
        ..PayAnyInvoiceByCreditRequest::default()
    }
}

pub fn amounts(loan: &Loan) -> Vec<u64> {
    loan.installments.iter().map(|installment| installment.amount.0).collect()
}

pub fn statuses(loan: &Loan) -> Vec<&InstallmentStatus> {
    loan.installments.iter().map(|installment| &installment.status).collect()
}

impl LoanWorld {
    pub async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(at("1399/03/13 10:00:00")));
        let scenario = Scenario::from_json("loans", SCENARIO).unwrap();
        let options = Options { scenario, clock: Some(clock.clone()), ..Options::default() };
        Self { world: World::with(options).await, clock }
    }

    pub fn set_clock(&self, text: &str) {
        self.wait(at(text));
    }

    pub fn wait(&self, until: Instant) {
        self.clock.set(until);
    }

    /// The newest invoice that a user sees.
    pub async fn newest_invoice(&self, user: &str) -> Invoice {
        self.call(user, &first_page(1)).await.unwrap().result.remove(0)
    }

    /// The shop asks for a loan with a down payment, and the customer pays it.
    pub async fn taken(&self, customer: &str, request: &PayInvoiceByLoanRequest) -> Loan {
        let loan = self.call("shop", request).await.unwrap();
        let down_payment = self.newest_invoice(customer).await;
        assert!(self.call(customer, &pay(down_payment.id)).await.unwrap());
        let loan = self.loan(loan.id).await;
        assert!(loan.active);
        loan
    }

    /// An active loan of Reza's, who has no money: the mill pays his down payment.
    pub async fn helped(&self, request: &PayInvoiceByLoanRequest) -> Loan {
        let loan = self.call("shop", request).await.unwrap();
        let down_payment = self.newest_invoice("reza").await;
        assert!(self.call("mill", &pay(down_payment.id)).await.unwrap());
        self.loan(loan.id).await
    }

    /// A loan as its grantor sees it.
    pub async fn loan(&self, id: u64) -> Loan {
        let request =
            BusinessLoanListRequest { id: Some(id), size: 1, ..BusinessLoanListRequest::default() };
        self.call("bank", &request).await.unwrap().result.remove(0)
    }

    pub async fn installments(
        &self,
        loan: u64,
        status: Option<InstallmentStatus>,
    ) -> Vec<Installment> {
        let request = GetInstallmentListRequest {
            loan_id: loan,
            size: 100,
            status_code: status,
            ..GetInstallmentListRequest::default()
        };
        let page = self.call("bank", &request).await.unwrap();
        assert_eq!(page.count, page.result.len() as u64);
        page.result
    }

    /// What the accounts hold; the ledger is in order, and no account but `outside` owes.
    pub async fn balances<const N: usize>(&self, accounts: [&str; N]) -> [i64; N] {
        let ledger = self.emulator.ledger().await.unwrap();
        assert_eq!((ledger.total, ledger.faults.as_slice()), (0, [].as_slice()));
        for (account, balance) in &ledger.balances {
            assert!(*balance >= 0 || account == "outside", "{account}: {balance}");
        }
        accounts.map(|account| ledger.balance(account))
    }
}
