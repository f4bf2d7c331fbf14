//! Deciders: the host fetches what they decide about, asks them in a fresh sandbox without
//! capabilities, checks the answer against POD's rules, and carries it out through the door.
//!
//! One file a world. What they have in common is here: a plan is a list of payments, each checked
//! before any is made, and of each the receipt says what became of it.

pub(crate) mod delegation;
mod listed;
pub(crate) mod loan_plan;
pub(crate) mod netting;

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
};

use pod_platform::{Rial, invoices::Invoice, types};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

pub(crate) use self::listed::{LeftOut, Listed, invoices, keep_payable, payable};
use crate::{
    contract::{Failure, OnFailure, Reason, Remark, Stated},
    door::{Door, LastMutation},
    guest::{Guest, Stop},
    journal::{Recorded, Violation},
};

/// Items a page.
const PAGE: u32 = 200;

/// A world whose answer is a plan.
pub(crate) trait Decider: Sync {
    /// What there is to decide about.
    type Books: Send + Sync;
    /// What the policy proposes.
    type Proposal: Serialize + DeserializeOwned + Send + Sync;
    /// The proposal, checked.
    type Checked: CheckedPlan;

    /// Reads what there is to decide about.
    fn fetch(&self, door: &Door) -> impl Future<Output = Result<Self::Books, Broken>> + Send;

    /// Calls the world's function.
    fn ask(
        &self,
        guest: &mut Guest,
        books: &Self::Books,
        config: &str,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Proposal, Failure>>> + Send;

    /// Checks an answer against POD's rules: all of it, before anything is paid.
    fn check(
        &self,
        books: Self::Books,
        answer: Self::Proposal,
        now: u64,
    ) -> Result<Self::Checked, Vec<Violation>>;
}

/// What is to be paid, in order, and what of it is.
pub(crate) trait CheckedPlan: Send {
    /// The payments in order.
    fn payments(&mut self) -> &mut [Payment];

    /// Makes one payment.
    fn pay(
        &mut self,
        index: usize,
        door: &Door,
    ) -> impl Future<Output = Result<Result<(), types::Error>, Broken>> + Send;

    /// The receipt's output.
    fn output(self) -> Value;
}

/// One payment of a plan, and what became of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    /// POD's name of the service.
    pub service: &'static str,
    /// The invoice that is paid.
    pub invoice: u64,
    /// What has to be paid for it.
    pub rials: Rial,
    pub outcome: Outcome,
    /// POD's reference number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it was not paid, or why nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<types::Error>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Payment {
    pub fn new(service: &'static str, invoice: u64, rials: Rial, reason: Option<Reason>) -> Self {
        Self {
            service,
            invoice,
            rials,
            outcome: Outcome::Planned,
            reference: None,
            error: None,
            reason,
        }
    }

    /// Does it count as settled: paid, or, where nothing is paid, planned?
    pub fn settles(&self) -> bool {
        matches!(self.outcome, Outcome::Paid | Outcome::Planned)
    }

    fn settle(&mut self, error: Option<types::Error>, reference: Option<String>) {
        self.outcome = match &error {
            None => Outcome::Paid,
            Some(types::Error::OutcomeUnknown(_)) => Outcome::Unknown,
            Some(_) => Outcome::Refused,
        };
        self.error = error;
        self.reference = reference.filter(|reference| !reference.is_empty());
    }

    /// Was it not made, although nothing refused it; or does nobody know?
    pub fn is_left(&self) -> bool {
        matches!(self.outcome, Outcome::NotTried | Outcome::UnderWay | Outcome::Unknown)
    }

    /// The run was stopped, and the call that was under way came to its end since.
    pub fn stop(&mut self, last: Option<&LastMutation>) {
        match self.outcome {
            Outcome::UnderWay => {}
            Outcome::Planned => {
                self.outcome = Outcome::NotTried;
                return;
            }
            _ => return,
        }
        let Some(last) = last.filter(|last| last.invoice == Some(self.invoice)) else {
            self.outcome = Outcome::NotTried;
            return;
        };
        let error = |json: &str| serde_json::from_str(json).ok();
        match &last.recorded {
            Some(Recorded::Done(_)) => self.settle(None, last.reference.clone()),
            Some(Recorded::Refused(json)) => {
                self.settle(error(json), None);
                self.outcome = Outcome::Refused;
            }
            Some(Recorded::Unknown(json)) => {
                self.settle(error(json), None);
                self.outcome = Outcome::Unknown;
            }
            None => self.outcome = Outcome::Unknown,
        }
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, invoice, rials, .. } = self;
        write!(f, "{service} of invoice {invoice} with {} rials", rials.grouped())
    }
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It would be made now.
    Planned,
    /// It has begun, and the run was stopped.
    UnderWay,
    Paid,
    /// It was not made: POD or a budget refused it.
    Refused,
    /// Nobody knows.
    Unknown,
    /// Something before it failed.
    NotTried,
}

/// A payment of a plan that was not made, or of which nobody knows.
#[derive(Debug)]
pub(crate) struct Failed {
    pub item: usize,
    pub of: usize,
    pub invoice: u64,
    pub error: types::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item, of, invoice, error } = self;
        write!(f, "payment {} of {of}, invoice {invoice}: {error}", item + 1)
    }
}

/// Makes a plan's payments, in its order. The first that failed, if any did.
pub(crate) async fn execute(
    plan: &mut impl CheckedPlan,
    door: &Door,
    on_failure: OnFailure,
) -> Result<Option<Failed>, Stop> {
    let mut first = None;
    let of = plan.payments().len();
    for item in 0..of {
        plan.payments()[item].outcome = Outcome::UnderWay;
        let paid = match plan.pay(item, door).await {
            Ok(paid) => paid,
            Err(Broken::Call(error)) => Err(error),
            Err(Broken::Stop(stop)) => return Err(stop),
        };
        let payment = &mut plan.payments()[item];
        let reference = door.last_mutation().and_then(|last| last.reference);
        let invoice = payment.invoice;
        payment.settle(paid.as_ref().err().cloned(), reference.filter(|_| paid.is_ok()));
        let Err(error) = paid else { continue };
        first.get_or_insert(Failed { item, of, invoice, error });
        if on_failure == OnFailure::Stop {
            let rest = &mut plan.payments()[item + 1..];
            rest.iter_mut().for_each(|payment| payment.outcome = Outcome::NotTried);
            break;
        }
    }
    Ok(first)
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

impl From<crate::error::Error> for Broken {
    fn from(error: crate::error::Error) -> Self {
        Self::Stop(Stop::Host(error))
    }
}

/// What a decider's run is told, as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Input {
    /// Only these invoices.
    pub invoices: Option<Vec<u64>>,
    /// Only this one.
    pub invoice: Option<u64>,
    pub stated: Stated,
}

impl Input {
    /// The invoices that are asked for; none: all.
    pub fn wanted(&self) -> Option<Wanted> {
        let field = match (&self.invoices, &self.invoice) {
            (None, None) => return None,
            (Some(_), _) => "invoices",
            (None, Some(_)) => "invoice",
        };
        let ids = self.invoices.iter().flatten().chain(&self.invoice).copied().collect();
        Some(Wanted { field, ids })
    }
}

/// The invoices that a run was told to decide about, by their ids.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The input's field that names them.
    pub field: &'static str,
    pub ids: BTreeSet<u64>,
}

impl Wanted {
    pub fn contains(&self, invoice: u64) -> bool {
        self.ids.contains(&invoice)
    }

    /// Refuses the run if it names an invoice that is not among `open`: who asks for it by its id
    /// relies on its being decided about.
    pub fn check_found(&self, open: &HashSet<u64>) -> Result<(), Broken> {
        let missing: Vec<String> =
            self.ids.iter().filter(|id| !open.contains(id)).map(u64::to_string).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let expected = format!(
            "ids of open invoices that the account is to pay; it sees no such invoice {}",
            missing.join(", ")
        );
        Err(self.refused(expected))
    }

    /// Refuses the run if it names an invoice that could not be read.
    pub fn check_readable(&self, left_out: &[LeftOut]) -> Result<(), Broken> {
        match left_out.iter().find(|left_out| self.contains(left_out.id)) {
            None => Ok(()),
            Some(LeftOut { id, unreadable, .. }) => Err(self.refused(format!(
                "ids of invoices that can be read; of invoice {id}, POD sent {unreadable}"
            ))),
        }
    }

    /// The input asks for what cannot be decided about.
    pub fn refused(&self, expected: String) -> Broken {
        refused(self.field, expected)
    }
}

/// A field of the input is not what is `expected`.
pub(crate) fn refused(field: &str, expected: String) -> Broken {
    types::Error::InvalidArgument(types::InvalidArgument { field: field.to_owned(), expected })
        .into()
}

/// Did this business issue it?
pub(crate) fn is_issued_by(invoice: &Invoice, business: Option<u64>) -> bool {
    business.is_some() && invoice.business.as_ref().map(|issuer| issuer.id) == business
}

/// So many invoices, and what they come to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Side {
    pub invoices: usize,
    pub rials: Rial,
}

impl Side {
    pub fn of(amounts: impl IntoIterator<Item = Rial>) -> Self {
        let mut side = Self::default();
        amounts.into_iter().for_each(|rials| side.add(rials));
        side
    }

    pub fn add(&mut self, rials: Rial) {
        self.invoices += 1;
        self.rials = Rial(self.rials.0.saturating_add(rials.0));
    }
}

/// What a decider remarks of an invoice.
pub(crate) fn remark(remark: &Remark) -> Value {
    json!({ "invoice": remark.invoice_id, "reason": remark.reason })
}
