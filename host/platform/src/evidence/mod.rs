//! Did a call take effect whose answer never came? Each mutating service names the reads that tell,
//! and what of the answers tells it.
//!
//! A read shows a state, not whose attempt caused it. So an effect is claimed only where nothing else
//! explains what shows: the state was read before the call and was open, it changed within the time
//! in which the call can have landed, and what POD shows of the change (payer, wallet, tool, both
//! sides of a netting, a mark, a date) is this account's and this call's. It is denied only where the
//! call cannot have done it any more. Whatever has two explanations stays undecided.
//!
//! The author that POD shows is an account. Who uses the same account's token elsewhere, at the same
//! moment and for the same thing, is the same author to POD and to us.

mod attempt;
mod attribution;
mod bills;
mod invoices;
mod loans;
mod payments;

use std::any::Any;

use bytes::Bytes;
use serde_json::value::RawValue;

pub use self::{
    attempt::{Attempt, Before, Prior},
    attribution::Attribution,
};
use crate::{
    bills::{BillPage, ListBillsRequest, ServiceBill},
    client::Answer,
    invoices::{GetInvoiceListRequest, Invoice, InvoicePage},
    loans::{BusinessLoanListRequest, Loan, LoanListRequest, LoanPage},
    service::{Request, Service as _},
    types::PlatformErrorKind,
    wire::form::Form,
};

/// How the `billNumber` begins by which the host marks an invoice that it issues for a policy.
pub const MARK_PREFIX: &str = "podhost-";

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
    /// A bill of the account's waits for the payment of the invoice that is answered.
    BillInvoiced,
    /// A loan for the invoice, under the contract, has a `creationDate` after the intent.
    LoanForInvoice,
    /// The loan's `plan` is the one that was asked for.
    LoanHasPlan,
    /// Nothing has to be read: the call is repeated.
    ByRepeat,
    /// No service of POD's shows it.
    Hidden,
}

/// What a look at the platform proves of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// It took effect: nothing else explains what shows. The service's `result` as POD writes it, as
    /// far as the read shows it: what the guest is answered. The service's own
    /// [`Reader`](crate::Reader) reads it.
    Happened(Bytes),
    /// The thing is in the state that the call asks for, or in one that bars it, and not through this
    /// attempt, which did nothing and cannot any more.
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
    fn nothing(what: &str, proof: Proof) -> Self {
        Self { shows: format!("{what}: this account sees none"), proof }
    }
}

/// What the platform answered to the [questions](Evidence::questions), in their order; none, where it
/// refuses to answer this account.
#[derive(Clone, Copy)]
struct Witness<'a>(&'a [Option<Answer>]);

impl<'a> Witness<'a> {
    fn page<T: 'static>(self, question: usize) -> Option<&'a T> {
        self.0.get(question)?.as_ref()?.value.downcast_ref()
    }

    fn invoices(self, question: usize) -> Option<&'a [Invoice]> {
        self.page::<InvoicePage>(question).map(|page| page.result.as_slice())
    }

    fn bills(self, question: usize) -> Option<&'a [ServiceBill]> {
        self.page::<BillPage>(question).map(|page| page.result.as_slice())
    }

    fn loans(self, question: usize) -> Option<&'a [Loan]> {
        self.page::<LoanPage>(question).map(|page| page.result.as_slice())
    }

    /// One element of a list, as POD wrote it. The list was read before, so it is there.
    fn element(self, question: usize, index: usize) -> Bytes {
        let null = Bytes::from_static(b"null");
        let Some(Some(answer)) = self.0.get(question) else { return null };
        let list: Vec<&RawValue> = serde_json::from_slice(&answer.result).unwrap_or_default();
        let element = list.get(index).map(|raw| answer.result.slice_ref(raw.get().as_bytes()));
        element.unwrap_or(null)
    }
}

impl Evidence {
    /// The reads that tell, for a mutation's form. None: nothing can be read.
    ///
    /// The first has to be answered; of the others, POD may refuse some to an account.
    #[must_use]
    pub fn questions(self, form: &Form) -> Vec<Request> {
        self.try_questions(form).unwrap_or_default()
    }

    fn try_questions(self, form: &Form) -> Option<Vec<Request>> {
        let one = |request: Request| vec![request];
        Some(match self {
            Self::PaidByAccount
            | Self::PaidForItself
            | Self::PaidByItsUser
            | Self::PaidOutsidePod
            | Self::PaidByTerminal
            | Self::Guaranteed => one(invoice_by_id(form, "invoiceId")?),
            // The debtor invoice shows that it is netted, the creditor invoice against which debt.
            Self::Earmarked => vec![
                invoice_by_id(form, "creditorInvoiceId")?,
                invoice_by_id(form, "debtorInvoiceId")?,
            ],
            Self::Verified if form.get("id").is_none() => one(invoice_by_number(form)?),
            Self::Verified
            | Self::VerifiedAndClosed
            | Self::Closed
            | Self::Canceled
            | Self::Reduced => one(invoice_by_id(form, "id")?),
            Self::Marked => one(invoice_by_number(form)?),
            Self::BillPaid | Self::BillInvoiced => {
                let list = ListBillsRequest {
                    size: MATCHES,
                    bill_id: Some(form.get("billId")?.to_owned()),
                    payment_id: Some(form.get("paymentId")?.to_owned()),
                    ..Default::default()
                };
                one(list.prepare().ok()?)
            }
            Self::BillCanceled => {
                let id = Some(number(form, "id")?);
                one(ListBillsRequest { size: 1, id, ..Default::default() }.prepare().ok()?)
            }
            // A lender sees what it grants, a customer what it owes; an account may be either.
            Self::LoanForInvoice => {
                let subject_invoice_id = Some(number(form, "invoiceId")?);
                let lent = BusinessLoanListRequest {
                    size: LOANS,
                    subject_invoice_id,
                    ..Default::default()
                };
                let owed =
                    LoanListRequest { size: LOANS, subject_invoice_id, ..Default::default() };
                vec![lent.prepare().ok()?, owed.prepare().ok()?]
            }
            Self::LoanHasPlan => {
                let id = Some(number(form, "loanId")?);
                one(LoanListRequest { size: 1, id, ..Default::default() }.prepare().ok()?)
            }
            Self::ByRepeat | Self::Hidden => Vec::new(),
        })
    }

    /// What the call is about, by name: while it is not known what came of one call, no other run of
    /// the account may change the same thing, or nobody could say whose doing a change is.
    #[must_use]
    pub fn objects(self, form: &Form) -> Vec<String> {
        let named = |kind: &str, field: &str| {
            let name = form.get(field).filter(|name| !name.is_empty())?;
            Some(format!("{kind} {}", name.trim_start_matches('0')))
        };
        let objects = match self {
            Self::PaidByAccount
            | Self::PaidForItself
            | Self::PaidByItsUser
            | Self::PaidOutsidePod
            | Self::PaidByTerminal
            | Self::Guaranteed
            | Self::LoanForInvoice => [named("invoice", "invoiceId"), None],
            Self::Earmarked => {
                [named("invoice", "debtorInvoiceId"), named("invoice", "creditorInvoiceId")]
            }
            Self::Verified
            | Self::VerifiedAndClosed
            | Self::Closed
            | Self::Canceled
            | Self::Reduced => {
                [named("invoice", "id").or_else(|| named("invoice number", "billNumber")), None]
            }
            Self::Marked if invoices::is_marked(form) => [None, None],
            Self::Marked => [named("invoice number", "billNumber"), None],
            Self::BillPaid | Self::BillInvoiced => {
                let bill = named("bill", "billId").zip(named("payment", "paymentId"));
                [bill.map(|(bill, payment)| format!("{bill}, {payment}")), None]
            }
            Self::BillCanceled => [named("bill payment", "id"), None],
            Self::LoanHasPlan => [named("loan", "loanId"), None],
            Self::ByRepeat | Self::Hidden => [None, None],
        };
        objects.into_iter().flatten().collect()
    }

    /// Can an effect of the one be taken for one of the other: does it show in the same of a thing?
    #[must_use]
    pub fn shows_like(self, other: Self) -> bool {
        self == other
            || (self.pays() && other.pays())
            || (self.closes() && other.closes())
            || (self.verifies() && other.verifies())
    }

    fn pays(self) -> bool {
        matches!(
            self,
            Self::PaidByAccount
                | Self::PaidForItself
                | Self::PaidByItsUser
                | Self::PaidOutsidePod
                | Self::PaidByTerminal
                | Self::Earmarked
                | Self::Guaranteed
                | Self::LoanForInvoice
        )
    }

    fn closes(self) -> bool {
        matches!(self, Self::Closed | Self::VerifiedAndClosed)
    }

    fn verifies(self) -> bool {
        matches!(self, Self::Verified | Self::VerifiedAndClosed)
    }

    /// Does an answer name another thing than the call is about? Then it is the answer to another call.
    #[must_use]
    pub fn is_of_another(self, form: &Form, answer: &dyn Any) -> bool {
        let differs = |field: &str, answered: Option<&str>| {
            let asked = form.get(field).filter(|asked| !asked.is_empty());
            asked.zip(answered).is_some_and(|(asked, answered)| {
                asked.trim_start_matches('0') != answered.trim_start_matches('0')
            })
        };
        if let Some(invoice) = answer.downcast_ref::<Invoice>() {
            let id = invoice.id.to_string();
            return match self {
                Self::Marked => differs("billNumber", invoice.bill_number.as_deref()),
                Self::BillInvoiced => false,
                _ => differs("id", Some(&id)) || differs("invoiceId", Some(&id)),
            };
        }
        if let Some(bill) = answer.downcast_ref::<ServiceBill>() {
            return self == Self::BillPaid
                && (differs("billId", Some(&bill.bill_id))
                    || differs("paymentId", Some(&bill.payment_id)));
        }
        match (answer.downcast_ref::<Loan>(), self) {
            (Some(loan), Self::LoanForInvoice) => {
                let invoice = loan.subject_invoice.as_ref().map(|invoice| invoice.id.to_string());
                differs("invoiceId", invoice.as_deref())
            }
            (Some(loan), Self::LoanHasPlan) => differs("loanId", Some(&loan.id.to_string())),
            _ => false,
        }
    }

    /// The reads that have to be answered before the call is sent: by them it is told afterwards what
    /// it changed. Nothing carries the host's own mark but what the call makes, so that takes none.
    #[must_use]
    pub fn questions_before(self, form: &Form) -> Vec<Request> {
        match self {
            Self::Marked if invoices::is_marked(form) => Vec::new(),
            _ => self.questions(form),
        }
    }

    /// What the answers to the [questions](Self::questions_before) show before the call. None: they are
    /// answers to other questions.
    #[must_use]
    pub fn before(
        self,
        form: &Form,
        answers: &[Option<Answer>],
        business: Option<u64>,
    ) -> Option<Before> {
        let witness = Witness(answers);
        match self {
            Self::BillPaid | Self::BillCanceled | Self::BillInvoiced => {
                self.bills_before(form, witness)
            }
            Self::LoanForInvoice | Self::LoanHasPlan => self.loans_before(form, witness),
            Self::ByRepeat | Self::Hidden => None,
            _ => self.invoices_before(form, witness, business),
        }
    }

    /// What the answers to the [questions](Self::questions) prove after the call.
    #[must_use]
    pub fn weigh(self, form: &Form, answers: &[Option<Answer>], attempt: Attempt<'_>) -> Sighting {
        if let Some(shows) = answers.iter().flatten().find_map(Answer::unreadable) {
            return Sighting { shows, proof: Proof::UNDECIDED };
        }
        let witness = Witness(answers);
        let sighting = match self {
            Self::BillPaid | Self::BillCanceled | Self::BillInvoiced => {
                self.weigh_bills(form, witness, attempt)
            }
            Self::LoanForInvoice | Self::LoanHasPlan => self.weigh_loans(form, witness, attempt),
            Self::ByRepeat | Self::Hidden => None,
            _ => self.weigh_invoices(form, witness, attempt),
        };
        let Some(mut sighting) = sighting else {
            let shows = "the answer is to another question".to_owned();
            return Sighting { shows, proof: Proof::UNDECIDED };
        };
        if let Some(before) = attempt.before.filter(|before| before.prior == Prior::AlreadySo) {
            // What was so before the call is not its doing, whatever shows now.
            let now = self.before(form, answers, attempt.business);
            let is_unchanged =
                now.is_some_and(|now| now.prior == Prior::AlreadySo && now.stamp == before.stamp);
            sighting.proof = if is_unchanged { Proof::ByAnother } else { Proof::UNDECIDED };
            sighting.shows.push_str("; it was so before this call");
        }
        if sighting.proof == Proof::UNDECIDED {
            sighting.shows.push_str("; whether this attempt took effect cannot be told");
        }
        sighting
    }

    /// Is what POD answered the thing that was there before the call? Then the call changed nothing.
    /// None: nothing tells yet. One more look at what was read [before](Self::before) may: `after`.
    #[must_use]
    pub fn was_there(
        self,
        before: &Before,
        answer: &dyn Any,
        user: Option<u64>,
        after: Option<&Before>,
    ) -> Option<bool> {
        Some(match self {
            Self::LoanForInvoice => {
                answer.downcast_ref::<Loan>().is_some_and(|loan| before.known.contains(&loan.id))
            }
            // POD lets lines that are as asked for already be asked for again.
            Self::Reduced => before.prior == Prior::AlreadySo,
            // Whoever asks is answered the invoice of whoever asked first (S3), and has the bill in
            // his own list alone.
            Self::BillInvoiced => {
                let Some(invoice) = answer.downcast_ref::<Invoice>() else { return Some(false) };
                let asker = invoice.user_srv.as_ref().map(|asker| asker.id);
                let is_listed = |look: &Before| look.known.contains(&invoice.id);
                match asker.zip(user) {
                    _ if is_listed(before) => true,
                    Some((asker, user)) => asker != user,
                    None if after.is_some_and(is_listed) => false,
                    // Another may have asked first, or have paid it by now: then the bill is his.
                    None => return None,
                }
            }
            _ => false,
        })
    }

    /// Does POD refuse a call if what it asks for is so already? Of some services it does the same again,
    /// or answers with what is there.
    #[must_use]
    pub fn refuses_what_is_so(self) -> bool {
        !matches!(
            self,
            Self::Marked
                | Self::Reduced
                | Self::BillInvoiced
                | Self::LoanForInvoice
                | Self::LoanHasPlan
                | Self::ByRepeat
                | Self::Hidden
        )
    }

    /// Does POD's refusal of a repeat say that what the call asks for is so already? By whom is a question
    /// of its own.
    #[must_use]
    pub fn says_already(self, refusal: PlatformErrorKind) -> bool {
        use PlatformErrorKind as Kind;
        let is_paid =
            matches!(refusal, Kind::BillAlreadyPayed | Kind::BillIsWaitingForVerification);
        match self {
            Self::PaidByAccount
            | Self::PaidForItself
            | Self::PaidOutsidePod
            | Self::PaidByTerminal
            | Self::LoanForInvoice => is_paid,
            Self::PaidByItsUser => is_paid || refusal == Kind::CodeInvalidOrExpired,
            Self::Earmarked => is_paid || refusal == Kind::CreditorInvoiceEarmarked,
            Self::Guaranteed => is_paid || refusal == Kind::WaitingForGuarantee,
            Self::Verified => refusal == Kind::NotWaitingForVerification,
            Self::VerifiedAndClosed => {
                matches!(refusal, Kind::NotWaitingForVerification | Kind::BillAlreadyClosed)
            }
            Self::Closed => refusal == Kind::BillAlreadyClosed,
            Self::Canceled => refusal == Kind::InvoiceIsCanceled,
            Self::BillPaid | Self::BillInvoiced => refusal == Kind::DuplicateServiceBill,
            Self::Marked
            | Self::Reduced
            | Self::BillCanceled
            | Self::LoanHasPlan
            | Self::ByRepeat
            | Self::Hidden => false,
        }
    }

    /// Does it follow from POD's refusal of a repeat, where nothing of the attempt shows, that it is
    /// another's doing? The list of bills holds all that the account paid: what is paid and not in it
    /// was paid by somebody else.
    #[must_use]
    pub fn is_anothers(self, refusal: PlatformErrorKind) -> bool {
        self == Self::BillPaid && refusal == PlatformErrorKind::DuplicateServiceBill
    }
}

fn invoice_by_id(form: &Form, field: &str) -> Option<Request> {
    let id = Some(number(form, field)?);
    GetInvoiceListRequest { offset: Some(0), size: 1, id, ..Default::default() }.prepare().ok()
}

fn invoice_by_number(form: &Form) -> Option<Request> {
    let bill_number = Some(form.get("billNumber")?.to_owned());
    GetInvoiceListRequest { offset: Some(0), size: MATCHES, bill_number, ..Default::default() }
        .prepare()
        .ok()
}

fn number(form: &Form, field: &str) -> Option<u64> {
    form.get(field)?.parse().ok()
}

/// Numbers of terminals, bills and banks come with and without leading zeros.
fn same_number(one: &str, other: &str) -> bool {
    one.trim().trim_start_matches('0') == other.trim().trim_start_matches('0')
}

/// What most services answer.
fn yes() -> Bytes {
    Bytes::from_static(b"true")
}
