//! What a POD service is to us: a row of the catalogue, and a request type made from its WIT
//! function.

use std::any::Any;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use pod_values::{Instant, JalaliDate, NotABill, UtilityBill};

use crate::{
    evidence::Evidence,
    types::{InvalidArgument, PlatformErrorKind},
    wire::form::{Fields, Form},
};

/// One POD service: what its WIT function cannot say.
#[derive(Debug)]
pub struct Row {
    /// POD's own name, for example `payInvoiceByInvoice`.
    pub name: &'static str,
    /// How it is reached.
    pub route: Route,
    /// Whose token it takes.
    pub token: TokenKind,
    /// Does a call need a one-time token?
    pub needs_ott: bool,
    /// What it does to the world.
    pub effect: Effect,
    /// What is checked before anything is sent, beyond the fields' types.
    pub rules: &'static [Rule],
    /// The refusals that POD's documents, or its clients' tests, tell of it. Any service may also
    /// answer that the token is wrong, or leave its outcome unknown (227, 378, 999).
    pub errors: &'static [PlatformErrorKind],
    /// Fields that POD spells otherwise than the contract's names read: ours, and POD's.
    pub spelling: &'static [(&'static str, &'static str)],
    /// Fields that are not sent: POD answers a link, to which its clients append them.
    pub appended: &'static [&'static str],
    /// The fields of which one names the invoice that it acts on, or lets somebody act on, where its
    /// stakes do not name it already: an id, a `billNumber` or a `uniqueNumber`.
    pub invoice: &'static [&'static str],
    /// The wallet that it uses where a request names neither a `wallet` nor a `guildCode`.
    pub wallet: Option<&'static str>,
    /// Does it send somebody an SMS?
    pub sms: Sms,
    /// What names an effect of it.
    pub names: Names,
}

/// What names an effect of a mutation for whoever has to explain it: all fields by which the thing
/// that it acted on, and what it was paid from, are known on POD.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names {
    /// Fields of the request that name what it acts on.
    pub object: &'static [&'static str],
    /// What the field `id` is called among them: the request's or, if it has none, the answer's.
    pub id: Option<&'static str>,
    /// Fields of the request that name what it pays from: a wallet (the row's, where none is named),
    /// a guild's account, delegated credit, a loan contract.
    pub source: &'static [&'static str],
}

/// Whether a service sends an SMS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sms {
    /// No.
    None,
    /// Yes.
    Always,
}

/// How a service is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// `doServiceCall`, by number.
    Product(Product),
    /// A path of its own below the platform's.
    Path {
        /// GET sends the fields as a query string, POST as a form.
        verb: Verb,
        /// For example `/nzh/biz/loanList`.
        path: &'static str,
    },
    /// A path of the file server, which takes a file.
    Upload {
        /// For example `/nzh/uploadFile`.
        path: &'static str,
    },
    /// A path of the file server, which answers a file.
    Download {
        /// For example `/nzh/file`.
        path: &'static str,
    },
    /// No call at all: a URL for the payer's browser.
    Link {
        /// Below the payment pages' address, for example `/v1/pbc/payinvoice/`.
        path: &'static str,
    },
}

/// A service's `scProductId`, which differs between POD's two installations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Product {
    /// On `api.pod.ir`.
    pub production: u32,
    /// On POD's own sandbox; none, where no document tells it.
    pub sandbox: Option<u32>,
    /// Numbers under which older clients still call it.
    pub older: &'static [u32],
}

impl Product {
    /// All its numbers.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        std::iter::once(self.production).chain(self.sandbox).chain(self.older.iter().copied())
    }
}

/// How a path of its own is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verb {
    /// With a query string.
    Get,
    /// With a form.
    Post,
}

/// Whose token a service takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// A business's or a user's.
    Any,
    /// A business's API token only.
    Business,
    /// A user's access token. A business's token acts for the user that the business is billed as.
    Access,
}

impl TokenKind {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "API token or access token",
            Self::Business => "API token",
            Self::Access => "access token",
        }
    }
}

/// What a service does to the world.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Nothing: it may be called again at will.
    Read,
    /// It changes something, and how a doubt about it is settled.
    Mutation {
        /// How a doubt is settled.
        class: EffectClass,
        /// Which rials are at stake.
        stakes: Stakes,
        /// How it shows that it took effect.
        evidence: Evidence,
    },
}

/// How to settle a doubt whether a call took effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EffectClass {
    /// POD refuses the repeat, so a repeat cannot do it twice.
    SelfFencing,
    /// A repeat does no harm: it answers what the first call did, or what it leaves behind beyond
    /// that nobody can reach.
    Idempotent,
    /// The call carries a mark of ours, by which its effect is found again.
    MarkedByUs,
    /// The effect can be read, but nobody has promised that a repeat does no harm.
    Readable,
    /// Nothing that can be read tells whether it took effect.
    NoEvidence,
}

impl EffectClass {
    /// The name in journals and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SelfFencing => "self-fencing",
            Self::Idempotent => "idempotent",
            Self::MarkedByUs => "marked-by-us",
            Self::Readable => "readable",
            Self::NoEvidence => "no-evidence",
        }
    }
}

/// Which rials a call puts at stake, and where the host reads how many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stakes {
    /// None.
    Nothing,
    /// The payable amount of the invoice that this field names: paid, earmarked, forgiven, or
    /// turned into debt.
    PayableAmountOf(&'static str),
    /// The payable amount of the invoice that this field names, of which the part is forgiven, or
    /// goes back, by which it becomes smaller.
    ReductionOf(&'static str),
    /// What was paid for the invoice that this field names, or is kept for it: it goes back.
    RefundOf(&'static str),
    /// The total of the loan that this field names.
    TotalAmountOfLoan(&'static str),
    /// What the identifiers of the utility bill say.
    BillAmount,
}

impl Route {
    /// `doServiceCall`, by a number for each of POD's two installations.
    pub(crate) const fn product(production: u32, sandbox: u32) -> Self {
        Self::Product(Product { production, sandbox: Some(sandbox), older: &[] })
    }

    /// `doServiceCall`, by a number that is known of `api.pod.ir` only.
    pub(crate) const fn production(production: u32, older: &'static [u32]) -> Self {
        Self::Product(Product { production, sandbox: None, older })
    }
}

/// What has to be known of a service that changes something before anybody may call it: nothing of
/// it has a default, so that a row which forgets a part does not compile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutation {
    /// How a doubt is settled.
    pub class: EffectClass,
    /// Which rials are at stake.
    pub stakes: Stakes,
    /// How it shows that it took effect.
    pub evidence: Evidence,
    /// Does a call need a one-time token?
    pub needs_ott: bool,
    /// Does it send somebody an SMS?
    pub sms: Sms,
    /// See [`Row::wallet`].
    pub wallet: Option<&'static str>,
    /// See [`Row::invoice`].
    pub invoice: &'static [&'static str],
    /// See [`Names::object`].
    pub object: &'static [&'static str],
    /// See [`Names::source`].
    pub source: &'static [&'static str],
}

impl Row {
    /// A service that changes nothing. One of the fields in `invoice` names the invoice that it lets
    /// somebody act on.
    pub(crate) const fn read(
        name: &'static str,
        route: Route,
        token: TokenKind,
        invoice: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            route,
            token,
            needs_ott: false,
            effect: Effect::Read,
            rules: &[],
            errors: &[],
            spelling: &[],
            appended: &[],
            invoice,
            wallet: None,
            sms: Sms::None,
            names: Names { object: &[], id: None, source: &[] },
        }
    }

    /// A service that changes something.
    pub(crate) const fn mutation(
        name: &'static str,
        route: Route,
        token: TokenKind,
        mutation: Mutation,
    ) -> Self {
        let Mutation { class, stakes, evidence, needs_ott, sms, wallet, invoice, object, source } =
            mutation;
        Self {
            needs_ott,
            effect: Effect::Mutation { class, stakes, evidence },
            wallet,
            sms,
            names: Names { object, id: None, source },
            ..Self::read(name, route, token, invoice)
        }
    }

    /// Its arguments are checked before anything is sent.
    pub(crate) const fn rules(mut self, rules: &'static [Rule]) -> Self {
        self.rules = rules;
        self
    }

    /// These fields are appended to the link that is answered.
    pub(crate) const fn appended(mut self, fields: &'static [&'static str]) -> Self {
        self.appended = fields;
        self
    }

    /// POD tells of these refusals.
    pub(crate) const fn errors(mut self, errors: &'static [PlatformErrorKind]) -> Self {
        self.errors = errors;
        self
    }

    /// The field `id`, of the request or of the answer, is called so.
    pub(crate) const fn id(mut self, name: &'static str) -> Self {
        self.names.id = Some(name);
        self
    }

    /// POD spells some of its fields in its own way.
    pub(crate) const fn spelling(
        mut self,
        spelling: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.spelling = spelling;
        self
    }

    /// The fields of which one names the invoice that it acts on. Empty: it acts on none.
    #[must_use]
    pub fn invoice_fields(&self) -> &[&'static str] {
        match &self.effect {
            Effect::Mutation {
                stakes:
                    Stakes::PayableAmountOf(field)
                    | Stakes::ReductionOf(field)
                    | Stakes::RefundOf(field),
                ..
            } => std::slice::from_ref(field),
            _ => self.invoice,
        }
    }
}

/// A check on a request as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Exactly one of these fields is given.
    ExactlyOne(&'static [&'static str]),
    /// At least one of these fields is given.
    AtLeastOne(&'static [&'static str]),
    /// These lists are as long as one another, and not empty.
    SameLength(&'static [&'static str]),
    /// These lists are as long as one another, or all empty.
    TogetherOrNone(&'static [&'static str]),
    /// The first list is empty, or as long as the second.
    EmptyOrAsLongAs(&'static str, &'static str),
    /// Each number of this field is at least so much.
    AtLeast(&'static str, u64),
    /// Each number of this field is more than 0.
    MoreThanZero(&'static str),
    /// The number of this field lies between these two.
    Between(&'static str, f64, f64),
    /// The field is a URL that a browser or POD can open.
    Url(&'static str),
    /// Each value of the field is a JSON text.
    Json(&'static str),
    /// The field is an Iranian mobile number.
    Cellphone(&'static str),
    /// Where a line names no registered product (`productId` 0), it has a price of its own.
    PriceOfItsOwn,
    /// `billId` and `paymentId` are a utility bill's identifiers.
    UtilityBill,
}

impl Rule {
    fn check(self, form: &Form) -> Result<(), InvalidArgument> {
        let given = |field: &&&str| form.get(field).is_some();
        let count = |list: &str| form.values(list).count();
        match self {
            Self::ExactlyOne(fields) => {
                if fields.iter().filter(given).count() != 1 {
                    let all = fields.join(", ");
                    return refuse(fields[0], format!("given alone: exactly one of {all}"));
                }
            }
            Self::AtLeastOne(fields) => {
                if !fields.iter().any(|field| given(&field)) {
                    let all = fields.join(", ");
                    return refuse(fields[0], format!("given, or another one of {all}"));
                }
            }
            Self::SameLength(lists) => {
                same_length(lists, form)?;
                if count(lists[0]) == 0 {
                    let all = lists.join(", ");
                    return refuse(
                        lists[0],
                        format!("as long as {all}, and not empty: it holds 0"),
                    );
                }
            }
            Self::TogetherOrNone(lists) => same_length(lists, form)?,
            Self::EmptyOrAsLongAs(list, other) => {
                let (found, expected) = (count(list), count(other));
                if found != 0 && found != expected {
                    let expected =
                        format!("empty, or as long as {other}, {expected}: it holds {found}");
                    return refuse(list, expected);
                }
            }
            Self::AtLeast(field, least) => {
                for value in form.values(field) {
                    if value.parse::<u64>().is_ok_and(|value| value < least) {
                        return refuse(field, format!("at least {least}, not {value}"));
                    }
                }
            }
            Self::MoreThanZero(field) => {
                for value in form.values(field) {
                    if !value.parse::<f64>().is_ok_and(|value| value > 0.0 && value.is_finite()) {
                        return refuse(field, format!("more than 0, not {value}"));
                    }
                }
            }
            Self::Between(field, low, high) => {
                for value in form.values(field) {
                    if !value.parse::<f64>().is_ok_and(|value| (low..=high).contains(&value)) {
                        return refuse(field, format!("between {low} and {high}, not {value}"));
                    }
                }
            }
            Self::Url(field) => {
                for value in form.values(field) {
                    if url::Url::parse(value).is_err() {
                        return refuse(
                            field,
                            format!("a URL such as https://shop.ir/paid, not `{value}`"),
                        );
                    }
                }
            }
            Self::Json(field) => {
                for value in form.values(field) {
                    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(value) {
                        return refuse(field, format!("a JSON text: {error}"));
                    }
                }
            }
            Self::Cellphone(field) => {
                for value in form.values(field) {
                    let rest =
                        ["0098", "+98", "0"].iter().find_map(|code| value.strip_prefix(code));
                    let is_mobile = |rest: &str| {
                        rest.len() == 10
                            && rest.starts_with('9')
                            && rest.bytes().all(|byte| byte.is_ascii_digit())
                    };
                    if !rest.is_some_and(is_mobile) {
                        return refuse(
                            field,
                            format!("a mobile number such as 09123456789, not `{value}`"),
                        );
                    }
                }
            }
            Self::PriceOfItsOwn => {
                for (product, price) in form.values("productId").zip(form.values("price")) {
                    if product == "0" && price == "auto" {
                        return refuse(
                            "price",
                            "an amount wherever productId is 0: that product has no price to take"
                                .to_owned(),
                        );
                    }
                }
            }
            Self::UtilityBill => {
                let value = |field| form.get(field).unwrap_or_default();
                if let Err(error) = UtilityBill::read(value("billId"), value("paymentId")) {
                    let field = match error {
                        NotABill::BillId { .. } | NotABill::Barcode(_) => "billId",
                        NotABill::PaymentId { .. } => "paymentId",
                    };
                    let (value, reason) = (value(field), error.reason());
                    return refuse(field, format!("a bill's own, but of `{value}` {reason}"));
                }
            }
        }
        Ok(())
    }
}

fn refuse(field: &str, expected: String) -> Result<(), InvalidArgument> {
    Err(InvalidArgument { field: field.to_owned(), expected })
}

fn same_length(lists: &[&str], form: &Form) -> Result<(), InvalidArgument> {
    let length = form.values(lists[0]).count();
    for list in lists {
        let found = form.values(list).count();
        if found != length {
            return refuse(
                list,
                format!("as long as {}, and not empty: it holds {found}", lists.join(", ")),
            );
        }
    }
    Ok(())
}

/// A request to one POD service. Implemented by the contract's generated request types only.
pub trait Service:
    Component + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What the service answers.
    type Response: Component + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The WIT interface, for example `payments`.
    const INTERFACE: &'static str;
    /// The WIT function, for example `pay-invoice-by-invoice`.
    const FUNCTION: &'static str;
    /// The service's row of the catalogue.
    const ROW: &'static Row;

    /// The request's fields that are days of the Persian calendar, with a time or without.
    const DAYS: &'static [&'static str];

    /// Writes the request's fields.
    fn encode(&self, form: &mut Form);

    /// Reads the request's fields, as a server does.
    ///
    /// # Errors
    /// If a field is missing or is not of its type.
    fn decode(fields: &Fields) -> Result<Self, InvalidArgument>;

    /// Reads an envelope's `count` and `result`.
    ///
    /// # Errors
    /// If they are not what the contract says.
    fn read(count: u64, result: &str) -> serde_json::Result<Self::Response>;

    /// The envelope's `count` for a response.
    fn count(response: &Self::Response) -> u64;

    /// The envelope's `result` for a response.
    ///
    /// # Errors
    /// If the response cannot be written as JSON, which the contract's types can.
    fn write(response: &Self::Response) -> serde_json::Result<Box<RawValue>>;

    /// The request, checked and ready to be sent. Whatever a server could not read back is not
    /// sent: a required text that is empty, a day that no calendar has.
    ///
    /// # Errors
    /// If it breaks one of the service's rules.
    fn prepare(&self) -> Result<Request, InvalidArgument> {
        let mut form = Form::default();
        self.encode(&mut form);
        Self::decode(&Fields::from(&form))?;
        for rule in Self::ROW.rules {
            rule.check(&form)?;
        }
        Ok(Request {
            interface: Self::INTERFACE,
            function: Self::FUNCTION,
            row: Self::ROW,
            days: Self::DAYS,
            form,
            read: |count, result| Ok(Box::new(Self::read(count, result)?)),
        })
    }
}

/// What a guest needs of a type to receive it; nothing without the feature `component`.
#[cfg(feature = "component")]
pub trait Component: wasmtime::component::Lift + wasmtime::component::Lower {}
#[cfg(feature = "component")]
impl<T: wasmtime::component::Lift + wasmtime::component::Lower> Component for T {}

/// What a guest needs of a type to receive it; nothing without the feature `component`.
#[cfg(not(feature = "component"))]
pub trait Component {}
#[cfg(not(feature = "component"))]
impl<T> Component for T {}

/// Is shown every service of the contract, by [`visit_services`](crate::visit_services).
pub trait ServiceVisitor {
    /// One service.
    fn visit<S: Service>(&mut self);
}

/// Reads a response into the type that its service promises.
pub type Reader = fn(count: u64, result: &str) -> serde_json::Result<Box<dyn Any + Send>>;

/// A request that has been checked and is ready to be sent, whatever its service.
#[derive(Clone, Debug)]
pub struct Request {
    /// The WIT interface.
    pub interface: &'static str,
    /// The WIT function.
    pub function: &'static str,
    /// The service.
    pub row: &'static Row,
    /// Which of its fields are days.
    pub days: &'static [&'static str],
    /// Its fields.
    pub form: Form,
    /// Reads the answer.
    pub read: Reader,
}

impl Request {
    /// How grants, journals and receipts name the function: `payments.pay-invoice-by-invoice`.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.interface, self.function)
    }

    /// The fields that are sent to the service.
    #[must_use]
    pub fn sent(&self) -> Form {
        self.form.split(self.row.appended).1
    }

    /// Refuses days that are more than 50 years from `now`: POD reads the numbers of a Gregorian day
    /// as a Jalali one, and would keep a guarantee's money for six centuries.
    ///
    /// # Errors
    /// If there is such a day; what is expected names it by both calendars.
    pub fn check_days(&self, now: Instant) -> Result<(), InvalidArgument> {
        for field in self.days {
            for text in self.form.values(field) {
                let day = JalaliDate::leading(text);
                if let Some(Err(distant)) = day.map(|day| day.check_near(now)) {
                    return refuse(field, format!("a day near now: {distant}"));
                }
            }
        }
        Ok(())
    }

    /// Does it send somebody an SMS?
    #[must_use]
    pub fn sends_sms(&self) -> bool {
        self.row.sms == Sms::Always
    }
}
