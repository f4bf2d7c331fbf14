//! Netting: debts settled out of paid invoices (S1, payInvoiceByInvoice).

use std::collections::{BTreeMap, HashMap, HashSet};

use pod_platform::{Rial, Service, payments::PayInvoiceByInvoiceRequest, rules, types};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Broken, Decider, LeftOut, Payment, Side, Wanted, invoices, is_issued_by, payable, remark,
};
use crate::{
    contract::{Credit, Debt, Failure, NettingPlan, Remark},
    door::Door,
    guest::{Export, Guest, Lifted, Records},
    journal::Violation,
};

/// The document that says how invoices are netted.
const SOURCE: &str = "S1, payInvoiceByInvoice";

pub(crate) struct Netting<'a> {
    pub exports: &'a Export,
    /// Whose debts and credits.
    pub business: u64,
    /// Only these debts; none: all.
    pub wanted: Option<Wanted>,
}

/// What there is to net.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub debts: Vec<Debt>,
    pub credits: Vec<Credit>,
    /// The names of who is owed.
    issuers: HashMap<u64, String>,
    left_out: Vec<LeftOut>,
}

impl Decider for Netting<'_> {
    type Books = Books;
    type Proposal = NettingPlan;
    type Checked = CheckedNetting;

    async fn fetch(&self, door: &Door) -> Result<Books, Broken> {
        let business = Some(self.business);
        let mut books = Books::default();
        let unpaid = payable(door).await?;
        for invoice in unpaid.invoices {
            let wanted = self.wanted.as_ref().is_none_or(|wanted| wanted.contains(invoice.id));
            if wanted && !is_issued_by(&invoice, business) {
                if let Some(issuer) = &invoice.business {
                    books.issuers.insert(issuer.id, issuer.name.clone());
                }
                books.debts.push(Debt {
                    id: invoice.id,
                    payable_amount: invoice.payable_amount.0,
                    issuer_id: invoice.business.map(|issuer| issuer.id),
                    issuance_date: invoice.issuance_date.map(|at| at.0),
                });
            }
        }
        books.left_out = unpaid.left_out;
        if let Some(wanted) = &self.wanted {
            wanted.check_readable(&books.left_out)?;
            wanted.check_found(&books.debts.iter().map(|debt| debt.id).collect())?;
        }
        let paid = invoices(door, true).await?;
        books.left_out.extend(paid.left_out);
        for invoice in paid.invoices {
            let is_free = rules::invoice::Invoice::from(&invoice).free_for_netting().is_ok();
            if is_issued_by(&invoice, business) && is_free {
                books.credits.push(Credit {
                    id: invoice.id,
                    payable_amount: invoice.payable_amount.0,
                    issuer_id: business,
                    user_id: invoice.user_srv.map(|user| user.id),
                    payment_date: invoice.payment_date.map(|at| at.0),
                });
            }
        }
        books.debts.sort_unstable_by_key(|debt| debt.id);
        books.credits.sort_unstable_by_key(|credit| credit.id);
        Ok(books)
    }

    async fn ask(
        &self,
        guest: &mut Guest,
        books: &Books,
        config: &str,
    ) -> wasmtime::Result<Result<NettingPlan, Failure>> {
        ask(self.exports, guest, &books.debts, &books.credits, config).await
    }

    fn check(
        &self,
        books: Books,
        answer: NettingPlan,
        _: u64,
    ) -> Result<CheckedNetting, Vec<Violation>> {
        check(books, answer)
    }
}

/// Calls the decider.
pub(crate) async fn ask(
    exports: &Export,
    guest: &mut Guest,
    debts: &[Debt],
    credits: &[Credit],
    config: &str,
) -> wasmtime::Result<Result<NettingPlan, Failure>> {
    let books = (Records(debts), Records(credits), config);
    let answer: Result<Lifted<NettingPlan>, Failure> = exports.call(guest, books).await?;
    Ok(answer.map(|Lifted(plan)| plan))
}

/// What was decided, and what of it is done.
#[derive(Debug)]
pub(crate) struct CheckedNetting {
    books: Books,
    pairs: Vec<Pair>,
    payments: Vec<Payment>,
    still_owed: Vec<Remark>,
    kept_out: Vec<Remark>,
}

#[derive(Debug)]
struct Pair {
    creditor_invoice_id: u64,
    debtor_invoice_id: u64,
    creditor_rials: Rial,
}

fn check(books: Books, answer: NettingPlan) -> Result<CheckedNetting, Vec<Violation>> {
    let debts: HashMap<u64, &Debt> = books.debts.iter().map(|debt| (debt.id, debt)).collect();
    let credits: HashMap<u64, &Credit> =
        books.credits.iter().map(|credit| (credit.id, credit)).collect();
    let mut used = HashSet::new();
    let mut violations = Vec::new();
    let mut pairs = Vec::with_capacity(answer.pairs.len());
    let mut payments = Vec::with_capacity(answer.pairs.len());
    for (item, pair) in answer.pairs.into_iter().enumerate() {
        let mut violate = |rule: &'static str, invoice: u64, what: String| {
            violations.push(Violation {
                rule: rule.into(),
                item,
                invoice,
                message: format!("pair {item}: invoice {invoice} {what} ({SOURCE})"),
                source: SOURCE.into(),
            });
        };
        let (creditor, debtor) = (pair.creditor_invoice_id, pair.debtor_invoice_id);
        for invoice in [creditor, debtor] {
            if !used.insert(invoice) {
                let what = "is used twice; it settles or is settled once";
                violate("invoice-once", invoice, what.into());
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
        let (holds, owed) = (Rial(credit.payable_amount), Rial(debt.payable_amount));
        if rules::netting::covers(holds, owed).is_err() {
            let what = format!(
                "of {} rials does not cover invoice {debtor} of {} rials",
                holds.grouped(),
                owed.grouped()
            );
            violate("covered", creditor, what);
        }
        pairs.push(Pair {
            creditor_invoice_id: creditor,
            debtor_invoice_id: debtor,
            creditor_rials: holds,
        });
        let service = PayInvoiceByInvoiceRequest::ROW.name;
        payments.push(Payment::new(service, debtor, owed, pair.reason));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let NettingPlan { still_owed, kept_out, .. } = answer;
    Ok(CheckedNetting { books, pairs, payments, still_owed, kept_out })
}

/// What was owed to one business, before and after.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Issuer {
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    debts: Side,
    settled: Side,
    still_owed: Side,
}

impl super::CheckedPlan for CheckedNetting {
    fn payments(&mut self) -> &mut [Payment] {
        &mut self.payments
    }

    async fn pay(&mut self, index: usize, door: &Door) -> Result<Result<(), types::Error>, Broken> {
        let Pair { creditor_invoice_id, debtor_invoice_id, .. } = self.pairs[index];
        let request = PayInvoiceByInvoiceRequest { creditor_invoice_id, debtor_invoice_id };
        Ok(door.call(&request).await?.map(drop))
    }

    fn output(self) -> Value {
        let Self { books, pairs, payments, still_owed, kept_out } = self;
        let done: Vec<(&Pair, &Payment)> =
            pairs.iter().zip(&payments).filter(|(_, payment)| payment.settles()).collect();
        let settled: HashSet<u64> = done.iter().map(|(_, payment)| payment.invoice).collect();
        let mut issuers: BTreeMap<Option<u64>, Issuer> = BTreeMap::new();
        let mut owed = Side::default();
        for debt in &books.debts {
            let issuer = issuers.entry(debt.issuer_id).or_default();
            let rials = Rial(debt.payable_amount);
            issuer.debts.add(rials);
            if settled.contains(&debt.id) {
                issuer.settled.add(rials);
            } else {
                issuer.still_owed.add(rials);
                owed.add(rials);
            }
        }
        for (id, issuer) in &mut issuers {
            issuer.issuer_id = *id;
            issuer.name = id.and_then(|id| books.issuers.get(&id).cloned());
        }
        let paid = Side::of(done.iter().map(|(_, payment)| payment.rials));
        let earmarked = Side::of(done.iter().map(|(pair, _)| pair.creditor_rials));
        let credits = Side::of(books.credits.iter().map(|credit| Rial(credit.payable_amount)));
        let free = Side {
            invoices: credits.invoices - earmarked.invoices,
            rials: Rial(credits.rials.0.saturating_sub(earmarked.rials.0)),
        };
        let shown: Vec<Value> = pairs
            .iter()
            .zip(&payments)
            .map(|(pair, payment)| {
                let mut shown = json!(payment);
                shown["creditorInvoiceId"] = pair.creditor_invoice_id.into();
                shown["debtorInvoiceId"] = pair.debtor_invoice_id.into();
                shown["creditorRials"] = json!(pair.creditor_rials);
                shown["debtorRials"] = json!(payment.rials);
                shown
            })
            .collect();
        let mut output = json!({
            "payments": shown,
            "debts": Side::of(books.debts.iter().map(|debt| Rial(debt.payable_amount))),
            "credits": credits,
            "settled": paid,
            "earmarkedBeyond": earmarked.rials.0.saturating_sub(paid.rials.0),
            "left": owed,
            "free": free,
            "issuers": issuers.into_values().collect::<Vec<_>>(),
            "stillOwed": still_owed.iter().map(remark).collect::<Vec<_>>(),
            "keptOut": kept_out.iter().map(remark).collect::<Vec<_>>(),
        });
        LeftOut::tell(&books.left_out, &mut output);
        output
    }
}
