//! What an invoice shows of its payment: whether it is paid, by whom, and in which way.

use super::{Attempt, Prior, Proof, number, same_number, yes};
use crate::{
    Instant, JalaliDate,
    catalogue::PODLAND_WALLET,
    invoices::{Invoice, PaymentTool},
    rules,
    wire::form::Form,
};

/// How far the payment of an invoice has come.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Standing {
    /// It is not paid, or not any more.
    Open,
    /// It is paid, until its issuer verifies it or an hour has passed.
    Waiting,
    /// Nobody can pay it any more.
    Final,
}

pub(super) fn standing(invoice: &Invoice, attempt: Attempt<'_>) -> Standing {
    let facts = rules::invoice::Invoice::from(invoice);
    if invoice.canceled {
        // What was paid went back, but it was paid.
        let was_paid = invoice.payed || invoice.payment_date.is_some();
        if was_paid { Standing::Final } else { Standing::Open }
    } else if facts.unverified && (invoice.payed || !attempt.is_old()) {
        Standing::Waiting
    } else if invoice.payed {
        Standing::Final
    } else {
        Standing::Open
    }
}

/// Could the invoice be paid, or did it have a payment?
pub(super) fn prior(invoice: &Invoice) -> Prior {
    if invoice.payed || (invoice.verification_needed && invoice.payment_date.is_some()) {
        Prior::AlreadySo
    } else if rules::invoice::Invoice::from(invoice).open().is_err() {
        Prior::Barred
    } else {
        Prior::Open
    }
}

/// What tells one payment of the invoice from another.
pub(super) fn stamp(invoice: &Invoice) -> String {
    let payer = invoice.payer.as_ref().map(|payer| payer.id);
    let millis = |at: Option<Instant>| at.map_or(0, |at| at.0);
    format!(
        "payed {} {} {payer:?} {} {}",
        invoice.payed,
        millis(invoice.payment_date),
        invoice.will_be_blocked,
        invoice.reference_number.as_deref().unwrap_or_default()
    )
}

/// In which way an invoice was paid, as far as it shows.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Route {
    /// Out of another invoice.
    Netting,
    /// At a shop's terminal, or by a card at the gateway.
    Card,
    /// From a wallet or credit, by a call.
    Call,
    /// From a wallet or credit, and POD does not show how.
    Credit,
    /// Nothing of POD's money shows: it was paid elsewhere, or POD does not show how.
    NothingShown,
    /// By means of which this version knows no name.
    Unknown,
}

fn route(invoice: &Invoice) -> Route {
    let is_given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    if invoice.will_be_blocked {
        Route::Netting
    } else if is_given(&invoice.terminal_number)
        || is_given(&invoice.masked_card_number)
        || invoice.bank_gateway.is_some()
    {
        Route::Card
    } else {
        match &invoice.payment_tool_code {
            Some(PaymentTool::PaymentToolCredit) => Route::Call,
            // The gateway's word; no document says that a call never shows it.
            Some(PaymentTool::PaymentToolOnlineCredit) => Route::Credit,
            Some(_) => Route::Unknown,
            None if invoice.delegation_amount.is_some_and(|rials| rials.0 > 0)
                || is_given(&invoice.wallet) =>
            {
                Route::Credit
            }
            None => Route::NothingShown,
        }
    }
}

/// The attempt does not show; may it have happened and gone back?
pub(super) fn may_have_gone_back(invoice: &Invoice, attempt: Attempt<'_>) -> Proof {
    let unverified = invoice.verification_needed && invoice.verification_date.is_none();
    let canceled_since =
        invoice.canceled && (invoice.cancel_date.is_none() || attempt.covers(invoice.cancel_date));
    Proof::not_seen((unverified && attempt.is_old()) || canceled_since)
}

/// The invoice is paid, but not by this attempt: as long as the payment is not final, the invoice
/// may be open again.
pub(super) fn by_another(invoice: &Invoice, attempt: Attempt<'_>) -> Proof {
    match standing(invoice, attempt) {
        Standing::Final => Proof::ByAnother,
        Standing::Open | Standing::Waiting => may_have_gone_back(invoice, attempt),
    }
}

/// Is the invoice paid from this user's wallet or credit, by a call like this one?
pub(super) fn by_credit(
    form: &Form,
    invoice: &Invoice,
    user: Option<u64>,
    attempt: Attempt<'_>,
) -> Proof {
    if standing(invoice, attempt) == Standing::Open {
        return may_have_gone_back(invoice, attempt);
    }
    let route = route(invoice);
    let wallet = form.get("wallet").filter(|code| !code.is_empty()).unwrap_or(PODLAND_WALLET);
    let shown = invoice.wallet.as_deref().filter(|code| !code.is_empty());
    if matches!(route, Route::Netting | Route::Card) {
        return by_another(invoice, attempt);
    }
    match (invoice.payer.as_ref().map(|payer| payer.id), user) {
        (Some(payer), Some(user)) if payer != user => by_another(invoice, attempt),
        (Some(_), Some(_))
            if matches!(route, Route::Call | Route::NothingShown)
                && shown.is_none_or(|shown| shown == wallet)
                && attempt.may_have_made(invoice.payment_date) =>
        {
            Proof::Happened(yes())
        }
        // Whoever paid is not named, or cannot be compared with anybody, or may have paid otherwise.
        _ => Proof::UNDECIDED,
    }
}

/// Is the invoice paid by the code that its user got? A user who pays by a call of his own leaves
/// the same traces, so this can be denied, and never be claimed.
pub(super) fn by_code(invoice: &Invoice, attempt: Attempt<'_>) -> Proof {
    if standing(invoice, attempt) == Standing::Open {
        return may_have_gone_back(invoice, attempt);
    }
    let payer = invoice.payer.as_ref().map(|payer| payer.id);
    let is_other = payer.is_some() && payer != user_of(invoice) && user_of(invoice).is_some();
    if is_other || matches!(route(invoice), Route::Netting | Route::Card) {
        by_another(invoice, attempt)
    } else {
        Proof::UNDECIDED
    }
}

/// Only its issuer marks an invoice as paid outside POD, so this account did.
pub(super) fn outside_pod(invoice: &Invoice, attempt: Attempt<'_>) -> Proof {
    if standing(invoice, attempt) == Standing::Open {
        return may_have_gone_back(invoice, attempt);
    }
    match route(invoice) {
        // A payer that is named paid with something.
        Route::NothingShown
            if invoice.payer.is_none() && attempt.may_have_made(invoice.payment_date) =>
        {
            Proof::Happened(yes())
        }
        Route::NothingShown | Route::Unknown => Proof::UNDECIDED,
        Route::Netting | Route::Card | Route::Call | Route::Credit => by_another(invoice, attempt),
    }
}

/// The receipt's numbers tell: a terminal's transaction pays once.
pub(super) fn by_terminal(form: &Form, invoice: &Invoice, attempt: Attempt<'_>) -> Proof {
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
    let is_ours = match (transaction, terminal) {
        (Some(true), _) => Some(true),
        _ if reference == Some(true) => Some(true),
        // The invoice is the terminal's deposit identifier.
        (None, Some(true)) => Some(true),
        (Some(false), _) | (_, Some(false)) => Some(false),
        (None, None) if matches!(route(invoice), Route::Netting | Route::Call | Route::Credit) => {
            Some(false)
        }
        (None, None) => None,
    };
    match is_ours {
        Some(true) if attempt.may_have_made(invoice.payment_date) => Proof::Happened(yes()),
        Some(true) | None => Proof::UNDECIDED,
        Some(false) => by_another(invoice, attempt),
    }
}

/// Only whom an invoice was issued for gives a guarantee for it, so this account did.
pub(super) fn guaranteed(form: &Form, invoice: &Invoice, attempt: Attempt<'_>) -> Proof {
    let day: Option<JalaliDate> = form.get("date").and_then(|day| day.parse().ok());
    match invoice.will_be_paid_at {
        // A guarantee has no date of its own; looked at late, it may be a later one.
        Some(at) if Some(at.jalali_date()) == day && attempt.may_have_made(None) => {
            Proof::Happened(yes())
        }
        Some(at) if Some(at.jalali_date()) == day => Proof::UNDECIDED,
        Some(_) => Proof::ByAnother,
        None if standing(invoice, attempt) == Standing::Open => {
            may_have_gone_back(invoice, attempt)
        }
        None => {
            // Both instants are POD's own. What was paid before the day was paid otherwise.
            let begin = day.and_then(JalaliDate::start);
            let is_before = begin.zip(invoice.payment_date).is_some_and(|(begin, at)| at < begin);
            if is_before { by_another(invoice, attempt) } else { Proof::UNDECIDED }
        }
    }
}

/// A debt is settled out of a creditor invoice. Only who issued the creditor invoice gives its money
/// away, and only whom the debt is billed to settles it: this account, on both sides.
pub(super) fn netted(
    form: &Form,
    creditor: &Invoice,
    debtor: &Invoice,
    attempt: Attempt<'_>,
) -> Proof {
    // A debt that is cancelled gives the creditor invoice's money back, and shows no netting any more.
    if debtor.canceled || standing(debtor, attempt) == Standing::Open {
        // An unverified payment of the debt frees the creditor invoice again.
        return match may_have_gone_back(debtor, attempt) {
            Proof::NotSeen { may_have_gone_back: false } if creditor.will_be_paid => {
                Proof::ByAnother
            }
            proof => proof,
        };
    }
    if !debtor.will_be_blocked {
        return by_another(debtor, attempt);
    }
    if !creditor.will_be_paid {
        return by_another(debtor, attempt);
    }
    // The link moves on when the debt was a loan's down payment, to what the loan pays. Then it takes
    // that both sides were free before.
    let is_linked = creditor.will_blocked_for == number(form, "debtorInvoiceId");
    let were_free = attempt.before.is_some_and(|before| before.prior == Prior::Open);
    if (is_linked || were_free) && attempt.may_have_made(debtor.payment_date) {
        Proof::Happened(yes())
    } else {
        Proof::UNDECIDED
    }
}

/// Could the debt be settled out of the creditor invoice?
pub(super) fn prior_of_netting(creditor: &Invoice, debtor: &Invoice) -> Prior {
    match prior(debtor) {
        Prior::Open if creditor.will_be_paid => Prior::AlreadySo,
        Prior::Open => match rules::invoice::Invoice::from(creditor).free_for_netting() {
            Ok(()) => Prior::Open,
            Err(_) => Prior::Barred,
        },
        prior => prior,
    }
}

pub(super) fn user_of(invoice: &Invoice) -> Option<u64> {
    invoice.user_srv.as_ref().map(|user| user.id)
}

/// The account's user. Where nobody has told, the invoice does: the account sees only what it
/// issued, and what was issued for it.
pub(super) fn account(invoice: &Invoice, attempt: Attempt<'_>) -> Option<u64> {
    attempt.user.or_else(|| {
        let own = attempt.business?;
        if invoice.business.as_ref()?.id == own {
            invoice.issuer_srv.as_ref().map(|user| user.id)
        } else {
            user_of(invoice)
        }
    })
}
