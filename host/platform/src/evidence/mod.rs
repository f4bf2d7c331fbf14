//! Did a call take effect whose answer never came? Each mutating service names the read that
//! tells, and what of the answer tells it.
//!
//! The rules lean to one side. What this account alone can have done, or what names it as payer,
//! counts as done, whenever it was done: to count a payment twice costs budget, to miss one costs
//! money. A date can prove, never disprove: a clock that is wrong would free a reservation whose
//! rials are gone. Where a state has two explanations, the attempt stays open.

mod bills;
mod invoices;
mod loans;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{
    Instant,
    bills::{BillPage, ListBillsRequest},
    client::Answer,
    invoices::{GetInvoiceListRequest, InvoicePage},
    loans::{BusinessLoanListRequest, LoanListRequest, LoanPage},
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

/// Numbers of terminals, bills and banks come with and without leading zeros.
fn same_number(one: &str, other: &str) -> bool {
    one.trim().trim_start_matches('0') == other.trim().trim_start_matches('0')
}

/// One element of a list, as POD wrote it. The list was read before, so it is there.
fn element(answer: &Answer, index: usize) -> Bytes {
    let list: Vec<&RawValue> = serde_json::from_slice(&answer.result).unwrap_or_default();
    let element = list.get(index).map(|raw| answer.result.slice_ref(raw.get().as_bytes()));
    element.unwrap_or_else(|| Bytes::from_static(b"null"))
}
