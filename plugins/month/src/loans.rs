//! Loans, for what nothing else pays: the plan of least cost, its down payment out of the wallet.

use pod_sdk::{
    Error, Reason, Result, clock, each,
    invoices::{GetInvoiceListRequest, Invoice},
    loan_plan::{Choice, InvoiceToFinance, Offer},
    loans::{self, BreathingPeriodType, LoanPlanListRequest, PayInvoiceByLoanRequest},
    payments::{self, GetPayInvoiceByWalletLinkRequest, PayInvoiceByCreditRequest},
    values::Instant,
};

use crate::{
    config::{Config, Stated},
    report::{Loan, Open, Outcome, Payment, Report, WalletShare},
};

const PAY_BY_LOAN: &str = "payInvoiceByLoan";
const PAY_BY_CREDIT: &str = "payInvoiceByCredit";

/// Takes a loan for each of these debts that one fits. `wallet` is what the wallet can spare.
pub fn take(
    debts: Vec<Invoice>,
    known: &[u64],
    config: &Config,
    mut wallet: u64,
    report: &mut Report,
) -> Result<()> {
    let mut offers = if config.take_loans && !debts.is_empty() {
        let customer = debts[0].user_srv.as_ref().map(|user| user.id);
        offers(&config.stated, customer)?
    } else {
        Vec::new()
    };
    let mut known = known.to_vec();
    for debt in debts {
        let invoice = InvoiceToFinance {
            id: debt.id,
            payable_amount: debt.payable_amount,
            user_id: debt.user_srv.as_ref().map(|user| user.id),
            issuer_id: debt.business.as_ref().map(|business| business.id),
        };
        // The down payment is the wallet's to pay.
        let most_down_payment = config.loan.most_down_payment.min(wallet);
        let constraints = loan_plan::Config { most_down_payment, ..config.loan.clone() };
        let choice = if constraints.least_down_payment > wallet {
            None
        } else {
            let now = Instant(clock::now());
            loan_plan::select(&invoice, &offers, &constraints, now)?.choice
        };
        let Some(choice) = choice else {
            let reason = if offers.is_empty() {
                Reason::new("nothing-left-to-pay-with", [debt.payable_amount])
            } else {
                Reason::new("no-loan-fits", [debt.payable_amount, offers.len() as u64, wallet])
            };
            let (invoice, rials) = (debt.id, debt.payable_amount);
            report.unpaid.push(Open { invoice, rials, reason: Some(reason) });
            continue;
        };
        let borrowed = debt.payable_amount - choice.primary_amount;
        if borrow(&debt, choice, &mut known, config, report) {
            wallet -= debt.payable_amount - borrowed;
            for offer in &mut offers {
                // Members of a contract borrow from one credit, whatever the plan.
                offer.customer_credit =
                    offer.customer_credit.map(|credit| credit.saturating_sub(borrowed));
            }
        } else {
            let (invoice, rials) = (debt.id, debt.payable_amount);
            report.unpaid.push(Open { invoice, rials, reason: None });
        }
    }
    Ok(())
}

/// Takes one loan, and makes its down payment. True, if it was made.
fn borrow(
    debt: &Invoice,
    choice: Choice,
    known: &mut Vec<u64>,
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
            return false;
        }
    };
    let confirm_at = if loan.active || choice.primary_amount > 0 {
        None
    } else {
        payments::get_pay_invoice_by_wallet_link(&GetPayInvoiceByWalletLinkRequest {
            invoice_id: debt.id,
            redirect_uri: None,
            call_uri: None,
            gateway: None,
        })
        .ok()
    };
    let outcome = if confirm_at.is_some() { Outcome::AwaitingConfirmation } else { Outcome::Paid };
    report.payments.push(Payment { outcome, ..payment });
    report.borrowed += debt.payable_amount - choice.primary_amount;
    report.interest += choice.total_cost - debt.payable_amount;
    report.loans.push(Loan {
        id: loan.id,
        invoice: debt.id,
        plan_id: choice.plan_id,
        primary_amount: choice.primary_amount,
        total_cost: choice.total_cost,
        confirm_at,
    });
    if choice.primary_amount > 0 {
        pay_down(debt, choice.primary_amount, known, config, report);
    }
    true
}

/// Pays the invoice that the loan has made of its down payment.
fn pay_down(
    debt: &Invoice,
    rials: u64,
    known: &mut Vec<u64>,
    config: &Config,
    report: &mut Report,
) {
    let service = PAY_BY_CREDIT;
    let found = match down_payment(debt, rials, known) {
        Ok(Some(invoice)) => invoice,
        Ok(None) => {
            let reason = Some(Reason::new("down-payment-not-found", [rials]));
            let outcome = Outcome::Skipped;
            let (invoice, reason) = (debt.id, reason);
            let missing =
                Payment { service, invoice, rials, outcome, reason, ..Payment::default() };
            report.payments.push(missing);
            return;
        }
        Err(error) => {
            let payment = Payment { service, invoice: debt.id, rials, ..Payment::default() };
            report.tried(payment, Err(error));
            return;
        }
    };
    known.push(found);
    let paid = payments::pay_invoice_by_credit(&PayInvoiceByCreditRequest {
        invoice_id: found,
        wallet: Some(config.wallet_code.clone()),
        delegator_id: Vec::new(),
        delegation_hash: Vec::new(),
        force_delegation: Some(false),
    });
    let payment = Payment {
        service,
        invoice: found,
        rials,
        wallet: Some(WalletShare { code: config.wallet_code.clone(), rials }),
        reason: Some(Reason::new("down-payment", [debt.id, rials])),
        ..Payment::default()
    };
    if report.tried(payment, paid.map(drop)) {
        report.from_wallet += rials;
    }
}

/// The newest open invoice of the same shop that is for just so much and was not there before.
fn down_payment(debt: &Invoice, rials: u64, known: &[u64]) -> Result<Option<u64>, Error> {
    let shop = debt.business.as_ref().map(|business| business.id);
    let open = GetInvoiceListRequest {
        is_payed: Some(false),
        is_canceled: Some(false),
        ..Default::default()
    };
    for invoice in each(open) {
        let invoice = invoice?;
        let of_shop = invoice.business.as_ref().map(|business| business.id) == shop;
        if of_shop && invoice.payable_amount == rials && !known.contains(&invoice.id) {
            return Ok(Some(invoice.id));
        }
    }
    Ok(None)
}

/// What is on offer, by contract and plan.
fn offers(stated: &Stated, customer: Option<u64>) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for plan in each(LoanPlanListRequest::default()) {
        let plan = plan?;
        let Some(contract) = plan.contract else { continue };
        let own = stated.loan_plans.iter().find(|stated| stated.id == plan.id);
        let installments = own.map(|plan| plan.installments);
        let customer_credit = stated.loan_credits.as_ref().map(|credits| {
            let own = credits.iter().find(|credit| {
                credit.contract_id == contract.id && Some(credit.user_id) == customer
            });
            own.map_or(0, |credit| credit.credit.0)
        });
        offers.push(Offer {
            contract_id: contract.id,
            contract_name: contract.name,
            plan_id: plan.id,
            plan_name: plan.name,
            active: plan.active && contract.active,
            installments: installments.or_else(|| in_script(plan.script.as_deref()?)),
            interest_rate: plan.interest_rate,
            guarantor: contract.guarantor.map(|guarantor| guarantor.code().to_owned()),
            max_breathing_period_count: contract.max_breathing_period_count.unwrap_or(0),
            end_date: contract.end_date,
            customer_credit,
            loan_grantor_ceiling: contract.loan_grantor_ceiling,
        });
    }
    offers.sort_by_key(|offer| (offer.contract_id, offer.plan_id));
    Ok(offers)
}

/// POD's scripts are opaque; the local platform's is `{"installments":6}`.
fn in_script(script: &str) -> Option<u32> {
    let (_, count) = script.split_once("\"installments\":")?;
    count.trim_end_matches('}').trim().parse().ok()
}
