//! What an invoice proves: paid by whom, verified, closed, cancelled, reduced, issued.

use bytes::Bytes;

use super::{Attempt, Evidence, MARK_PREFIX, Proof, Sighting, element, number, same_number};
use crate::{
    JalaliDate,
    client::Answer,
    invoices::{Invoice, PaymentTool},
    wire::form::Form,
};

impl Evidence {
    pub(super) fn weigh_invoices(
        self,
        form: &Form,
        invoices: &[Invoice],
        answer: &Answer,
        attempt: Attempt,
    ) -> Sighting {
        let (what, found) = match self.invoice_id(form) {
            Some(id) => {
                let found = invoices.iter().position(|invoice| invoice.id == id);
                (format!("invoice {id}"), found)
            }
            None => {
                let number = form.get("billNumber").unwrap_or_default();
                let is_it = |invoice: &Invoice| is_numbered(invoice, number, attempt);
                (format!("invoice with the number {number}"), invoices.iter().position(is_it))
            }
        };
        let Some((index, invoice)) = found.and_then(|index| Some((index, invoices.get(index)?)))
        else {
            // Of somebody else's invoice, its payer sees nothing. In all other cases the account
            // is a party to it, or the call could do nothing.
            return Sighting::nothing(what, Proof::not_seen(self == Self::PaidByAccount));
        };
        let mut shows = sketch(invoice);
        let proof = match self {
            Self::Marked => issued(form, invoice, || element(answer, index)),
            Self::Verified => {
                Proof::happened_if(invoice.verification_date.is_some(), || element(answer, index))
            }
            Self::VerifiedAndClosed => {
                let both = invoice.verification_date.is_some() && invoice.closed;
                Proof::happened_if(both, || element(answer, index))
            }
            Self::Reduced => {
                Proof::happened_if(is_reduced(form, invoice), || element(answer, index))
            }
            Self::Closed => Proof::happened_if(invoice.closed, yes),
            // Only its issuer cancels an invoice, so this account did.
            Self::Canceled => Proof::happened_if(invoice.canceled, yes),
            Self::Earmarked => earmarked(form, invoice, attempt),
            Self::Guaranteed => guaranteed(form, invoice, attempt),
            Self::PaidOutsidePod => paid_outside(invoice, attempt),
            Self::PaidByTerminal => paid_by_terminal(form, invoice, attempt),
            Self::PaidByAccount => paid_by(invoice, account(invoice, attempt), attempt, yes),
            Self::PaidForItself => {
                let user = attempt.user.or(user_of(invoice));
                paid_by(invoice, user, attempt, yes)
            }
            Self::PaidByItsUser => {
                // S1 types this answer as a text.
                paid_by(invoice, user_of(invoice), attempt, || Bytes::from_static(b"\"true\""))
            }
            Self::BillPaid
            | Self::BillCanceled
            | Self::LoanForInvoice
            | Self::LoanHasPlan
            | Self::ByRepeat
            | Self::Hidden => Proof::UNDECIDED,
        };
        if proof == Proof::UNDECIDED {
            shows.push_str("; whether this attempt took effect cannot be told");
        }
        Sighting { shows, proof }
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

/// How far the payment of an invoice has come.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Standing {
    /// It is not paid, or not any more.
    Open,
    /// It is paid, until its issuer verifies it or an hour has passed.
    Waiting,
    /// Nobody can pay it any more.
    Final,
}

fn standing(invoice: &Invoice, attempt: Attempt) -> Standing {
    let is_unverified = invoice.verification_needed && invoice.verification_date.is_none();
    let was_paid = invoice.payed || invoice.payment_date.is_some();
    if invoice.canceled {
        // What was paid went back, but it was paid.
        if was_paid { Standing::Final } else { Standing::Open }
    } else if invoice.payed {
        if is_unverified { Standing::Waiting } else { Standing::Final }
    } else if is_unverified && was_paid && !attempt.is_old() {
        Standing::Waiting
    } else {
        Standing::Open
    }
}

/// The attempt does not show; may it have happened and gone back?
fn may_have_gone_back(invoice: &Invoice, attempt: Attempt) -> Proof {
    let unverified = invoice.verification_needed && invoice.verification_date.is_none();
    let canceled_since =
        invoice.canceled && (invoice.cancel_date.is_none() || attempt.covers(invoice.cancel_date));
    Proof::not_seen((unverified && attempt.is_old()) || canceled_since)
}

/// The invoice is paid, but not by this attempt: as long as the payment is not final, the invoice
/// may be open again.
fn by_another(invoice: &Invoice, attempt: Attempt) -> Proof {
    match standing(invoice, attempt) {
        Standing::Final => Proof::ByAnother,
        Standing::Open | Standing::Waiting => may_have_gone_back(invoice, attempt),
    }
}

/// Is the invoice paid by this user?
fn paid_by(
    invoice: &Invoice,
    user: Option<u64>,
    attempt: Attempt,
    result: impl FnOnce() -> Bytes,
) -> Proof {
    if standing(invoice, attempt) == Standing::Open {
        return may_have_gone_back(invoice, attempt);
    }
    let payer = invoice.payer.as_ref().map(|payer| payer.id);
    match (payer, user) {
        (Some(payer), Some(user)) if payer == user => Proof::Happened(result()),
        (Some(_), Some(_)) => by_another(invoice, attempt),
        // A payer whom we cannot compare with anybody may be anybody.
        (Some(_), None) => Proof::UNDECIDED,
        // Without a payer: whom it was issued for, or else who called just now.
        (None, Some(user)) if user_of(invoice) == Some(user) => Proof::Happened(result()),
        (None, _) if attempt.covers(invoice.payment_date) => Proof::Happened(result()),
        (None, _) => Proof::UNDECIDED,
    }
}

/// The account's user. Where nobody has told, the invoice does: the account sees only what it
/// issued, and what was issued for it.
fn account(invoice: &Invoice, attempt: Attempt) -> Option<u64> {
    attempt.user.or_else(|| {
        let own = attempt.business?;
        if invoice.business.as_ref()?.id == own {
            invoice.issuer_srv.as_ref().map(|user| user.id)
        } else {
            user_of(invoice)
        }
    })
}

fn user_of(invoice: &Invoice) -> Option<u64> {
    invoice.user_srv.as_ref().map(|user| user.id)
}

/// Did money of POD's pay the invoice? An unknown payment tool may be POD's word for none.
fn shows_money(invoice: &Invoice) -> bool {
    let by_credit = matches!(
        invoice.payment_tool_code,
        Some(PaymentTool::PaymentToolCredit | PaymentTool::PaymentToolOnlineCredit)
    );
    by_credit
        || invoice.delegation_amount.is_some_and(|rials| rials.0 > 0)
        || invoice.will_be_blocked
        || is_given(&invoice.masked_card_number)
        || is_given(&invoice.bank_gateway)
        || is_given(&invoice.terminal_number)
}

/// Only its issuer marks an invoice as paid outside POD, so this account did.
fn paid_outside(invoice: &Invoice, attempt: Attempt) -> Proof {
    if standing(invoice, attempt) == Standing::Open {
        may_have_gone_back(invoice, attempt)
    } else if shows_money(invoice) {
        by_another(invoice, attempt)
    } else if invoice.payer.is_none() || attempt.covers(invoice.payment_date) {
        Proof::Happened(yes())
    } else {
        Proof::UNDECIDED
    }
}

/// The receipt's numbers tell: a terminal's transaction pays once.
fn paid_by_terminal(form: &Form, invoice: &Invoice, attempt: Attempt) -> Proof {
    if standing(invoice, attempt) == Standing::Open {
        return may_have_gone_back(invoice, attempt);
    }
    let same = |shown: &Option<String>, field| {
        let shown = shown.as_deref().filter(|shown| !shown.is_empty())?;
        Some(same_number(shown, form.get(field)?))
    };
    let terminal = same(&invoice.terminal_number, "terminalNumber");
    let transaction = same(&invoice.transaction_reference_id, "referenceNumber");
    // Elsewhere than here, `referenceNumber` is POD's own: it can agree, and need not.
    let reference = same(&invoice.reference_number, "referenceNumber");
    match (transaction, terminal) {
        (Some(true), _) => Proof::Happened(yes()),
        _ if reference == Some(true) => Proof::Happened(yes()),
        // The invoice is the terminal's deposit identifier.
        (None, Some(true)) => Proof::Happened(yes()),
        (Some(false), _) | (_, Some(false)) => by_another(invoice, attempt),
        (None, None) if shows_money(invoice) => by_another(invoice, attempt),
        (None, None) => Proof::UNDECIDED,
    }
}

/// Only its issuer gives a creditor invoice's money away, so this account did.
fn earmarked(form: &Form, creditor: &Invoice, attempt: Attempt) -> Proof {
    let debtor = number(form, "debtorInvoiceId");
    match creditor.will_blocked_for {
        Some(debt) if Some(debt) == debtor => Proof::Happened(yes()),
        // An unverified payment of the debt frees the creditor invoice again, and the creditor
        // invoice does not tell whether the debt's payment has to be verified.
        _ if attempt.is_old() => Proof::UNDECIDED,
        Some(_) if creditor.will_be_paid => Proof::ByAnother,
        None if creditor.will_be_paid => Proof::UNDECIDED,
        _ => Proof::not_seen(false),
    }
}

/// Only whom an invoice was issued for gives a guarantee for it, so this account did.
fn guaranteed(form: &Form, invoice: &Invoice, attempt: Attempt) -> Proof {
    let day: Option<JalaliDate> = form.get("date").and_then(|day| day.parse().ok());
    match invoice.will_be_paid_at {
        Some(at) if Some(at.jalali_date()) == day => Proof::Happened(yes()),
        Some(_) => Proof::ByAnother,
        None => {
            // Both instants are POD's own. What was paid before the day was paid otherwise.
            let begin = day.and_then(JalaliDate::start);
            let is_before = begin.zip(invoice.payment_date).is_some_and(|(begin, at)| at < begin);
            if is_before && standing(invoice, attempt) != Standing::Open {
                by_another(invoice, attempt)
            } else {
                paid_by(invoice, attempt.user.or(user_of(invoice)), attempt, yes)
            }
        }
    }
}

/// Are the lines, and the tax, as they were asked for? Lines alike an earlier reduction's were
/// reduced by this account, too.
fn is_reduced(form: &Form, invoice: &Invoice) -> bool {
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
    invoice.edited && asks_something && is_taxed && lines.iter().enumerate().all(as_asked)
}

/// The host's own mark is on nothing else. A number that the guest chose may be on an older
/// invoice, which is then another one. A preview is kept nowhere.
fn issued(form: &Form, invoice: &Invoice, result: impl FnOnce() -> Bytes) -> Proof {
    if form.get("preview") == Some("true") {
        return Proof::not_seen(false);
    }
    let is_marked = form.get("billNumber").is_some_and(|number| number.starts_with(MARK_PREFIX));
    if is_marked || is_as_asked(form, invoice) {
        Proof::Happened(result())
    } else {
        Proof::ByAnother
    }
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
fn is_numbered(invoice: &Invoice, number: &str, attempt: Attempt) -> bool {
    let is_own = match (attempt.business, &invoice.business) {
        (Some(own), Some(issuer)) => issuer.id == own,
        _ => true,
    };
    is_own && !number.is_empty() && invoice.bill_number.as_deref() == Some(number)
}

fn is_given(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(|text| !text.is_empty())
}

/// What most services answer.
fn yes() -> Bytes {
    Bytes::from_static(b"true")
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
