//! Netting: debts settled out of paid invoices (S1, payInvoiceByInvoice).

use std::collections::{HashMap, HashSet};

use pod_platform::{
    Rial,
    invoices::{GetInvoiceListRequest, Invoice},
    payments::PayInvoiceByInvoiceRequest,
    types,
};
use serde::Serialize;

use crate::{
    bindings::{Credit, Debt, Pair},
    door::Door,
    guest::Stop,
    receipt::Violation,
};

/// Invoices a page.
const PAGE: u32 = 200;

/// What there is to net.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub debts: Vec<Debt>,
    pub credits: Vec<Credit>,
}

/// A call that the host made failed: the platform's reason, or the host's own.
#[derive(Debug)]
pub(crate) enum Broken {
    Call(types::Error),
    Stop(Stop),
}

impl From<types::Error> for Broken {
    fn from(error: types::Error) -> Self {
        Self::Call(error)
    }
}

impl From<crate::Error> for Broken {
    fn from(error: crate::Error) -> Self {
        Self::Stop(Stop::Host(error))
    }
}

/// Reads the open debts of `business`, and its paid invoices that are not earmarked yet.
pub(crate) async fn fetch(door: &Door, business: u64) -> Result<Books, Broken> {
    let issued_by_us =
        |invoice: &Invoice| invoice.business.as_ref().is_some_and(|issuer| issuer.id == business);
    let mut books = Books::default();
    for invoice in list(door, false).await? {
        let guaranteed = invoice.will_be_paid_at.is_some();
        if !issued_by_us(&invoice) && !invoice.closed && !invoice.waiting && !guaranteed {
            books.debts.push(Debt {
                id: invoice.id,
                payable_amount: invoice.payable_amount.0,
                issuer_id: invoice.business.map(|issuer| issuer.id),
                issuance_date: invoice.issuance_date.map(|at| at.0),
            });
        }
    }
    for invoice in list(door, true).await? {
        let unverified = invoice.verification_needed && invoice.verification_date.is_none();
        if issued_by_us(&invoice) && !invoice.will_be_paid && !invoice.closed && !unverified {
            books.credits.push(Credit {
                id: invoice.id,
                payable_amount: invoice.payable_amount.0,
                user_id: invoice.user_srv.map(|user| user.id),
                payment_date: invoice.payment_date.map(|at| at.0),
            });
        }
    }
    books.debts.sort_unstable_by_key(|debt| debt.id);
    books.credits.sort_unstable_by_key(|credit| credit.id);
    Ok(books)
}

async fn list(door: &Door, payed: bool) -> Result<Vec<Invoice>, Broken> {
    let mut invoices = Vec::new();
    loop {
        let request = GetInvoiceListRequest {
            offset: Some(invoices.len() as u64),
            size: PAGE,
            is_payed: Some(payed),
            is_canceled: Some(false),
            ..Default::default()
        };
        let page = door.call(&request).await??;
        let last = page.result.is_empty();
        invoices.extend(page.result);
        if last || invoices.len() as u64 >= page.count {
            return Ok(invoices);
        }
    }
}

/// What was decided, and what of it is done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub pairs: Vec<PlannedPair>,
    /// Open debts before the run, and what they amount to.
    pub debts: Side,
    /// Paid invoices at hand before the run, and what they amount to.
    pub credits: Side,
    /// Debts settled by the plan, and what they amount to.
    pub settled: Side,
    /// Creditor rials earmarked beyond the settled debts.
    pub earmarked_beyond: Rial,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlannedPair {
    pub creditor_invoice_id: u64,
    pub debtor_invoice_id: u64,
    pub creditor_rials: Rial,
    pub debtor_rials: Rial,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Side {
    pub invoices: usize,
    pub rials: Rial,
}

impl Side {
    fn of(amounts: impl Iterator<Item = Rial>) -> Self {
        let mut side = Self::default();
        for amount in amounts {
            side.invoices += 1;
            side.rials = Rial(side.rials.0.saturating_add(amount.0));
        }
        side
    }
}

/// Checks an answer against POD's rules: every pair, before anything is paid.
pub(crate) fn check(books: &Books, pairs: &[Pair]) -> Result<Plan, Vec<Violation>> {
    let debts: HashMap<u64, &Debt> = books.debts.iter().map(|debt| (debt.id, debt)).collect();
    let credits: HashMap<u64, &Credit> =
        books.credits.iter().map(|credit| (credit.id, credit)).collect();
    let mut used = HashSet::new();
    let mut violations = Vec::new();
    let mut planned = Vec::with_capacity(pairs.len());
    for (item, pair) in pairs.iter().enumerate() {
        let mut violate = |rule: &'static str, invoice: u64, what: String| {
            violations.push(Violation {
                rule,
                item,
                invoice,
                message: format!("pair {item}: invoice {invoice} {what}"),
            });
        };
        let (creditor, debtor) = (pair.creditor_invoice_id, pair.debtor_invoice_id);
        for invoice in [creditor, debtor] {
            if !used.insert(invoice) {
                violate(
                    "invoice-once",
                    invoice,
                    "is used twice; it settles or is settled once".into(),
                );
            }
        }
        let credit = credits.get(&creditor);
        let debt = debts.get(&debtor);
        if credit.is_none() {
            let what = "is not one of the account's paid and free creditor invoices";
            violate("own-creditor-invoice", creditor, what.into());
        }
        if debt.is_none() {
            violate("own-debt", debtor, "is not one of the account's open debts".into());
        }
        let (Some(credit), Some(debt)) = (credit, debt) else { continue };
        if credit.payable_amount < debt.payable_amount {
            let what = format!(
                "of {} rials does not cover invoice {debtor} of {} rials",
                Rial(credit.payable_amount).grouped(),
                Rial(debt.payable_amount).grouped()
            );
            violate("covered", creditor, what);
        }
        planned.push(PlannedPair {
            creditor_invoice_id: creditor,
            debtor_invoice_id: debtor,
            creditor_rials: Rial(credit.payable_amount),
            debtor_rials: Rial(debt.payable_amount),
        });
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let settled = Side::of(planned.iter().map(|pair| pair.debtor_rials));
    let earmarked = Side::of(planned.iter().map(|pair| pair.creditor_rials));
    Ok(Plan {
        debts: Side::of(books.debts.iter().map(|debt| Rial(debt.payable_amount))),
        credits: Side::of(books.credits.iter().map(|credit| Rial(credit.payable_amount))),
        earmarked_beyond: Rial(earmarked.rials.0.saturating_sub(settled.rials.0)),
        settled,
        pairs: planned,
    })
}

/// Pays what was planned, in the plan's order. The first failure ends it.
pub(crate) async fn execute(door: &Door, plan: &Plan) -> Result<(), Broken> {
    for pair in &plan.pairs {
        let request = PayInvoiceByInvoiceRequest {
            creditor_invoice_id: pair.creditor_invoice_id,
            debtor_invoice_id: pair.debtor_invoice_id,
        };
        door.call(&request).await??;
    }
    Ok(())
}
