//! Scenario files: the state in which a platform starts.
//!
//! A file says everything that the ledger begins with, in POD's own names. It is read strictly: an
//! unknown field, a business that nobody declared or a token used twice is an error that names the
//! place, because a scenario that silently means something else makes every test on it worthless.

mod check;
mod faults;
mod history;
mod locate;

use std::{collections::BTreeMap, fmt, fs, io, ops::Not, path::Path};

use pod_platform::{
    Instant, JalaliDate, JalaliDateTime, Rial, loans::LoanGuarantor, without_byte_order_mark,
};
use serde::{Deserialize, Serialize};

pub use faults::{ANY_SERVICE, Fault, Moment, Only, Spoilt};
pub use history::PastCall;

/// The state in which a platform starts.
///
/// ```
/// use pod_emulator::Scenario;
///
/// let scenario = Scenario::from_json("shop.json", r#"{
///     "businesses": [{"id": 7, "userId": 70, "name": "Shop", "apiToken": "shop-token",
///                     "wallet": {"PODLAND_WALLET": 50000}}],
///     "invoices": [{"id": 1, "businessId": 7, "amount": 6500, "vat": 585,
///                   "guildCode": "FOOD_GUILD"}]
/// }"#)?;
/// assert_eq!(scenario.invoices.len(), 1);
///
/// let error = Scenario::from_json("shop.json", r#"{
///     "invoices": [{"id": 1, "businessId": 7, "amount": 6500, "guildCode": "FOOD_GUILD"}]
/// }"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "shop.json:2:42: invoices[0].businessId: no business has the id 7"
/// );
/// # Ok::<(), pod_emulator::ScenarioError>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Where the clock stands, `yyyy/mm/dd HH:MM:SS` in the Persian calendar and Tehran's time.
    /// Absent: the platform lives in the present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The token that a run acts with. Absent: the first business's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Who issues invoices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub businesses: Vec<Business>,
    /// Who pays them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// The trades of which more is known than their codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guilds: Vec<Guild>,
    /// What has been issued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<Invoice>,
    /// What businesses sell, under numbers of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Product>,
    /// What was paid at terminals; POD's bank would know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pos_transactions: Vec<PosTransaction>,
    /// Credit that one user lends another, in the order in which it is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegations: Vec<Delegation>,
    /// Loan contracts: who lends, to whom, and how it is paid back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loan_contracts: Vec<LoanContract>,
    /// Utility bills of which there is more to say. Any other can be paid just as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bills: Vec<Bill>,
    /// Calls that were made and answered before the platform starts, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastCall>,
    /// Calls that go wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What faults with a probability are drawn from: the same seed, the same faults. Absent: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault_seed: Option<u64>,
    /// The `errorCode` of refusals for which POD's documents give a message and no code. Absent:
    /// [`MESSAGE_ERROR_CODE`]. 0: none, which some clients take for success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_error_code: Option<i32>,
}

/// The `errorCode` of refusals for which POD's documents give a message and no code, unless a
/// scenario says another: one that stands for nothing else.
pub const MESSAGE_ERROR_CODE: i32 = 1;

/// A business. It acts and is billed as the user `userId`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Business {
    /// The business's id.
    pub id: u64,
    /// The id under which it is billed; no user of the scenario has it.
    pub user_id: u64,
    /// Its name.
    pub name: String,
    /// The `_token_` that it calls with.
    pub api_token: String,
    /// Where POD's messages go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cellphone_number: Option<String>,
    /// What it can spend, by wallet code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wallet: BTreeMap<String, Rial>,
    /// What it earned, by guild code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub guilds: BTreeMap<String, Rial>,
    /// How many products it has. Absent: those of the scenario.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_of_products: Option<u64>,
    /// What its customers think of it. Absent: nothing yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Its bank account: the 24 digits of an IBAN, without `IR`. Absent: one that follows from its
    /// id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheba: Option<String>,
    /// The address of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_image: Option<String>,
}

/// What customers think of a business.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// The mean of all ratings, at most 10.
    pub rate: f64,
    /// How many ratings there are.
    pub rate_count: u64,
}

/// A guild. Any code is one; here is more to say of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guild {
    /// The guild's code.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Its number. Absent: one that follows from the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
}

/// A user.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The user's id.
    pub id: u64,
    /// The user's name.
    pub name: String,
    /// The `_token_` that the user calls with.
    pub access_token: String,
    /// Where POD's messages go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cellphone_number: Option<String>,
    /// The user's verified national code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_code: Option<String>,
    /// The name that the user logs in by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The address of the user's picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_image: Option<String>,
    /// What the user can spend, by wallet code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wallet: BTreeMap<String, Rial>,
}

/// An invoice.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invoice {
    /// The invoice's id.
    pub id: u64,
    /// Who issued it.
    pub business_id: u64,
    /// Whom it is for: a user's id or a business's `userId`. Absent: whoever pays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<u64>,
    /// Before tax.
    pub amount: Rial,
    /// Tax in rials, on top of the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat: Option<Rial>,
    /// The issuer's trade.
    pub guild_code: String,
    /// Is it paid? Its money then lies in its account of the ledger, unless it is closed, too:
    /// then the issuer's guild account has it.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub payed: bool,
    /// When it was issued: a Jalali day, of which it is the beginning, or a date-time. Absent: when
    /// the platform starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuance_date: Option<String>,
    /// When it was paid, written likewise; only of one that is. Absent: when the platform starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_date: Option<String>,
    /// Does a payment of it wait for the issuer's verification?
    #[serde(default, skip_serializing_if = "Not::not")]
    pub verification_needed: bool,
    /// The issuer's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_number: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Is it cancelled?
    #[serde(default, skip_serializing_if = "Not::not")]
    pub canceled: bool,
    /// Is it closed?
    #[serde(default, skip_serializing_if = "Not::not")]
    pub closed: bool,
    /// Has a payment begun at the gateway?
    #[serde(default, skip_serializing_if = "Not::not")]
    pub waiting: bool,
}

/// A registered product: an invoice's line can take its price (POD: `auto`).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Product {
    /// The product's id.
    pub id: u64,
    /// Who sells it.
    pub business_id: u64,
    /// Its name.
    pub name: String,
    /// The price of one.
    pub price: Rial,
    /// The trade that it belongs to. Absent: that of the invoice that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guild_code: Option<String>,
}

/// A payment at a terminal.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PosTransaction {
    /// The invoice, which the terminal was given as deposit identifier.
    pub invoice_id: u64,
    /// The terminal.
    pub terminal_number: String,
    /// Whose terminal it is.
    pub merchant_code: String,
    /// The bank's number of the payment.
    pub reference_number: String,
    /// The terminal's own number of the payment.
    pub tracking_number: String,
    /// When it was paid.
    pub transaction_date: JalaliDateTime,
    /// What was paid.
    pub amount: Rial,
}

/// Credit that one user lends another.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delegation {
    /// Whose credit it is.
    pub delegator_id: u64,
    /// Who may pay with it.
    pub delegate_id: u64,
    /// Names this credit.
    pub hash: String,
    /// How much there is.
    pub amount: Rial,
    /// Only invoices of this guild. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guild_code: Option<String>,
    /// A Jalali day, which is its last, or a date-time, at which it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A loan contract.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoanContract {
    /// The contract's id.
    pub id: u64,
    /// Who grants its loans.
    pub business_id: u64,
    /// The contract's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The most that it lends in all. The platform starts with that much to lend.
    pub ceiling: Rial,
    /// The grantor's share, in percent.
    pub commission_rate: f64,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<JalaliDate>,
    /// Who answers for its loans: `LOAN_GUARANTOR_PASARGAD`, or `LOAN_GUARANTOR_NO_GUARANTOR`.
    /// Absent: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guarantor: Option<LoanGuarantor>,
    /// The most months before the first instalment. Absent: 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_breathing_period_count: Option<u32>,
    /// The wallet that instalments are paid from. Absent: `PODLAND_WALLET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear_installment_tool: Option<String>,
    /// The grantor's trade. Absent: `BUSINESS_GUILD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guild_code: Option<String>,
    /// The businesses whose invoices it pays. Absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted_businesses: Option<Vec<u64>>,
    /// Who may borrow.
    #[serde(default)]
    pub members: Vec<Member>,
    /// How a loan can be paid back.
    #[serde(default)]
    pub plans: Vec<Plan>,
}

/// Somebody who may borrow under a contract.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// The user.
    pub user_id: u64,
    /// The most that the user may borrow.
    pub credit: Rial,
}

/// A way to pay a loan back.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The plan's id.
    pub id: u64,
    /// The plan's name.
    pub name: String,
    /// How many instalments, at most 360.
    pub installments: u32,
    /// Flat interest, in percent.
    pub interest_rate: f64,
    /// Can it be chosen?
    pub active: bool,
}

/// A utility bill.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bill {
    /// `billId`, 6 to 13 digits.
    pub bill_id: String,
    /// `paymentId`, 6 to 13 digits.
    pub payment_id: String,
    /// The company's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Can the file with its payment not be sent to the company? Not for mobile bills, which are
    /// cleared at once and without a file.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub send_file_fails: bool,
}

/// A scenario cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("the scenario {file} cannot be read")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It is not JSON, not a scenario, or contradicts itself.
    #[error("{0}")]
    Invalid(Problem),
}

/// What is wrong with a scenario, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The file; none for a scenario made in the program.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, in bytes from 1.
    pub column: Option<usize>,
    /// The field, for example `invoices[3].businessId`; empty for the scenario as a whole.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file.as_deref().unwrap_or("the scenario"))?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Scenario {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// If the file cannot be read, or [as below](Self::from_json).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        let file = path.as_ref().display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::from_json(&file, &text),
            Err(source) => Err(ScenarioError::Read { file, source }),
        }
    }

    /// Reads and checks a text; `name` stands in errors where a file's name would.
    ///
    /// # Errors
    /// If the text is not JSON, not a scenario, or contradicts itself.
    pub fn from_json(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let text = without_byte_order_mark(text);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = serde_path_to_error::deserialize::<_, Self>(&mut deserializer)
            .map_err(|error| (error.path().to_string(), error.into_inner()))
            .and_then(|scenario| match deserializer.end() {
                Ok(()) => Ok(scenario),
                Err(error) => Err((String::new(), error)),
            });
        let scenario = read.map_err(|(path, error)| {
            let place = format!(" at line {} column {}", error.line(), error.column());
            let reason = error.to_string();
            ScenarioError::Invalid(Problem {
                file: Some(name.to_owned()),
                line: Some(error.line()),
                column: Some(error.column()),
                path: if path == "." { String::new() } else { path },
                reason: reason.strip_suffix(&place).unwrap_or(&reason).to_owned(),
            })
        })?;
        check::check(&scenario, scenario.instant()).map_err(|fault| {
            let (line, column) = locate::locate(text, &fault.path).unzip();
            ScenarioError::Invalid(Problem {
                file: Some(name.to_owned()),
                line,
                column,
                path: fault.path.to_string(),
                reason: fault.reason,
            })
        })?;
        Ok(scenario)
    }

    /// Checks a scenario that was made in the program.
    ///
    /// # Errors
    /// If it contradicts itself.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.check_at(self.instant())
    }

    /// Checks a scenario for a platform that starts `now`; none if that is not known yet.
    pub(crate) fn check_at(&self, now: Option<Instant>) -> Result<(), ScenarioError> {
        check::check(self, now).map_err(|fault| {
            ScenarioError::Invalid(Problem {
                file: None,
                line: None,
                column: None,
                path: fault.path.to_string(),
                reason: fault.reason,
            })
        })
    }

    /// The token that a run acts with.
    pub(crate) fn caller_token(&self) -> Option<&str> {
        self.caller
            .as_deref()
            .or_else(|| self.businesses.first().map(|business| business.api_token.as_str()))
    }

    /// Where the clock stands.
    pub(crate) fn instant(&self) -> Option<Instant> {
        self.now.as_deref().and_then(Instant::from_jalali_date_time)
    }
}

impl Invoice {
    /// When it was issued, if it says so. Only for a scenario that has been checked: what is no date
    /// reads as absent.
    pub(crate) fn issued_at(&self) -> Option<Instant> {
        self.issuance_date.as_deref().and_then(start_of)
    }

    /// When it was paid, likewise.
    pub(crate) fn paid_at(&self) -> Option<Instant> {
        self.payment_date.as_deref().and_then(start_of)
    }
}

impl Delegation {
    /// The first instant at which the credit is over; none if it never is. Only for a scenario that
    /// has been checked: what is no date reads as never.
    pub(crate) fn expires_at(&self) -> Option<Instant> {
        self.until.as_deref().and_then(end_of)
    }
}

/// A Jalali day begins with its first instant.
fn start_of(text: &str) -> Option<Instant> {
    match text.parse::<JalaliDate>() {
        Ok(day) => day.start(),
        Err(_) => Instant::from_jalali_date_time(text),
    }
}

/// A Jalali day ends with its last instant, a date-time is over when it is reached.
fn end_of(text: &str) -> Option<Instant> {
    match text.parse::<JalaliDate>() {
        Ok(day) => day.end(),
        Err(_) => Instant::from_jalali_date_time(text),
    }
}
