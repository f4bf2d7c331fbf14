//! What serde cannot see: ids that nobody has, tokens used twice, dates that are none.

use std::collections::{HashMap, HashSet};

use pod_platform::{
    BillType, Instant, JalaliDate, NotABill, Rial, UtilityBill,
    loans::LoanGuarantor,
    types::{PlatformError, PlatformErrorKind as Kind},
};

use super::{Business, Invoice, Scenario, end_of, faults, history, locate::Path, start_of};
use crate::sheba;

/// Ids and amounts beyond this have no exact JSON number.
const LARGEST: u64 = 9_007_199_254_740_991;

/// Monthly ones of thirty years.
const MOST_INSTALLMENTS: u32 = 360;

pub(super) struct Fault {
    pub(super) path: Path,
    pub(super) reason: String,
}

pub(super) type Checked = Result<(), Fault>;

/// Checks a scenario. What it says has happened has not happened after `now`, where that is known.
pub(super) fn check(scenario: &Scenario, now: Option<Instant>) -> Checked {
    let mut checker = Checker::default();
    if let Some(now) = &scenario.now
        && Instant::from_jalali_date_time(now).is_none()
    {
        return fault(
            Path::default().key("now"),
            format!("`{now}` is no date-time of the Persian calendar, written yyyy/mm/dd HH:MM:SS"),
        );
    }
    if let Some(code) = scenario.message_error_code
        && (Kind::all().any(|kind| kind.code() == code && code != 0)
            || PlatformError::new(code, String::new(), String::new()).is_outcome_unknown())
    {
        return fault(
            Path::default().key("messageErrorCode"),
            format!("{code} stands for something else on POD"),
        );
    }
    if let Some(now) = &scenario.now {
        calendar(Path::default().key("now"), JalaliDate::leading(now))?;
    }
    checker.parties(scenario)?;
    checker.invoices(scenario, now)?;
    Checker::guilds(scenario)?;
    checker.products(scenario)?;
    pos_transactions(scenario)?;
    checker.delegations(scenario)?;
    checker.loan_contracts(scenario)?;
    bills(scenario)?;
    history::check(&scenario.history, |token| checker.tokens.contains_key(token))?;
    faults::check(&scenario.faults)?;
    if let Some(caller) = &scenario.caller
        && !checker.tokens.contains_key(caller.as_str())
    {
        return fault(
            Path::default().key("caller"),
            "no business and no user has this token".to_owned(),
        );
    }
    Ok(())
}

/// What has been seen so far.
#[derive(Default)]
struct Checker<'a> {
    /// A business's user id by its id.
    businesses: HashMap<u64, u64>,
    /// Everybody who can be billed, and where that was said.
    users: HashMap<u64, String>,
    /// Every token, and whose it is.
    tokens: HashMap<&'a str, String>,
    /// All money of the scenario: the account it comes from must be able to count it.
    money: i64,
}

impl<'a> Checker<'a> {
    fn parties(&mut self, scenario: &'a Scenario) -> Checked {
        for (index, business) in scenario.businesses.iter().enumerate() {
            let here = Path::default().key("businesses").index(index);
            id(&here, "id", business.id)?;
            if self.businesses.insert(business.id, business.user_id).is_some() {
                return twice(here.key("id"), "business", business.id);
            }
            self.billed(&here, "userId", business.user_id)?;
            self.token(&here, "apiToken", &business.api_token)?;
            for (code, amount) in &business.wallet {
                self.account(here.clone().key("wallet"), code, *amount)?;
            }
            for (code, amount) in &business.guilds {
                self.account(here.clone().key("guilds"), code, *amount)?;
            }
            profile(&here, business)?;
        }
        for (index, user) in scenario.users.iter().enumerate() {
            let here = Path::default().key("users").index(index);
            self.billed(&here, "id", user.id)?;
            self.token(&here, "accessToken", &user.access_token)?;
            for (code, amount) in &user.wallet {
                self.account(here.clone().key("wallet"), code, *amount)?;
            }
        }
        Ok(())
    }

    fn invoices(&mut self, scenario: &'a Scenario, now: Option<Instant>) -> Checked {
        let mut ids = HashSet::new();
        let mut bill_numbers = HashSet::new();
        for (index, invoice) in scenario.invoices.iter().enumerate() {
            let here = Path::default().key("invoices").index(index);
            id(&here, "id", invoice.id)?;
            if !ids.insert(invoice.id) {
                return twice(here.key("id"), "invoice", invoice.id);
            }
            let issuer = self.issuer(&here, invoice.business_id)?;
            if let Some(user) = invoice.user_id {
                self.user(&here, "userId", user)?;
                if user == issuer {
                    return fault(
                        here.key("userId"),
                        "a business cannot issue an invoice for its own user".to_owned(),
                    );
                }
            }
            not_empty(&here, "guildCode", &invoice.guild_code)?;
            self.account(here.clone(), "amount", invoice.amount)?;
            self.account(here.clone(), "vat", invoice.vat.unwrap_or_default())?;
            if let Some(number) = &invoice.bill_number {
                not_empty(&here, "billNumber", number)?;
                if !bill_numbers.insert((invoice.business_id, number)) {
                    return fault(
                        here.key("billNumber"),
                        format!(
                            "business {} has an invoice with the number `{number}` already",
                            invoice.business_id
                        ),
                    );
                }
            }
            dates(&here, invoice, now)?;
            if invoice.canceled && (invoice.payed || invoice.closed) {
                return fault(
                    here.key("canceled"),
                    "a cancelled invoice is neither paid nor closed".to_owned(),
                );
            }
            if invoice.waiting && (invoice.payed || invoice.closed || invoice.canceled) {
                return fault(
                    here.key("waiting"),
                    "only an open invoice waits for the gateway".to_owned(),
                );
            }
        }
        Ok(())
    }

    fn guilds(scenario: &Scenario) -> Checked {
        let (mut codes, mut ids) = (HashSet::new(), HashSet::new());
        for (index, guild) in scenario.guilds.iter().enumerate() {
            let here = Path::default().key("guilds").index(index);
            not_empty(&here, "code", &guild.code)?;
            not_empty(&here, "name", &guild.name)?;
            if !codes.insert(&guild.code) {
                return twice(here.key("code"), "guild", &guild.code);
            }
            if let Some(number) = guild.id {
                id(&here, "id", number)?;
                if !ids.insert(number) {
                    return twice(here.key("id"), "guild", number);
                }
            }
        }
        Ok(())
    }

    fn products(&mut self, scenario: &'a Scenario) -> Checked {
        let mut ids = HashSet::new();
        for (index, product) in scenario.products.iter().enumerate() {
            let here = Path::default().key("products").index(index);
            id(&here, "id", product.id)?;
            if !ids.insert(product.id) {
                return twice(here.key("id"), "product", product.id);
            }
            self.issuer(&here, product.business_id)?;
            price(here.clone().key("price"), product.price)?;
            if let Some(code) = &product.guild_code {
                not_empty(&here, "guildCode", code)?;
            }
        }
        Ok(())
    }

    fn delegations(&mut self, scenario: &'a Scenario) -> Checked {
        let mut hashes = HashSet::new();
        for (index, delegation) in scenario.delegations.iter().enumerate() {
            let here = Path::default().key("delegations").index(index);
            self.user(&here, "delegatorId", delegation.delegator_id)?;
            self.user(&here, "delegateId", delegation.delegate_id)?;
            not_empty(&here, "hash", &delegation.hash)?;
            if !hashes.insert(&delegation.hash) {
                return twice(here.key("hash"), "delegation", &delegation.hash);
            }
            self.account(here.clone(), "amount", delegation.amount)?;
            if let Some(code) = &delegation.guild_code {
                not_empty(&here, "guildCode", code)?;
            }
            if let Some(until) = &delegation.until {
                time(here.key("until"), until, end_of)?;
            }
        }
        Ok(())
    }

    fn loan_contracts(&mut self, scenario: &'a Scenario) -> Checked {
        let mut ids = HashSet::new();
        let mut plans = HashSet::new();
        for (index, contract) in scenario.loan_contracts.iter().enumerate() {
            let here = Path::default().key("loanContracts").index(index);
            id(&here, "id", contract.id)?;
            if !ids.insert(contract.id) {
                return twice(here.key("id"), "loan contract", contract.id);
            }
            calendar(here.clone().key("endDate"), contract.end_date)?;
            let grantor = self.issuer(&here, contract.business_id)?;
            self.account(here.clone(), "ceiling", contract.ceiling)?;
            rate(&here, "commissionRate", contract.commission_rate)?;
            if let Some(LoanGuarantor::Other(code)) = &contract.guarantor {
                return fault(here.key("guarantor"), format!("there is no guarantor `{code}`"));
            }
            for (field, text) in [
                ("clearInstallmentTool", &contract.clear_installment_tool),
                ("guildCode", &contract.guild_code),
            ] {
                if let Some(text) = text {
                    not_empty(&here, field, text)?;
                }
            }
            for (index, business) in contract.permitted_businesses.iter().flatten().enumerate() {
                if !self.businesses.contains_key(business) {
                    return fault(
                        here.key("permittedBusinesses").index(index),
                        format!("no business has the id {business}"),
                    );
                }
            }
            let mut members = HashSet::new();
            for (index, member) in contract.members.iter().enumerate() {
                let here = here.clone().key("members").index(index);
                self.user(&here, "userId", member.user_id)?;
                if member.user_id == grantor {
                    return fault(
                        here.key("userId"),
                        "a grantor does not lend to itself".to_owned(),
                    );
                }
                amount(here.clone().key("credit"), member.credit)?;
                if !members.insert(member.user_id) {
                    return twice(here.key("userId"), "member", member.user_id);
                }
            }
            for (index, plan) in contract.plans.iter().enumerate() {
                let here = here.clone().key("plans").index(index);
                id(&here, "id", plan.id)?;
                if !plans.insert(plan.id) {
                    return twice(here.key("id"), "plan", plan.id);
                }
                if !(1..=MOST_INSTALLMENTS).contains(&plan.installments) {
                    return fault(
                        here.key("installments"),
                        format!("a loan has 1 to {MOST_INSTALLMENTS} instalments"),
                    );
                }
                rate(&here, "interestRate", plan.interest_rate)?;
            }
        }
        Ok(())
    }

    fn billed(&mut self, here: &Path, field: &str, user: u64) -> Checked {
        id(here, field, user)?;
        let place = here.clone().key(field);
        match self.users.get(&user) {
            Some(other) => fault(place, format!("{user} is taken by {other}")),
            None => {
                self.users.insert(user, place.to_string());
                Ok(())
            }
        }
    }

    fn token(&mut self, here: &Path, field: &str, token: &'a str) -> Checked {
        let place = here.clone().key(field);
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return fault(
                place,
                "a token is made of letters, digits and signs that an HTTP header can carry"
                    .to_owned(),
            );
        }
        match self.tokens.get(token) {
            Some(other) => fault(place, format!("this token is that of {other}, too")),
            None => {
                self.tokens.insert(token, here.to_string());
                Ok(())
            }
        }
    }

    /// The user id of the business that issues or grants.
    fn issuer(&self, here: &Path, business: u64) -> Result<u64, Fault> {
        self.businesses.get(&business).copied().ok_or_else(|| Fault {
            path: here.clone().key("businessId"),
            reason: format!("no business has the id {business}"),
        })
    }

    fn user(&self, here: &Path, field: &str, user: u64) -> Checked {
        if self.users.contains_key(&user) {
            Ok(())
        } else {
            fault(
                here.clone().key(field),
                format!("no user has the id {user}, and no business this userId"),
            )
        }
    }

    fn account(&mut self, here: Path, field: &str, rials: Rial) -> Checked {
        let place = here.key(field);
        if field.is_empty() {
            return fault(place, "an account has a code".to_owned());
        }
        amount(place.clone(), rials)?;
        let sum = i64::try_from(rials.0).ok().and_then(|rials| self.money.checked_add(rials));
        match sum {
            Some(sum) => {
                self.money = sum;
                Ok(())
            }
            None => fault(place, "all money together is too much to count".to_owned()),
        }
    }
}

/// What an invoice shows of its business can be what it says.
fn profile(here: &Path, business: &Business) -> Checked {
    if business.num_of_products.is_some_and(|number| number > LARGEST) {
        return fault(here.clone().key("numOfProducts"), format!("at most {LARGEST}"));
    }
    if let Some(rate) = business.rate {
        let here = here.clone().key("rate");
        if !(0.0..=10.0).contains(&rate.rate) {
            return fault(here.key("rate"), "a rating is between 0 and 10".to_owned());
        }
        if rate.rate_count > LARGEST {
            return fault(here.key("rateCount"), format!("at most {LARGEST}"));
        }
    }
    if let Some(sheba) = &business.sheba
        && !sheba::holds(sheba)
    {
        let reason = format!("`{sheba}` is no account: 24 digits, of which the first two check");
        return fault(here.clone().key("sheba"), reason);
    }
    Ok(())
}

/// An invoice was issued, then paid, and none of it in the future.
fn dates(here: &Path, invoice: &Invoice, now: Option<Instant>) -> Checked {
    let past = |field: &str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let place = here.clone().key(field);
        let at = time(place.clone(), text, start_of)?;
        if now.is_some_and(|now| at > now) {
            return fault(place, format!("`{text}` is in the future")).map(|()| None);
        }
        Ok(Some(at))
    };
    let issued_at = past("issuanceDate", &invoice.issuance_date)?;
    let paid_at = past("paymentDate", &invoice.payment_date)?;
    let place = here.clone().key("paymentDate");
    if paid_at.is_some() && !invoice.payed {
        return fault(place, "an invoice that is not `payed` has no payment date".to_owned());
    }
    match (paid_at, issued_at.or(now)) {
        (Some(paid_at), Some(issued_at)) if paid_at < issued_at => fault(
            place,
            "an invoice is not paid before its `issuanceDate`; without one, it is issued when the \
             platform starts"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

fn pos_transactions(scenario: &Scenario) -> Checked {
    let mut references = HashSet::new();
    for (index, transaction) in scenario.pos_transactions.iter().enumerate() {
        let here = Path::default().key("posTransactions").index(index);
        id(&here, "invoiceId", transaction.invoice_id)?;
        for (field, text) in [
            ("terminalNumber", &transaction.terminal_number),
            ("merchantCode", &transaction.merchant_code),
            ("referenceNumber", &transaction.reference_number),
            ("trackingNumber", &transaction.tracking_number),
        ] {
            not_empty(&here, field, text)?;
        }
        price(here.clone().key("amount"), transaction.amount)?;
        let reference = &transaction.reference_number;
        if !references.insert((&transaction.terminal_number, reference)) {
            return twice(here.key("referenceNumber"), "transaction", reference);
        }
    }
    Ok(())
}

fn bills(scenario: &Scenario) -> Checked {
    let mut pairs = HashSet::new();
    for (index, bill) in scenario.bills.iter().enumerate() {
        let here = Path::default().key("bills").index(index);
        let read = UtilityBill::read(&bill.bill_id, &bill.payment_id).map_err(|error| {
            let field = match error {
                NotABill::PaymentId { .. } => "paymentId",
                NotABill::BillId { .. } | NotABill::Barcode(_) => "billId",
            };
            Fault { path: here.clone().key(field), reason: error.to_string() }
        })?;
        if bill.send_file_fails && read.bill_type() == BillType::Mobile {
            return fault(
                here.key("sendFileFails"),
                "a mobile bill is cleared at once, without a file".to_owned(),
            );
        }
        let barcode = read.barcode();
        if !pairs.insert(barcode.clone()) {
            return twice(here, "bill", barcode);
        }
    }
    Ok(())
}

fn id(here: &Path, field: &str, id: u64) -> Checked {
    if (1..=LARGEST).contains(&id) {
        Ok(())
    } else {
        fault(here.clone().key(field), format!("an id is between 1 and {LARGEST}"))
    }
}

fn amount(place: Path, rials: Rial) -> Checked {
    if rials.0 <= LARGEST {
        Ok(())
    } else {
        fault(place, format!("an amount is at most {LARGEST} rials"))
    }
}

fn price(place: Path, rials: Rial) -> Checked {
    if rials == Rial::ZERO {
        return fault(place, "more than 0 rials".to_owned());
    }
    amount(place, rials)
}

/// Refuses a day that is Gregorian.
fn calendar(place: Path, day: Option<JalaliDate>) -> Checked {
    match day.map(JalaliDate::check_calendar) {
        Some(Err(distant)) => fault(place, distant.to_string()),
        _ => Ok(()),
    }
}

fn time(place: Path, text: &str, read: impl Fn(&str) -> Option<Instant>) -> Result<Instant, Fault> {
    calendar(place.clone(), JalaliDate::leading(text))?;
    read(text).ok_or_else(|| Fault {
        path: place,
        reason: format!(
            "`{text}` is neither a day of the Persian calendar, yyyy/mm/dd, nor a date-time, \
             yyyy/mm/dd HH:MM:SS"
        ),
    })
}

fn rate(here: &Path, field: &str, rate: f64) -> Checked {
    if rate.is_finite() && rate >= 0.0 {
        Ok(())
    } else {
        fault(here.clone().key(field), "a rate is at least 0".to_owned())
    }
}

pub(super) fn not_empty(here: &Path, field: &str, text: &str) -> Checked {
    if text.is_empty() {
        fault(here.clone().key(field), "must not be empty".to_owned())
    } else {
        Ok(())
    }
}

pub(super) fn twice(path: Path, what: &str, id: impl std::fmt::Display) -> Checked {
    fault(path, format!("{what} {id} is there already"))
}

pub(super) fn fault(path: Path, reason: String) -> Checked {
    Err(Fault { path, reason })
}
