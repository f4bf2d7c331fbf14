//! A dry run's platform: what is read comes from the real one, what is changed changes here only.
//!
//! Nothing that changes anything passes this layer. A mutation is checked against what the shadow
//! knows of the invoice, bill or loan concerned – it reads what it does not know –, refused as POD
//! would refuse it, or answered as POD would answer it; and what it changed is laid over whatever is
//! read later in the same run. Which change that is, the catalogue says: a service's [`Evidence`] is
//! how its effect shows. So a service whose effect shows like another's needs nothing here, and one
//! whose effect the shadow does not know is not answered at all.
//!
//! What no service of POD's tells – balances, a bank's terminal, an SMS's code – is taken from what
//! is stated, or else assumed to be in order; the receipt says what was assumed.

mod bills;
mod files;
mod invoices;
mod issuing;
mod kept;
mod lists;
mod loans;
mod money;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use pod_platform::{
    Accepts, Effect, Evidence, Instant, Request, Service, TokenKind,
    bills::ServiceBill,
    explained,
    invoices::{GetInvoiceListRequest, Invoice, User},
    loans::{Loan, LoanPlan},
    rules::invoice::Barred,
    types::{self, PlatformError, PlatformErrorKind as Kind},
    wire::form::Form,
};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{Answer, Call, Connection, Layer, Next, Operation, Passage, Passing, Reply};
use crate::{Error, Stated, budget::Amounts};
use kept::Kept;
use money::Money;

/// What exists in a dry run only has ids from here on: above any that POD has given out, and exact
/// in JSON.
const FIRST_ID: u64 = 9_000_000_000_000_000;

/// How reference numbers of a dry run begin.
const REFERENCE: &str = "dry-run-";

/// How the evidence of an answer begins that goes by more than was read or stated.
pub(crate) const ASSUMED: &str = "assumed: ";

#[derive(Clone)]
pub(crate) struct Shadowed<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Shadowed<S> {
    fn pass(self, call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        let request = match &call.operation {
            Operation::Pod(request) if passage.shadow.is_some() => request.clone(),
            Operation::Http(_) if passage.shadow.is_some() && call.class().is_some() => {
                return Reply::refusing(types::Error::Unavailable(
                    "this is a dry run: what the server would answer is not known".to_owned(),
                ));
            }
            _ => return inner.call(call),
        };
        Box::pin(async move {
            let Some(shadow) = &passage.shadow else { return inner.call(call).await };
            let mut source = Through { inner, call, spent: Amounts::default() };
            let (outcome, evidence) = shadow.answer(&passage, &mut source, &request).await?;
            Ok(Reply { evidence, ..Reply::of(outcome, source.spent) })
        })
    }
}

/// Where the real platform is read.
pub(crate) trait Source: Send {
    /// Asks it. The outer error ends the run.
    fn ask(
        &mut self,
        request: &Request,
    ) -> impl Future<Output = Result<Result<Answer, types::Error>, Error>> + Send;
}

/// Through the layers below, for a call that came down to here.
struct Through<S> {
    inner: S,
    call: Call,
    spent: Amounts,
}

impl<S: Next> Source for Through<S> {
    async fn ask(&mut self, request: &Request) -> Result<Result<Answer, types::Error>, Error> {
        let operation = Operation::Pod(request.clone());
        let reply = self.inner.call(Call { operation, ott: None, ..self.call.clone() }).await?;
        self.spent = self.spent.plus(reply.spent);
        Ok(reply.outcome)
    }
}

/// For the host's own look-ups.
struct Direct<'a> {
    connection: &'a Connection,
    accepts: Accepts<'a>,
    traffic: pod_platform::Traffic,
}

impl Source for Direct<'_> {
    async fn ask(&mut self, request: &Request) -> Result<Result<Answer, types::Error>, Error> {
        let Connection { client, credentials, .. } = self.connection;
        let exchange = client.send(request, credentials, None, self.accepts).await;
        self.traffic += exchange.traffic;
        Ok(exchange.outcome.map(|answer| Answer {
            count: Some(answer.count),
            result: answer.result,
            value: answer.value,
            reference_number: Some(answer.reference_number),
        }))
    }
}

/// What a dry run believes.
pub(crate) struct Shadow {
    state: Mutex<State>,
    /// What the policy stored; none: what it removed.
    stored: SyncMutex<BTreeMap<String, Option<String>>>,
}

/// What is read, and what of it the run has changed.
#[derive(Default)]
struct State {
    invoices: Kept<Invoice>,
    bills: Kept<ServiceBill>,
    loans: Kept<Loan>,
    plans: BTreeMap<u64, LoanPlan>,
    files: BTreeMap<u64, files::Kept>,
    money: Money,
    /// Invoices of others, which the account cannot see, that it has paid.
    paid_unseen: HashSet<u64>,
    /// Invoices that were paid outside POD: there is no money in them.
    without_money: HashSet<u64>,
    /// The invoices by which loans' down payments are made, by loan.
    down_payments: BTreeMap<u64, u64>,
    /// Loans whose plan was changed, which is done once.
    replanned: HashSet<u64>,
    /// How many ids and reference numbers were given out.
    ids: u64,
    references: u64,
}

impl Shadow {
    /// Nothing is read yet, and so much is stated.
    pub fn new(stated: &Stated) -> Self {
        let state = State { money: Money::new(stated), ..State::default() };
        Self { state: Mutex::new(state), stored: SyncMutex::default() }
    }

    /// What the policy stored in this run, over what it found.
    pub fn stored(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look-up of the host's own, as the shadow answers it, and what it took on the wire.
    pub async fn look_up(
        &self,
        passage: &Passage,
        connection: &Connection,
        request: &Request,
        accepts: Accepts<'_>,
    ) -> (pod_platform::Traffic, Result<Answer, types::Error>) {
        let mut source = Direct { connection, accepts, traffic: Default::default() };
        let outcome = match self.answer(passage, &mut source, request).await {
            Ok((outcome, _)) => outcome,
            Err(error) => Err(types::Error::Unavailable(error.to_string())),
        };
        (source.traffic, outcome)
    }

    /// Answers a call: what came of it, and what was assumed for that.
    async fn answer(
        &self,
        passage: &Passage,
        source: &mut impl Source,
        request: &Request,
    ) -> Result<(Result<Answer, types::Error>, Option<String>), Error> {
        let mut state = self.state.lock().await;
        let is_read = request.row.effect == Effect::Read;
        if !is_read {
            state.references += 1;
        }
        let reference = state.references;
        let mut act = Act {
            state: &mut state,
            source,
            request,
            user: passage.user,
            business: passage.business,
            now: passage.clock.now(),
            reference,
            assumed: BTreeSet::new(),
        };
        let outcome = if is_read { act.read().await } else { act.change().await };
        let assumed: Vec<&str> = act.assumed.into_iter().collect();
        let assumed = (!assumed.is_empty()).then(|| format!("{ASSUMED}{}", assumed.join(", ")));
        let error = match outcome {
            Ok(answer) => return Ok((Ok(answer), assumed)),
            Err(Refusal::Host(error)) => return Err(error),
            Err(Refusal::Call(error)) => error,
            Err(Refusal::Platform { kind, says, detail }) => {
                let message = says.unwrap_or(kind.message());
                types::Error::Platform(PlatformError {
                    kind,
                    code: kind.code(),
                    message: explained(message, detail.as_deref()),
                    reference_number: format!("{REFERENCE}{reference}"),
                })
            }
        };
        Ok((Err(error), None))
    }
}

/// Why there is no answer.
enum Refusal {
    /// By POD's rules: in its words for this kind, unless it `says` something else here. The
    /// `detail` is ours.
    Platform {
        kind: Kind,
        says: Option<&'static str>,
        detail: Option<String>,
    },
    /// As a call below was refused.
    Call(types::Error),
    Host(Error),
}

impl Refusal {
    fn because(kind: Kind, detail: impl Into<String>) -> Self {
        Self::Platform { kind, says: None, detail: Some(detail.into()) }
    }

    /// In other words than POD's usual ones for this kind.
    fn saying(kind: Kind, message: &'static str) -> Self {
        Self::Platform { kind, says: Some(message), detail: None }
    }

    /// 403, naming the field.
    fn argument(field: &str, expected: impl Into<String>) -> Self {
        let (field, expected) = (field.to_owned(), expected.into());
        let argument = types::InvalidArgument { field, expected };
        Self::because(Kind::BadParameters, argument.to_string())
    }

    /// A dry run cannot tell what POD would do.
    fn unknown(what: impl Into<String>) -> Self {
        Self::Call(types::Error::Unavailable(format!("this is a dry run: {}", what.into())))
    }
}

impl From<Barred> for Refusal {
    fn from(reason: Barred) -> Self {
        Kind::from(reason).into()
    }
}

impl From<Kind> for Refusal {
    fn from(kind: Kind) -> Self {
        Self::Platform { kind, says: None, detail: None }
    }
}

/// One call's work on the shadow. Whatever refuses it does so before anything is changed.
struct Act<'a, S> {
    state: &'a mut State,
    source: &'a mut S,
    request: &'a Request,
    /// Whom the account acts as, as far as it is known.
    user: Option<u64>,
    business: Option<u64>,
    now: Instant,
    /// The call's number.
    reference: u64,
    /// What is neither read nor stated, by the names that receipts know.
    assumed: BTreeSet<&'static str>,
}

impl<'a, S: Source> Act<'a, S> {
    /// Takes effect in the shadow, as the catalogue says that the service does.
    async fn change(&mut self) -> Result<Answer, Refusal> {
        let request = self.request;
        let Effect::Mutation { evidence, .. } = request.row.effect else {
            return Err(Refusal::unknown("this changes nothing"));
        };
        // A business's service, and nobody has told that the account is one.
        if request.row.token == TokenKind::Business && self.business.is_none() {
            self.assumed.insert("account-is-a-business");
        }
        let result = match evidence {
            Evidence::PaidForItself => self.pay_by_credit(true).await?,
            Evidence::PaidByAccount => self.pay_by_credit(false).await?,
            Evidence::PaidByItsUser => self.pay_by_code().await?,
            Evidence::PaidOutsidePod => self.pay_outside().await?,
            Evidence::PaidByTerminal => self.pay_by_terminal().await?,
            Evidence::Earmarked => self.net().await?,
            Evidence::Guaranteed => self.guarantee().await?,
            Evidence::Verified => self.verify(false).await?,
            Evidence::VerifiedAndClosed => self.verify(true).await?,
            Evidence::Closed => self.close().await?,
            Evidence::Canceled => self.cancel().await?,
            Evidence::Reduced => self.reduce().await?,
            Evidence::Marked => self.issue().await?,
            Evidence::BillPaid => self.pay_bill().await?,
            Evidence::BillCanceled => self.cancel_bill().await?,
            Evidence::LoanForInvoice => self.borrow().await?,
            Evidence::LoanHasPlan => self.replan().await?,
            Evidence::BillInvoiced | Evidence::ByRepeat | Evidence::Hidden => {
                self.by_name().await?
            }
        };
        self.answered(result)
    }

    /// What does not show on the platform, or not in the thing that the call names.
    async fn by_name(&mut self) -> Result<Bytes, Refusal> {
        match self.request.row.name {
            "issueBillInvoice" => self.issue_bill_invoice().await,
            "uploadFile" => self.upload(),
            "updateLoanGrantorCreditForUsers" => self.update_members(),
            "removePermittedUserFromLoanContract" => {
                self.assumed.insert("is-a-member");
                Ok(yes())
            }
            "sendInvoicePaymentSMS" => self.send_code().await,
            "sendPaymentLinkToUser" => self.send_link().await,
            name => Err(Refusal::unknown(format!("what {name} would do is not known"))),
        }
    }

    /// A result as the service's own answer.
    fn answered(&self, result: Bytes) -> Result<Answer, Refusal> {
        let reference_number = Some(format!("{REFERENCE}{}", self.reference));
        let unreadable = || {
            let name = self.request.row.name;
            Refusal::unknown(format!("{name} cannot be answered with what the shadow has of it"))
        };
        let text = std::str::from_utf8(&result).map_err(|_| unreadable())?;
        let value = (self.request.read)(0, text).map_err(|_| unreadable())?;
        Ok(Answer { count: Some(0), result, value, reference_number })
    }

    /// Asks the platform, and reads what it answers.
    async fn ask<R: Service>(&mut self, request: &R) -> Result<R::Response, Refusal> {
        let request = request
            .prepare()
            .map_err(|argument| Refusal::Call(types::Error::InvalidArgument(argument)))?;
        let answer = self.source.ask(&request).await.map_err(Refusal::Host)?;
        let answer = answer.map_err(Refusal::Call)?;
        match answer.value.downcast::<R::Response>() {
            Ok(value) => Ok(*value),
            Err(_) => unreachable!("`prepare` pairs a request with its own reader"),
        }
    }

    /// An invoice as it stands now; none, if the account sees no such invoice.
    async fn find(&mut self, id: u64) -> Result<Option<Invoice>, Refusal> {
        if let Some(known) = self.state.invoices.get(id) {
            return Ok(Some(known.clone()));
        }
        if id >= FIRST_ID {
            return Ok(None);
        }
        let (offset, id) = (Some(0), Some(id));
        let list = GetInvoiceListRequest { offset, size: 1, id, ..Default::default() };
        let page = self.ask(&list).await?;
        self.state.invoices.see(&page.result);
        Ok(page.result.into_iter().find(|invoice| Some(invoice.id) == id))
    }

    /// The invoice that a field names.
    async fn invoice(&mut self, field: &str) -> Result<Invoice, Refusal> {
        let id = self.number(field).unwrap_or_default();
        Ok(self.find(id).await?.ok_or(Kind::NotFound)?)
    }

    /// The invoice that a field names, if the account issued it.
    async fn issued(&mut self, field: &str) -> Result<Invoice, Refusal> {
        let invoice = self.invoice(field).await?;
        if self.is_issued(&invoice) == Some(false) {
            Err(Kind::NoPermission.into())
        } else {
            Ok(invoice)
        }
    }

    /// Did the account issue it? None: nobody can tell.
    fn is_issued(&self, invoice: &Invoice) -> Option<bool> {
        match (self.business, &invoice.business) {
            (Some(own), Some(issuer)) => Some(issuer.id == own),
            // What the account sees and is not for it, it issued.
            _ => self.is_for_account(invoice).map(|is_for_it| !is_for_it),
        }
    }

    /// Was it issued for the account? None: nobody can tell.
    fn is_for_account(&self, invoice: &Invoice) -> Option<bool> {
        match (self.user, &invoice.user_srv) {
            (Some(own), Some(user)) => Some(user.id == own),
            (_, None) => Some(false),
            (None, Some(_)) => None,
        }
    }

    /// The account's user, as an invoice shows it.
    fn own_user(&self) -> Option<User> {
        let id = self.user?;
        let known = self.state.invoices.all().find_map(|invoice| {
            let users = [&invoice.user_srv, &invoice.issuer_srv, &invoice.payer];
            users.into_iter().flatten().find(|user| user.id == id).cloned()
        });
        Some(known.unwrap_or(User { id, ..User::default() }))
    }

    fn form(&self) -> &'a Form {
        &self.request.form
    }

    fn number(&self, field: &str) -> Option<u64> {
        self.form().get(field)?.parse().ok()
    }

    fn text(&self, field: &str) -> Option<String> {
        self.form().get(field).map(str::to_owned)
    }

    fn flag(&self, field: &str) -> bool {
        self.form().get(field) == Some("true")
    }

    fn new_id(&mut self) -> u64 {
        self.state.ids += 1;
        FIRST_ID + self.state.ids
    }

    /// The call's reference number.
    fn reference(&self) -> String {
        format!("{REFERENCE}{}", self.reference)
    }
}

/// What most services answer.
fn yes() -> Bytes {
    Bytes::from_static(b"true")
}

/// As POD would write it.
fn written(result: &impl Serialize) -> Result<Bytes, Refusal> {
    let json = serde_json::to_vec(result);
    json.map(Bytes::from).map_err(|error| Refusal::Host(Error::Engine(error.to_string())))
}
