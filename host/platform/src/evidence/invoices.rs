//! What an invoice shows: issued, verified, closed, cancelled, reduced; and, by
//! [`payments`](super::payments), paid.

use bytes::Bytes;

use super::{
    Attempt, Before, Evidence, MARK_PREFIX, Prior, Proof, Sighting, Witness, number,
    payments::{self, user_of},
    yes,
};
use crate::{invoices::Invoice, rules, wire::form::Form};

/// The invoices that a call is about, where the answers show them.
struct Found<'a> {
    /// How the call names the first one.
    what: String,
    first: Option<(usize, &'a Invoice)>,
    /// Of a netting, the debt.
    debtor: Option<&'a Invoice>,
}

impl Evidence {
    fn find<'a>(
        self,
        form: &Form,
        witness: Witness<'a>,
        business: Option<u64>,
    ) -> Option<Found<'a>> {
        let invoices = witness.invoices(0)?;
        let position = |is_it: &dyn Fn(&Invoice) -> bool| {
            let index = invoices.iter().position(is_it)?;
            Some((index, invoices.get(index)?))
        };
        let (what, first) = match self.invoice_id(form) {
            Some(id) => (format!("invoice {id}"), position(&|invoice| invoice.id == id)),
            None => {
                let number = form.get("billNumber").unwrap_or_default();
                let first = position(&|invoice| is_numbered(invoice, number, business));
                (format!("invoice with the number {number}"), first)
            }
        };
        let debtor = match self {
            Self::Earmarked => {
                let id = number(form, "debtorInvoiceId");
                witness.invoices(1)?.iter().find(|invoice| Some(invoice.id) == id)
            }
            _ => None,
        };
        Some(Found { what, first, debtor })
    }

    /// What the invoices that a call is about show before it.
    pub(super) fn invoices_before(
        self,
        form: &Form,
        witness: Witness<'_>,
        business: Option<u64>,
    ) -> Option<Before> {
        let Found { what, first, debtor } = self.find(form, witness, business)?;
        let Some((_, invoice)) = first else {
            // A number that no invoice has is free.
            let prior = if self == Self::Marked { Prior::Open } else { Prior::Unseen };
            return Some(Before::nothing(&what, prior));
        };
        let facts = rules::invoice::Invoice::from(invoice);
        let changeable = facts.cancelable().is_ok();
        let (prior, stamp) = match (self, debtor) {
            (Self::Earmarked, Some(debtor)) => (
                payments::prior_of_netting(invoice, debtor),
                format!("{} {:?}", payments::stamp(debtor), invoice.will_blocked_for),
            ),
            (Self::Earmarked, None) => (Prior::Unseen, String::new()),
            (Self::Verified | Self::VerifiedAndClosed, _) => {
                let is_so = invoice.verification_date.is_some();
                (
                    Prior::of(is_so, facts.verifiable().is_ok()),
                    format!("{:?}", invoice.verification_date),
                )
            }
            (Self::Closed, _) => {
                (Prior::of(invoice.closed, facts.closable().is_ok()), String::new())
            }
            (Self::Canceled, _) => {
                (Prior::of(invoice.canceled, changeable), format!("{:?}", invoice.cancel_date))
            }
            (Self::Reduced, _) => {
                (Prior::of(is_as_reduced(form, invoice), changeable), String::new())
            }
            (Self::Marked, _) => (Prior::AlreadySo, invoice.id.to_string()),
            (Self::Guaranteed, _) => {
                let is_so = invoice.will_be_paid_at.is_some();
                let can = payments::prior(invoice) == Prior::Open;
                (Prior::of(is_so, can), format!("{:?}", invoice.will_be_paid_at))
            }
            _ => (payments::prior(invoice), payments::stamp(invoice)),
        };
        let shows = sketches(invoice, debtor);
        Some(Before { prior, shows, stamp, known: Vec::new() })
    }

    /// What they prove after it.
    pub(super) fn weigh_invoices(
        self,
        form: &Form,
        witness: Witness<'_>,
        attempt: Attempt<'_>,
    ) -> Option<Sighting> {
        let Found { what, first, debtor } = self.find(form, witness, attempt.business)?;
        let Some((index, invoice)) = first else {
            // Of somebody else's invoice, its payer sees nothing. In all other cases the account
            // is a party to it, or the call could do nothing.
            let proof = Proof::not_seen(self == Self::PaidByAccount);
            return Some(Sighting::nothing(&what, proof));
        };
        let element = || witness.element(0, index);
        let proof = match (self, debtor) {
            (Self::Earmarked, Some(debtor)) => payments::netted(form, invoice, debtor, attempt),
            (Self::Earmarked, None) => Proof::UNDECIDED,
            (Self::Marked, _) => issued(form, invoice, attempt, element),
            // Another service verifies and closes at once.
            (Self::Verified, _) if invoice.verification_date.is_some() && invoice.closed => {
                Proof::UNDECIDED
            }
            (Self::Verified, _) => {
                let is_so = invoice.verification_date.is_some();
                attempt.made(is_so, invoice.verification_date, element)
            }
            // Verified alone, by whomever, it is not what this call does.
            (Self::VerifiedAndClosed, _)
                if invoice.verification_date.is_some() && !invoice.closed =>
            {
                Proof::UNDECIDED
            }
            (Self::VerifiedAndClosed, _) => {
                let is_so = invoice.verification_date.is_some();
                attempt.made(is_so, invoice.verification_date, element)
            }
            (Self::Reduced, _) => {
                let is_so = invoice.edited && is_as_reduced(form, invoice);
                attempt.made(is_so, None, element)
            }
            (Self::Closed, _) if closes_by_itself(invoice, attempt) => Proof::UNDECIDED,
            (Self::Closed, _) => attempt.made(invoice.closed, None, yes),
            (Self::Canceled, _) => attempt.made(invoice.canceled, invoice.cancel_date, yes),
            (Self::Guaranteed, _) => payments::guaranteed(form, invoice, attempt),
            (Self::PaidOutsidePod, _) => payments::outside_pod(invoice, attempt),
            (Self::PaidByTerminal, _) => payments::by_terminal(form, invoice, attempt),
            (Self::PaidByAccount, _) => {
                payments::by_credit(form, invoice, payments::account(invoice, attempt), attempt)
            }
            (Self::PaidForItself, _) => {
                let user = attempt.user.or(user_of(invoice));
                payments::by_credit(form, invoice, user, attempt)
            }
            (Self::PaidByItsUser, _) => payments::by_code(invoice, attempt),
            _ => Proof::UNDECIDED,
        };
        Some(Sighting { shows: sketches(invoice, debtor), proof })
    }

    /// The invoice that the question names. None: it asks by `billNumber`.
    fn invoice_id(self, form: &Form) -> Option<u64> {
        match self {
            Self::Earmarked => number(form, "creditorInvoiceId"),
            Self::Marked => None,
            _ => number(form, "invoiceId").or_else(|| number(form, "id")),
        }
    }
}

/// May a closed invoice have closed because its time was over? That runs from the payment on at the
/// earliest, if not from its verification: no document tells.
fn closes_by_itself(invoice: &Invoice, attempt: Attempt<'_>) -> bool {
    let at = invoice
        .payment_date
        .and_then(|paid| rules::settlement::closes_at(invoice.unsafe_close_time_out, paid));
    invoice.closed && at.is_some_and(|at| attempt.reaches(at))
}

/// Are the lines, and the tax, as they were asked for?
fn is_as_reduced(form: &Form, invoice: &Invoice) -> bool {
    let lines: Vec<&str> = form.values("invoiceItemId").collect();
    let as_asked = |(index, id): (usize, &&str)| {
        let value = |field| form.values(field).nth(index);
        let price = value("price").and_then(|price| price.parse::<u64>().ok());
        let quantity = value("quantity").and_then(|quantity| quantity.parse::<f64>().ok());
        let line = invoice.invoice_item_srvs.iter().find(|line| line.id.to_string() == **id);
        match line {
            None => quantity == Some(0.0),
            Some(line) => {
                let description = line.description.as_deref();
                Some(line.amount.0) == price
                    && Some(line.quantity) == quantity
                    && (description.is_none() || description == value("itemDescription"))
            }
        }
    };
    let rate = form.get("preferredTaxRate").map(|rate| rate.parse::<f64>().ok());
    let is_taxed =
        match rate {
            None => true,
            // Which way POD rounds is not documented.
            Some(rate) => rate.zip(invoice.vat).zip(invoice.total_amount).is_some_and(
                |((rate, vat), amount)| (amount.0 as f64 * rate - vat.0 as f64).abs() <= 1.0,
            ),
        };
    let asks_something = !lines.is_empty() || rate.is_some();
    asks_something && is_taxed && lines.iter().enumerate().all(as_asked)
}

/// The host's own mark is on nothing else. A number that the guest chose may be on an older
/// invoice, which is then another one. A preview is kept nowhere.
fn issued(
    form: &Form,
    invoice: &Invoice,
    attempt: Attempt<'_>,
    result: impl FnOnce() -> Bytes,
) -> Proof {
    if form.get("preview") == Some("true") {
        Proof::not_seen(false)
    } else if is_marked(form) {
        Proof::Happened(result())
    } else if !is_as_asked(form, invoice) {
        Proof::ByAnother
    } else {
        attempt.made(true, invoice.issuance_date, result)
    }
}

/// Does the call carry the host's own mark?
pub(super) fn is_marked(form: &Form) -> bool {
    form.get("billNumber").is_some_and(|number| number.starts_with(MARK_PREFIX))
}

/// Is it for the same user, over the same lines in any order?
fn is_as_asked(form: &Form, invoice: &Invoice) -> bool {
    let user = number(form, "userId").filter(|user| *user != 0);
    let mut asked: Vec<(Option<u64>, Option<f64>)> = form
        .values("price")
        .zip(form.values("quantity"))
        .map(|(price, quantity)| (price.parse().ok(), quantity.parse().ok()))
        .collect();
    let mut shown: Vec<(Option<u64>, Option<f64>)> = invoice
        .invoice_item_srvs
        .iter()
        .map(|line| (Some(line.amount.0), Some(line.quantity)))
        .collect();
    // A registered product's own price is not known here.
    let is_priced = asked.iter().all(|(price, _)| price.is_some());
    let same_lines = if is_priced {
        for lines in [&mut asked, &mut shown] {
            lines.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        }
        asked == shown
    } else {
        asked.len() == shown.len()
    };
    user_of(invoice) == user && same_lines
}

/// Has an invoice of the account's own this number? Others may have issued one with the same
/// number for the account.
fn is_numbered(invoice: &Invoice, number: &str, business: Option<u64>) -> bool {
    let is_own = match (business, &invoice.business) {
        (Some(own), Some(issuer)) => issuer.id == own,
        _ => true,
    };
    is_own && !number.is_empty() && invoice.bill_number.as_deref() == Some(number)
}

/// What an operator would look at, of both sides of a netting.
fn sketches(invoice: &Invoice, debtor: Option<&Invoice>) -> String {
    match debtor {
        Some(debtor) => format!("{}; {}", sketch(invoice), sketch(debtor)),
        None => sketch(invoice),
    }
}

/// What an operator would look at.
fn sketch(invoice: &Invoice) -> String {
    let mut parts = vec![if invoice.payed { "payed".to_owned() } else { "not payed".to_owned() }];
    let flags = [
        ("verificationNeeded", invoice.verification_needed),
        ("canceled", invoice.canceled),
        ("closed", invoice.closed),
        ("edited", invoice.edited),
        ("waiting", invoice.waiting),
        ("willBePaid", invoice.will_be_paid),
        ("willBeBlocked", invoice.will_be_blocked),
    ];
    parts.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (*name).to_owned()));
    let numbers = [
        ("userSrv", user_of(invoice)),
        ("payer", invoice.payer.as_ref().map(|payer| payer.id)),
        ("willBlockedFor", invoice.will_blocked_for),
    ];
    parts.extend(numbers.iter().filter_map(|(name, id)| id.map(|id| format!("{name} {id}"))));
    let instants = [
        ("paymentDate", invoice.payment_date),
        ("verificationDate", invoice.verification_date),
        ("cancelDate", invoice.cancel_date),
        ("willBePaidAt", invoice.will_be_paid_at),
    ];
    parts.extend(instants.iter().filter_map(|(name, at)| at.map(|at| format!("{name} {at}"))));
    if let Some(tool) = &invoice.payment_tool_code {
        parts.push(tool.code().to_owned());
    }
    if let Some(terminal) = invoice.terminal_number.as_deref().filter(|text| !text.is_empty()) {
        parts.push(format!("terminalNumber {terminal}"));
    }
    format!("invoice {}: {}", invoice.id, parts.join(", "))
}
