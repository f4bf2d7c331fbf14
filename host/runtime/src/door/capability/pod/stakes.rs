//! What the host reads before a call that changes something: how many rials it puts at stake, whose
//! invoice it acts on, and what is so before it. Never believed from the guest.

use pod_platform::{
    Answer, Effect, Evidence, Request, Rial, Service, Stakes, Traffic, UtilityBill,
    invoices::{GetInvoiceListRequest, Invoice, InvoicePage},
    loans::{LoanListRequest, LoanPage},
    rules, types,
};

use super::Appraisal;
use crate::{door::context::Context, grant::Amounts};

/// How many invoices may have the one bill number that a call names. As many as evidence of it is
/// looked for in, so that one question serves both.
const MOST_OF_ONE_NUMBER: u32 = 20;

impl Appraisal {
    /// Reads what the question for the rials at stake was answered.
    fn read(&mut self, ctx: &Context, request: &Request, answer: Result<&Answer, String>) {
        let (rials, denied) = match of(request) {
            Stakes::TotalAmountOfLoan(field) => loan(ctx, request, field, answer),
            stakes => {
                let shown = || answer.iter().flat_map(|answer| of_page(answer));
                self.is_anothers = shown().any(|invoice| is_anothers(ctx, invoice));
                self.was_reduced = shown().any(|invoice| invoice.edited);
                let (rials, denied) = invoices(ctx, request, answer);
                let counts = !matches!(stakes, Stakes::BillAmount | Stakes::Nothing);
                (if counts { rials } else { self.rials.clone() }, denied)
            }
        };
        (self.rials, self.denied) = (rials, denied);
    }
}

/// Which rials a request puts at stake.
pub(super) fn of(request: &Request) -> Stakes {
    match request.row.effect {
        Effect::Mutation { stakes, .. } => stakes,
        Effect::Read => Stakes::Nothing,
    }
}

/// The invoice that a request pays, reduces or cancels, as the catalogue says.
pub(super) fn invoice(request: &Request) -> Option<u64> {
    match of(request) {
        Stakes::PayableAmountOf(field) | Stakes::ReductionOf(field) | Stakes::RefundOf(field) => {
            id(request, field).ok()
        }
        Stakes::Nothing | Stakes::TotalAmountOfLoan(_) | Stakes::BillAmount => None,
    }
}

/// Does the grant say whose invoices a request may act on?
fn is_narrowed(ctx: &Context, request: &Request) -> bool {
    ctx.grant.scope.issuers.is_some() && !request.row.invoice_fields().is_empty()
}

/// What is asked before a call: what tells the rials at stake and the issuer, and what tells
/// afterwards whether the call took effect.
struct Questions {
    asked: Vec<Request>,
    /// Which of them tells the rials at stake.
    stakes: Option<usize>,
    /// How many of them, from the first on, tell what is so before the call.
    before: usize,
}

fn questions(ctx: &Context, request: &Request) -> Result<Questions, String> {
    let mut asked = match evidence(request) {
        Some(evidence) => evidence.questions_before(&request.form),
        None => Vec::new(),
    };
    let before = asked.len();
    let question = match of(request) {
        Stakes::BillAmount | Stakes::Nothing if !is_narrowed(ctx, request) => None,
        Stakes::TotalAmountOfLoan(field) => {
            let list =
                LoanListRequest { size: 1, id: Some(id(request, field)?), ..Default::default() };
            Some(list.prepare())
        }
        Stakes::PayableAmountOf(_)
        | Stakes::ReductionOf(_)
        | Stakes::RefundOf(_)
        | Stakes::BillAmount
        | Stakes::Nothing => Some(Named::of(request)?.list().prepare()),
    };
    let stakes = match question {
        None => None,
        Some(question) => {
            let question = question.map_err(|error| error.to_string())?;
            let same = |other: &Request| {
                other.row.name == question.row.name
                    && other.form.encoded() == question.form.encoded()
            };
            Some(asked.iter().position(same).unwrap_or_else(|| {
                asked.push(question);
                asked.len() - 1
            }))
        }
    };
    Ok(Questions { asked, stakes, before })
}

/// How the effect of a request shows.
pub(super) fn evidence(request: &Request) -> Option<Evidence> {
    match request.row.effect {
        Effect::Mutation { evidence, .. } => Some(evidence),
        Effect::Read => None,
    }
}

/// How many calls it takes to find out.
pub(super) fn lookups(ctx: &Context, request: &Request) -> u64 {
    questions(ctx, request).map_or(0, |questions| questions.asked.len() as u64)
}

/// How many rials are at stake, whether the grant allows to act on what they are owed for, and what
/// is so before the call.
pub(super) async fn find(ctx: &Context, request: &Request) -> Appraisal {
    let Questions { asked, stakes, before } = match questions(ctx, request) {
        Ok(questions) => questions,
        // What is not named is nobody's: a ceiling per payment must not stand in for its issuer.
        Err(reason) => {
            let denied = is_narrowed(ctx, request).then(|| reason.clone());
            return Appraisal { denied, ..Appraisal::without_asking(Err(reason)) };
        }
    };
    let mut found = Appraisal::without_asking(match of(request) {
        Stakes::BillAmount => bill_amount(request),
        _ => Ok(Rial::ZERO),
    });
    let mut answers: Vec<Option<Answer>> = Vec::with_capacity(asked.len());
    let mut refused = String::new();
    for question in &asked {
        let (traffic, outcome) = put(ctx, question).await;
        found.traffic += traffic;
        match outcome {
            Ok(answer) => answers.push(Some(answer)),
            Err(types::Error::Platform(error)) if !is_trouble(&error) => {
                refused = types::Error::Platform(error).to_string();
                answers.push(None);
            }
            Err(error) => {
                let reason = match error {
                    types::Error::Unavailable(reason) => reason,
                    error => error.to_string(),
                };
                let trouble = format!("{} could not be asked: {reason}", question.row.name);
                found.rials = Err(trouble.clone());
                found.trouble = Some(trouble);
                return found;
            }
        }
    }
    if let Some(unreadable) = answers.iter().flatten().find_map(Answer::unreadable) {
        found.trouble = Some(unreadable.clone());
        found.rials = Err(unreadable);
        return found;
    }
    if let Some(evidence) = evidence(request) {
        found.before = evidence.before(&request.form, &answers[..before], ctx.origin.business);
    }
    if let Some(stakes) = stakes {
        let answer = answers[stakes].as_ref();
        if answer.is_some_and(|answer| shows_others(request, answer)) {
            let trouble = format!("{} answered another question", asked[stakes].row.name);
            found.rials = Err(trouble.clone());
            found.trouble = Some(trouble);
            return found;
        }
        found.read(ctx, request, answer.ok_or(refused));
    }
    found
}

/// What POD says when something is wrong with itself.
const UNKNOWN_IN_POD: &str = "خطای ناشناخته";

/// Does a refusal of a look-up say nothing of what was asked for? POD failed, or did not know the account
/// just then.
fn is_trouble(refusal: &types::PlatformError) -> bool {
    refusal.kind == types::PlatformErrorKind::InvalidToken
        || refusal.message.contains(UNKNOWN_IN_POD)
}

/// Does the answer show things, and none of them is the one that was asked for?
fn shows_others(request: &Request, answer: &Answer) -> bool {
    if let Stakes::TotalAmountOfLoan(field) = of(request) {
        let (Ok(id), Some(page)) = (id(request, field), answer.value.downcast_ref::<LoanPage>())
        else {
            return false;
        };
        return !page.result.is_empty() && page.result.iter().all(|loan| loan.id != id);
    }
    let (Ok(named), Some(page)) = (Named::of(request), answer.value.downcast_ref::<InvoicePage>())
    else {
        return false;
    };
    !page.result.is_empty() && !page.result.iter().any(|invoice| named.is(invoice))
}

/// How many rials a call has to pay, now that it took effect: one question.
pub(super) async fn find_amount(ctx: &Context, request: &Request) -> Appraisal {
    let mut found = Appraisal::without_asking(Err(NO_SUCH_THING.to_owned()));
    let Ok(Questions { asked, stakes: Some(stakes), .. }) = questions(ctx, request) else {
        return found;
    };
    let (traffic, outcome) = put(ctx, &asked[stakes]).await;
    found.traffic = traffic;
    let answer = outcome.as_ref().map_err(ToString::to_string);
    let readable = answer.and_then(|answer| answer.unreadable().map_or(Ok(answer), Err));
    found.read(ctx, request, readable);
    found
}

/// What is so of all that was read before the call, now that POD answered it.
pub(super) async fn find_again(ctx: &Context, request: &Request) -> Appraisal {
    let mut found = Appraisal::without_asking(Ok(Rial::ZERO));
    let (Ok(Questions { asked, before, .. }), Some(evidence)) =
        (questions(ctx, request), evidence(request))
    else {
        return found;
    };
    let mut answers = Vec::with_capacity(before);
    for question in &asked[..before] {
        let (traffic, outcome) = put(ctx, question).await;
        found.traffic += traffic;
        answers.push(outcome.ok());
    }
    found.before = evidence.before(&request.form, &answers, ctx.origin.business);
    found
}

/// Asks one question.
async fn put(ctx: &Context, question: &Request) -> (Traffic, Result<Answer, types::Error>) {
    // The first attempt took what is reserved for it.
    let again = Amounts {
        calls: 1,
        bytes_up: question.form.encoded().len() as u64,
        bytes_down: 1,
        ..Amounts::default()
    };
    let sent = ctx.pod.ask(question, &|| ctx.reserve(again).is_ok()).await;
    (sent.traffic, sent.outcome)
}

fn id(request: &Request, field: &str) -> Result<u64, String> {
    let id = request.form.get(field).and_then(|id| id.parse().ok());
    id.ok_or_else(|| format!("`{field}` names nothing, so what is at stake is unknown"))
}

fn bill_amount(request: &Request) -> Result<Rial, String> {
    let field = |name| request.form.get(name).unwrap_or_default();
    UtilityBill::read(field("billId"), field("paymentId"))
        .map(|bill| bill.amount())
        .map_err(|error| error.to_string())
}

/// How a request names the invoice that it acts on.
enum Named<'a> {
    Id(u64),
    BillNumber(&'a str),
    UniqueNumber(&'a str),
}

impl<'a> Named<'a> {
    fn of(request: &'a Request) -> Result<Self, String> {
        let fields = request.row.invoice_fields();
        match fields.iter().find_map(|field| Some((*field, request.form.get(field)?))) {
            Some(("billNumber", number)) => Ok(Self::BillNumber(number)),
            Some(("uniqueNumber", number)) => Ok(Self::UniqueNumber(number)),
            Some((field, _)) => id(request, field).map(Self::Id),
            None => id(request, fields.first().copied().unwrap_or_default()).map(Self::Id),
        }
    }

    fn list(&self) -> GetInvoiceListRequest {
        let all = GetInvoiceListRequest {
            offset: Some(0),
            size: MOST_OF_ONE_NUMBER,
            ..GetInvoiceListRequest::default()
        };
        match *self {
            Self::Id(id) => GetInvoiceListRequest { size: 1, id: Some(id), ..all },
            Self::BillNumber(number) => {
                GetInvoiceListRequest { bill_number: Some(number.to_owned()), ..all }
            }
            Self::UniqueNumber(number) => {
                GetInvoiceListRequest { unique_number: Some(number.to_owned()), ..all }
            }
        }
    }

    fn is(&self, invoice: &Invoice) -> bool {
        match *self {
            Self::Id(id) => invoice.id == id,
            Self::BillNumber(number) => invoice.bill_number.as_deref() == Some(number),
            Self::UniqueNumber(number) => invoice.unique_number.as_deref() == Some(number),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Id(id) => format!("invoice {id}"),
            Self::BillNumber(number) => format!("the invoice with the bill number {number}"),
            Self::UniqueNumber(number) => format!("the invoice with the unique number {number}"),
        }
    }
}

/// What the platform says has to be paid for an invoice, and why the grant does not allow to act on
/// what its issuer issued.
fn invoices(
    ctx: &Context,
    request: &Request,
    answer: Result<&Answer, String>,
) -> (Result<Rial, String>, Option<String>) {
    let named = match Named::of(request) {
        Ok(named) => named,
        Err(reason) => return (Err(reason), None),
    };
    let what = named.in_words();
    let found = answer.and_then(|answer| {
        let page = answer.value.downcast_ref::<InvoicePage>();
        let found: Vec<&Invoice> = page
            .filter(|page| page.count <= u64::from(MOST_OF_ONE_NUMBER))
            .into_iter()
            .flat_map(|page| page.result.iter().filter(|invoice| named.is(invoice)))
            .collect();
        if found.is_empty() { Err(NO_SUCH_THING.to_owned()) } else { Ok(found) }
    });
    let issuers = found.as_deref().map_err(Clone::clone).and_then(|found| {
        let issuers = found.iter().map(|invoice| Some(invoice.business.as_ref()?.id));
        let issuers: Option<Vec<u64>> = issuers.collect();
        issuers.ok_or_else(|| "it names no business".to_owned())
    });
    let stakes = of(request);
    let rials = found.map(|found| found.iter().map(|invoice| of_invoice(stakes, invoice)).max());
    let rials = rials
        .map(Option::unwrap_or_default)
        .map_err(|error| format!("the amount of {what} cannot be read: {error}"));
    (rials, denied(ctx, &what, issuers))
}

/// The invoices that a look shows.
fn of_page(answer: &Answer) -> &[Invoice] {
    answer.value.downcast_ref::<InvoicePage>().map_or(&[], |page| &page.result)
}

/// Does anybody else than the account issue an invoice?
fn is_anothers(ctx: &Context, invoice: &Invoice) -> bool {
    let issuer = invoice.business.as_ref().map(|business| business.id);
    issuer.is_none() || issuer != ctx.origin.business
}

/// What is at stake of an invoice.
fn of_invoice(stakes: Stakes, invoice: &Invoice) -> Rial {
    match stakes {
        Stakes::RefundOf(_) if !rules::invoice::Invoice::from(invoice).holds_money() => Rial::ZERO,
        _ => invoice.payable_amount,
    }
}

/// What the platform says a loan comes to, and why the grant does not allow to act on its shop's.
fn loan(
    ctx: &Context,
    request: &Request,
    field: &str,
    answer: Result<&Answer, String>,
) -> (Result<Rial, String>, Option<String>) {
    let id = match id(request, field) {
        Ok(id) => id,
        Err(reason) => return (Err(reason), None),
    };
    let found = answer.and_then(|answer| {
        let page = answer.value.downcast_ref::<LoanPage>();
        let loan = page.and_then(|page| page.result.iter().find(|loan| loan.id == id));
        loan.ok_or_else(|| NO_SUCH_THING.to_owned())
    });
    let shop = found.as_ref().map_err(Clone::clone).and_then(|loan| {
        let shop = loan.business.as_ref().map(|shop| vec![shop.id]);
        shop.ok_or_else(|| "it names no business".to_owned())
    });
    let rials = found
        .map(|loan| loan.total_amount)
        .map_err(|error| format!("the total of loan {id} cannot be read: {error}"));
    (rials, denied(ctx, &format!("loan {id}"), shop))
}

/// Why nothing was found.
const NO_SUCH_THING: &str = "the account sees no such thing";

/// Why the grant does not allow to act on what these businesses issued; none, if it does.
fn denied(ctx: &Context, what: &str, issuers: Result<Vec<u64>, String>) -> Option<String> {
    let scope = &ctx.grant.scope;
    scope.issuers.as_ref()?;
    match issuers {
        Ok(issuers) => scope.denies_issuers(what, &issuers),
        Err(error) => Some(format!(
            "the issuer of {what} cannot be read ({error}), and only some issuers' invoices are \
             granted: `issuers` in policy.toml, [capabilities], or in podhost.toml, \
             [policy.NAME.capabilities]"
        )),
    }
}
