//! Did a call take effect whose answer never came? Each mutating service names the read that
//! tells, and what of the answer tells it.
//!
//! The rules lean to one side. What this account alone can have done, or what names it as payer,
//! counts as done, whenever it was done: to count a payment twice costs budget, to miss one costs
//! money. A date can prove, never disprove: a clock that is wrong would free a reservation whose
//! rials are gone. Where a state has two explanations, the attempt stays open.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{
    Instant, JalaliDate,
    bills::{BillPage, BillStatus, ListBillsRequest, ServiceBill},
    client::Answer,
    invoices::{GetInvoiceListRequest, Invoice, InvoicePage, PaymentTool},
    loans::{BusinessLoanListRequest, Loan, LoanListRequest, LoanPage, LoanStatus},
    service::{Request, Service as _},
    wire::form::Form,
};

/// How the `billNumber` begins by which the host marks an invoice that it issues for a policy.
pub const MARK_PREFIX: &str = "podhost-";

/// POD's clock and ours differ by up to so many milliseconds.
const SKEW: u64 = 5_000;

/// An unverified payment goes back after an hour (S1). So many milliseconds after the intent, one
/// that does not show may have gone back already.
const GOES_BACK: u64 = 55 * 60 * 1_000;

/// As many matches of a list as can matter, the newest first.
const MATCHES: u32 = 20;

/// Loans are shown with all their instalments and invoices.
const LOANS: u32 = 5;

/// How the effect of a mutating service shows on the platform. Part of its row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// An invoice of anybody is paid, and its `payer` is the account's user.
    PaidByAccount,
    /// An invoice for the account is paid, and its `payer` is the account's user.
    PaidForItself,
    /// An invoice is paid, and its `payer` is its own `userSrv`.
    PaidByItsUser,
    /// An invoice is `payed`, and shows none of POD's money: no wallet, credit, card or netting.
    PaidOutsidePod,
    /// An invoice is paid with the receipt's `terminalNumber` and `transactionReferenceId`.
    PaidByTerminal,
    /// The creditor invoice's `willBlockedFor` is the debt.
    Earmarked,
    /// The invoice's `willBePaidAt` is the day.
    Guaranteed,
    /// The invoice has a `verificationDate`.
    Verified,
    /// The invoice has a `verificationDate`, and is `closed`.
    VerifiedAndClosed,
    /// The invoice is `closed`.
    Closed,
    /// The invoice is `canceled`.
    Canceled,
    /// The invoice is `edited`, and its `invoiceItemSrvs` are as they were asked for.
    Reduced,
    /// An invoice of the account's has the `billNumber`.
    Marked,
    /// A bill of the account's has a `status` that only a paid one has.
    BillPaid,
    /// The bill's `status` is `SERVICE_BILL_CANCELED`.
    BillCanceled,
    /// A loan for the invoice, under the contract, has a `creationDate` after the intent.
    LoanForInvoice,
    /// The loan's `plan` is the one that was asked for.
    LoanHasPlan,
    /// Nothing has to be read: the call is repeated.
    ByRepeat,
    /// No service of POD's shows it.
    Hidden,
}

/// Whom the call acted for, and when its intent was written.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The user that the account acts, pays and is billed as, if it is known.
    pub user: Option<u64>,
    /// The business that the account issues as, if it is one and is known.
    pub business: Option<u64>,
    /// When the intent was written.
    pub since: Instant,
    /// Now.
    pub now: Instant,
}

impl Attempt {
    /// Did something take place after the intent?
    fn covers(self, at: Option<Instant>) -> bool {
        at.is_some_and(|at| at.0 >= self.since.0.saturating_sub(SKEW))
    }

    /// Is it so old that an unverified payment may have gone back?
    fn is_old(self) -> bool {
        self.now.0.saturating_sub(self.since.0) >= GOES_BACK
    }
}

/// What a look at the platform proves of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// It took effect. The service's `result` as POD writes it, as far as the read shows it: what
    /// the guest is answered. The service's own [`Reader`](crate::Reader) reads it.
    Happened(Bytes),
    /// The thing is in the state that the call asks for, but not through this account: this
    /// attempt did nothing and cannot any more.
    ByAnother,
    /// Nothing of it shows.
    NotSeen {
        /// It may have happened all the same, and no repeat would tell: a three-step payment goes
        /// back to the payer after an hour, an invoice was cancelled meanwhile, or what shows has
        /// two explanations.
        may_have_gone_back: bool,
    },
}

impl Proof {
    const UNDECIDED: Self = Self::NotSeen { may_have_gone_back: true };

    fn not_seen(may_have_gone_back: bool) -> Self {
        Self::NotSeen { may_have_gone_back }
    }

    fn happened_if(it_did: bool, result: impl FnOnce() -> Bytes) -> Self {
        if it_did { Self::Happened(result()) } else { Self::not_seen(false) }
    }
}

/// A look at the platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// What was read, for an operator: `invoice 501: payed, payer 7, paymentDate 1399/03/13
    /// 10:00:00`.
    pub shows: String,
    /// What it proves.
    pub proof: Proof,
}

impl Sighting {
    fn nothing(what: String, proof: Proof) -> Self {
        Self { shows: format!("{what}: the account sees none"), proof }
    }
}

impl Evidence {
    /// What is read and looked at, in one line of Markdown. None: nothing is read.
    #[must_use]
    pub fn reads(self) -> Option<&'static str> {
        Some(match self {
            Self::PaidByAccount | Self::PaidForItself => "`getInvoiceList`: `payed`, `payer`",
            Self::PaidByItsUser => "`getInvoiceList`: `payed`, `payer`, `userSrv`",
            Self::PaidOutsidePod => "`getInvoiceList`: `payed`, without POD's money",
            Self::PaidByTerminal => {
                "`getInvoiceList`: `payed`, `terminalNumber`, `transactionReferenceId`"
            }
            Self::Earmarked => "`getInvoiceList`: `willBlockedFor` of the creditor invoice",
            Self::Guaranteed => "`getInvoiceList`: `willBePaidAt`",
            Self::Verified => "`getInvoiceList`: `verificationDate`",
            Self::VerifiedAndClosed => "`getInvoiceList`: `verificationDate`, `closed`",
            Self::Closed => "`getInvoiceList`: `closed`",
            Self::Canceled => "`getInvoiceList`: `canceled`",
            Self::Reduced => "`getInvoiceList`: `edited`, `invoiceItemSrvs`",
            Self::Marked => "`getInvoiceList` by `billNumber`",
            Self::BillPaid => "`listBills` by both identifiers: `status`",
            Self::BillCanceled => "`listBills` by `id`: `status`",
            Self::LoanForInvoice => "`businessLoanList` by the invoice: `contract`, `creationDate`",
            Self::LoanHasPlan => "`loanList` by `id`: `plan`",
            Self::ByRepeat | Self::Hidden => return None,
        })
    }

    /// The read that tells, for a mutation's form. None: nothing can be read.
    #[must_use]
    pub fn question(self, form: &Form) -> Option<Request> {
        let request = match self {
            Self::PaidByAccount
            | Self::PaidForItself
            | Self::PaidByItsUser
            | Self::PaidOutsidePod
            | Self::PaidByTerminal
            | Self::Guaranteed => invoice_by_id(form, "invoiceId")?.prepare(),
            // The debtor invoice shows that it is netted, the creditor invoice against which debt.
            Self::Earmarked => invoice_by_id(form, "creditorInvoiceId")?.prepare(),
            Self::Verified if form.get("id").is_none() => invoice_by_number(form)?.prepare(),
            Self::Verified
            | Self::VerifiedAndClosed
            | Self::Closed
            | Self::Canceled
            | Self::Reduced => invoice_by_id(form, "id")?.prepare(),
            Self::Marked => invoice_by_number(form)?.prepare(),
            Self::BillPaid => ListBillsRequest {
                size: MATCHES,
                bill_id: Some(form.get("billId")?.to_owned()),
                payment_id: Some(form.get("paymentId")?.to_owned()),
                ..Default::default()
            }
            .prepare(),
            Self::BillCanceled => {
                ListBillsRequest { size: 1, id: Some(number(form, "id")?), ..Default::default() }
                    .prepare()
            }
            Self::LoanForInvoice => BusinessLoanListRequest {
                size: LOANS,
                subject_invoice_id: Some(number(form, "invoiceId")?),
                ..Default::default()
            }
            .prepare(),
            Self::LoanHasPlan => {
                LoanListRequest { size: 1, id: Some(number(form, "loanId")?), ..Default::default() }
                    .prepare()
            }
            Self::ByRepeat | Self::Hidden => return None,
        };
        request.ok()
    }

    /// What the answer to the [question](Self::question) proves.
    #[must_use]
    pub fn weigh(self, form: &Form, answer: &Answer, attempt: Attempt) -> Sighting {
        let value = &answer.value;
        if let Some(page) = value.downcast_ref::<InvoicePage>() {
            self.weigh_invoices(form, &page.result, answer, attempt)
        } else if let Some(page) = value.downcast_ref::<BillPage>() {
            self.weigh_bills(form, &page.result, answer, attempt)
        } else if let Some(page) = value.downcast_ref::<LoanPage>() {
            self.weigh_loans(form, &page.result, answer, attempt)
        } else {
            let shows = "the answer is to another question".to_owned();
            Sighting { shows, proof: Proof::UNDECIDED }
        }
    }

    fn weigh_invoices(
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

    fn weigh_bills(
        self,
        form: &Form,
        bills: &[ServiceBill],
        answer: &Answer,
        attempt: Attempt,
    ) -> Sighting {
        if self == Self::BillCanceled {
            let id = number(form, "id");
            let found = bills.iter().position(|bill| Some(bill.id) == id);
            return match found.and_then(|index| Some((index, bills.get(index)?))) {
                Some((index, bill)) => Sighting {
                    shows: sketch_bill(bill),
                    proof: Proof::happened_if(
                        bill.status == BillStatus::ServiceBillCanceled,
                        || element(answer, index),
                    ),
                },
                None => {
                    let what = format!("bill {}", id.unwrap_or_default());
                    Sighting::nothing(what, Proof::not_seen(false))
                }
            };
        }
        let field = |name| form.get(name).unwrap_or_default();
        let is_it = |bill: &ServiceBill| {
            same_number(&bill.bill_id, field("billId"))
                && same_number(&bill.payment_id, field("paymentId"))
        };
        // A bill can be paid again after it was cancelled: what is in force counts first.
        let rank = |bill: &ServiceBill| match bill.status {
            BillStatus::ServiceBillAccepted
            | BillStatus::ServiceBillFileConfirmed
            | BillStatus::ServiceBillSendFileFailed
            | BillStatus::ServiceBillSantaConfirmed => 0,
            BillStatus::Other(_) => 1,
            BillStatus::ServiceBillCanceled => 2,
            BillStatus::ServiceBillIssueInvoice => 3,
        };
        let found = bills.iter().enumerate().filter(|(_, bill)| is_it(bill));
        let Some((index, bill)) = found.min_by_key(|(_, bill)| rank(bill)) else {
            let what = format!("bill {}/{}", field("billId"), field("paymentId"));
            return Sighting::nothing(what, Proof::not_seen(false));
        };
        let proof = match bill.status {
            BillStatus::ServiceBillIssueInvoice => Proof::not_seen(false),
            BillStatus::ServiceBillCanceled => Proof::not_seen(
                attempt.covers(bill.request_date) || attempt.covers(bill.cancel_date),
            ),
            BillStatus::Other(_) => Proof::UNDECIDED,
            // The list holds what the caller paid; a payer who is named is the better witness.
            _ => match (&bill.user_srv, attempt.user) {
                (Some(payer), Some(user)) if payer.id != user => Proof::ByAnother,
                _ => Proof::Happened(element(answer, index)),
            },
        };
        Sighting { shows: sketch_bill(bill), proof }
    }

    fn weigh_loans(
        self,
        form: &Form,
        loans: &[Loan],
        answer: &Answer,
        attempt: Attempt,
    ) -> Sighting {
        if self == Self::LoanHasPlan {
            let id = number(form, "loanId");
            let found = loans.iter().position(|loan| Some(loan.id) == id);
            return match found.and_then(|index| Some((index, loans.get(index)?))) {
                Some((index, loan)) => {
                    let has_plan =
                        plan_of(loan).is_some() && plan_of(loan) == number(form, "planId");
                    Sighting {
                        shows: sketch_loan(loan),
                        proof: Proof::happened_if(has_plan, || element(answer, index)),
                    }
                }
                None => {
                    let what = format!("loan {}", id.unwrap_or_default());
                    Sighting::nothing(what, Proof::not_seen(false))
                }
            };
        }
        let invoice = number(form, "invoiceId");
        let is_it = |loan: &Loan| {
            let subject = loan.subject_invoice.as_ref().map(|subject| subject.id);
            let contract = loan.contract.as_ref().map(|contract| contract.id);
            // The customer may have chosen another plan since.
            (subject.is_none() || subject == invoice) && contract == number(form, "contractId")
        };
        let is_canceled = |loan: &Loan| loan.status_code == LoanStatus::LoanStatusCanceled;
        // The customer can take a loan for an invoice, too: only a new one can be this call's.
        let found = loans
            .iter()
            .enumerate()
            .filter(|(_, loan)| is_it(loan) && attempt.covers(loan.creation_date))
            .min_by_key(|(_, loan)| is_canceled(loan));
        match found {
            Some((index, loan)) => Sighting {
                shows: sketch_loan(loan),
                // Cancelled for whatever reason, it was there.
                proof: if is_canceled(loan) {
                    Proof::UNDECIDED
                } else {
                    Proof::Happened(element(answer, index))
                },
            },
            None => {
                let what = format!("loan for invoice {}", invoice.unwrap_or_default());
                match loans.first() {
                    Some(loan) => Sighting {
                        shows: format!("{what}: not since this attempt; {}", sketch_loan(loan)),
                        proof: Proof::not_seen(false),
                    },
                    None => Sighting::nothing(what, Proof::not_seen(false)),
                }
            }
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

fn invoice_by_id(form: &Form, field: &str) -> Option<GetInvoiceListRequest> {
    let id = Some(number(form, field)?);
    Some(GetInvoiceListRequest { offset: Some(0), size: 1, id, ..Default::default() })
}

fn invoice_by_number(form: &Form) -> Option<GetInvoiceListRequest> {
    let bill_number = Some(form.get("billNumber")?.to_owned());
    Some(GetInvoiceListRequest {
        offset: Some(0),
        size: MATCHES,
        bill_number,
        ..Default::default()
    })
}

fn number(form: &Form, field: &str) -> Option<u64> {
    form.get(field)?.parse().ok()
}

fn plan_of(loan: &Loan) -> Option<u64> {
    loan.plan.as_ref().map(|plan| plan.id)
}

/// Numbers of terminals, bills and banks come with and without leading zeros.
fn same_number(one: &str, other: &str) -> bool {
    one.trim().trim_start_matches('0') == other.trim().trim_start_matches('0')
}

fn is_given(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(|text| !text.is_empty())
}

/// What most services answer.
fn yes() -> Bytes {
    Bytes::from_static(b"true")
}

/// One element of a list, as POD wrote it. The list was read before, so it is there.
fn element(answer: &Answer, index: usize) -> Bytes {
    let list: Vec<&RawValue> = serde_json::from_slice(&answer.result).unwrap_or_default();
    let element = list.get(index).map(|raw| answer.result.slice_ref(raw.get().as_bytes()));
    element.unwrap_or_else(|| Bytes::from_static(b"null"))
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

fn sketch_bill(bill: &ServiceBill) -> String {
    let mut text = format!("bill {}: {}", bill.id, bill.status.code());
    if let Some(payer) = &bill.user_srv {
        text.push_str(&format!(", userSrv {}", payer.id));
    }
    for (name, at) in [("requestDate", bill.request_date), ("cancelDate", bill.cancel_date)] {
        if let Some(at) = at {
            text.push_str(&format!(", {name} {at}"));
        }
    }
    text
}

fn sketch_loan(loan: &Loan) -> String {
    let mut text = format!("loan {}: {}", loan.id, loan.status_code.code());
    let numbers = [
        ("subjectInvoice", loan.subject_invoice.as_ref().map(|invoice| invoice.id)),
        ("contract", loan.contract.as_ref().map(|contract| contract.id)),
        ("plan", plan_of(loan)),
    ];
    for (name, id) in numbers {
        if let Some(id) = id {
            text.push_str(&format!(", {name} {id}"));
        }
    }
    if let Some(at) = loan.creation_date {
        text.push_str(&format!(", creationDate {at}"));
    }
    text
}
