//! Loans, for what nothing else pays: the plan of least cost, its down payment out of the wallet.

use std::collections::HashSet;

use pod_sdk::{
    Error, Reason, Result, clock, each,
    error::describe,
    invoices::{GetInvoiceListRequest, Invoice},
    loan_plan::{Choice, InvoiceToFinance, Offer},
    loans::{self, BreathingPeriodType, LoanPlanListRequest, PayInvoiceByLoanRequest},
    payments::{self, GetPayInvoiceByWalletLinkRequest, PayInvoiceByCreditRequest},
    rules::{self, plan::MemberCredit},
    values::Instant,
};

use crate::{
    config::{Config, LoanCredit},
    report::{Loan, Outcome, Payment, Report, WalletShare},
    tell_unreadable,
};

const PAY_BY_LOAN: &str = "payInvoiceByLoan";
const PAY_BY_CREDIT: &str = "payInvoiceByCredit";

/// Takes a loan for each of these debts that one fits. `wallet` is what the wallet can spare.
pub fn take(
    debts: Vec<Invoice>,
    mut offers: Vec<Offer>,
    mut known: HashSet<u64>,
    config: &Config,
    mut wallet: u64,
    report: &mut Report,
) {
    for debt in debts {
        let Some(choice) = choose(&debt, &offers, config, wallet) else {
            let payable = debt.payable_amount;
            let reason = if offers.is_empty() {
                Reason::new("nothing-left-to-pay-with", [payable])
            } else {
                Reason::new("no-loan-fits", [payable, offers.len() as u64, wallet])
            };
            report.leave(&debt, Some(reason));
            continue;
        };
        let (contract, down_payment) = (choice.contract_id, choice.primary_amount);
        if borrow(&debt, choice, &mut known, config, report) {
            wallet -= down_payment;
            let borrowed = debt.payable_amount - down_payment;
            for offer in offers.iter_mut().filter(|offer| offer.contract_id == contract) {
                // A contract's plans share its customer's credit, and what its grantor lends.
                for left in [&mut offer.customer_credit, &mut offer.loan_grantor_ceiling] {
                    *left = left.map(|rials| rials.saturating_sub(borrowed));
                }
            }
        }
    }
}

/// The loan of least cost whose down payment the wallet can make.
fn choose(debt: &Invoice, offers: &[Offer], config: &Config, wallet: u64) -> Option<Choice> {
    if config.loan.least_down_payment > wallet {
        return None;
    }
    let invoice = InvoiceToFinance {
        id: debt.id,
        payable_amount: debt.payable_amount,
        user_id: debt.user_srv.as_ref().map(|user| user.id),
        issuer_id: debt.business.as_ref().map(|business| business.id),
    };
    let most_down_payment = config.loan.most_down_payment.min(wallet);
    let constraints = loan_plan::Config { most_down_payment, ..config.loan.clone() };
    loan_plan::select(&invoice, offers, &constraints, Instant(clock::now())).ok()?.choice
}

/// Takes one loan, and makes its down payment. False, if there is no loan.
fn borrow(
    debt: &Invoice,
    choice: Choice,
    known: &mut HashSet<u64>,
    config: &Config,
    report: &mut Report,
) -> bool {
    let breathes = choice.breathing_period_count > 0;
    let taken = loans::pay_invoice_by_loan(&PayInvoiceByLoanRequest {
        invoice_id: debt.id,
        contract_id: choice.contract_id,
        plan_id: Some(choice.plan_id),
        primary_amount: Some(choice.primary_amount).filter(|rials| *rials > 0),
        assurance_number: None,
        breathing_period_type: breathes
            .then_some(BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly),
        breathing_period_count: Some(choice.breathing_period_count).filter(|_| breathes),
    });
    let payment = Payment {
        service: PAY_BY_LOAN,
        invoice: debt.id,
        rials: debt.payable_amount,
        reason: choice.reason.clone(),
        ..Payment::default()
    };
    let loan = match taken {
        Ok(loan) => loan,
        Err(error) => {
            report.tried(payment, Err(error));
            report.leave(debt, None);
            return false;
        }
    };
    let row = report.payments.len();
    report.payments.push(payment);
    let down_payment = choice.primary_amount;
    let mut confirm_at = None;
    let outcome = if loan.active {
        Outcome::Paid
    } else if down_payment == 0 {
        confirm_at = confirmation_link(debt.id);
        report.leave(debt, Some(Reason::new("loan-awaits-confirmation", [])));
        Outcome::AwaitingConfirmation
    } else if pay_down(debt, down_payment, known, config, report) {
        Outcome::Paid
    } else {
        report.leave(debt, Some(Reason::new("loan-awaits-down-payment", [down_payment])));
        Outcome::AwaitingDownPayment
    };
    report.payments[row].outcome = outcome;
    if outcome == Outcome::Paid {
        report.borrowed += debt.payable_amount - down_payment;
        report.interest += choice.total_cost - debt.payable_amount;
    }
    report.loans.push(Loan {
        id: loan.id,
        invoice: debt.id,
        plan_id: choice.plan_id,
        primary_amount: down_payment,
        total_cost: choice.total_cost,
        confirm_at,
    });
    true
}

/// Where a loan without a down payment is confirmed, if that can be told.
fn confirmation_link(invoice_id: u64) -> Option<String> {
    payments::get_pay_invoice_by_wallet_link(&GetPayInvoiceByWalletLinkRequest {
        invoice_id,
        redirect_uri: None,
        call_uri: None,
        gateway: None,
    })
    .ok()
}

/// Pays the invoice that the loan has made of its down payment. True, if it is paid.
fn pay_down(
    debt: &Invoice,
    rials: u64,
    known: &mut HashSet<u64>,
    config: &Config,
    report: &mut Report,
) -> bool {
    let payment = Payment { service: PAY_BY_CREDIT, invoice: debt.id, rials, ..Payment::default() };
    let found = match down_payment(debt, rials, known) {
        Ok(Some(invoice)) => invoice,
        Ok(None) => {
            let reason = Some(Reason::new("down-payment-not-found", [rials]));
            report.payments.push(Payment { outcome: Outcome::Skipped, reason, ..payment });
            return false;
        }
        // Nothing was paid, whatever became of the list.
        Err(error) => {
            let (outcome, error) = (Outcome::Skipped, Some(describe(&error)));
            report.payments.push(Payment { outcome, error, ..payment });
            return false;
        }
    };
    known.insert(found);
    let paid = payments::pay_invoice_by_credit(&PayInvoiceByCreditRequest {
        invoice_id: found,
        wallet: Some(config.wallet_code.clone()),
        delegator_id: Vec::new(),
        delegation_hash: Vec::new(),
        force_delegation: Some(false),
    });
    let payment = Payment {
        invoice: found,
        wallet: Some(WalletShare { code: config.wallet_code.clone(), rials }),
        reason: Some(Reason::new("down-payment", [debt.id, rials])),
        ..payment
    };
    report.tried(payment, paid.map(drop))
}

/// The newest open invoice of the same shop that is for just so much and was not there before.
fn down_payment(debt: &Invoice, rials: u64, known: &HashSet<u64>) -> Result<Option<u64>, Error> {
    let shop = debt.business.as_ref().map(|business| business.id);
    let open = GetInvoiceListRequest {
        is_payed: Some(false),
        is_canceled: Some(false),
        ..Default::default()
    };
    for invoice in each(open) {
        let invoice = invoice?;
        let of_shop = invoice.business.as_ref().map(|business| business.id) == shop;
        let fits = of_shop && invoice.unreadable.is_empty();
        if fits && invoice.payable_amount == rials && !known.contains(&invoice.id) {
            return Ok(Some(invoice.id));
        }
    }
    Ok(None)
}

/// What is on offer for who owes these debts, by contract and plan.
pub fn offers(debts: &[Invoice], config: &Config) -> Result<Vec<Offer>> {
    let Some(debt) = debts.first().filter(|_| config.take_loans) else { return Ok(Vec::new()) };
    let (stated, customer) = (&config.stated, debt.user_srv.as_ref().map(|user| user.id));
    let mut offers = Vec::new();
    for plan in each(LoanPlanListRequest::default()) {
        let plan = plan?;
        tell_unreadable("plan", plan.id, &plan.unreadable);
        if !plan.unreadable.is_empty() {
            continue;
        }
        let Some(contract) = plan.contract else { continue };
        let own = stated.loan_plans.iter().find(|stated| stated.id == plan.id);
        let own = own.map(|plan| plan.installments);
        let credits = stated.loan_credits.as_ref().map(|credits| {
            credits.iter().map(|&LoanCredit { contract_id, user_id, credit }| MemberCredit {
                contract_id,
                user_id,
                credit,
            })
        });
        offers.push(Offer {
            contract_id: contract.id,
            contract_name: contract.name,
            plan_id: plan.id,
            plan_name: plan.name,
            active: rules::plan::is_active(plan.active, contract.active),
            installments: rules::plan::installments(own, plan.script.as_deref()),
            interest_rate: plan.interest_rate,
            guarantor: contract.guarantor.map(|guarantor| guarantor.code().to_owned()),
            max_breathing_period_count: rules::plan::most_breathing(
                contract.max_breathing_period_count,
            ),
            end_date: contract.end_date,
            customer_credit: rules::plan::customer_credit(credits, contract.id, customer)
                .map(|rials| rials.0),
            loan_grantor_ceiling: contract.loan_grantor_ceiling,
        });
    }
    offers.sort_by_key(|offer| (offer.contract_id, offer.plan_id));
    Ok(offers)
}
