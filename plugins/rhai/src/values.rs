//! What every script can compute without any call: a utility bill's identifiers, and days of the
//! Persian calendar, percentages. Whatever takes a day takes a text (`"1399/03/13"`), too.

use pod_sdk::values::{Instant, JalaliDate, NotABill, Rial, UtilityBill};
use rhai::{Dynamic, Engine, Map};

use crate::{
    call::{Answer, argument, infallible, thrown, unfit},
    convert::{IntoScript, Mismatch, When, entry},
};

/// Registers them all.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("utility_bill", |bill_id: Dynamic, payment_id: Dynamic| {
            const FUNCTION: &str = "utility_bill";
            let bill_id: String = argument(FUNCTION, "bill_id", bill_id)?;
            let payment_id: String = argument(FUNCTION, "payment_id", payment_id)?;
            bill(FUNCTION, UtilityBill::read(&bill_id, &payment_id))
        })
        .register_fn("utility_bill_from_barcode", |barcode: Dynamic| {
            const FUNCTION: &str = "utility_bill_from_barcode";
            let barcode: String = argument(FUNCTION, "barcode", barcode)?;
            bill(FUNCTION, UtilityBill::from_barcode(&barcode))
        })
        .register_fn("percent_of", |amount: Dynamic, rate: Dynamic| {
            const FUNCTION: &str = "percent_of";
            let amount: u64 = argument(FUNCTION, "amount", amount)?;
            let rate: f64 = argument(FUNCTION, "rate", rate)?;
            let Some(Rial(rials)) = Rial(amount).percent(rate) else {
                let problem = format!("{rate} percent of {amount} rials is no amount");
                return Err(thrown(format!("{FUNCTION}: {problem}").into()));
            };
            infallible(FUNCTION, rials)
        })
        .register_fn("jalali_date", |instant: Dynamic| {
            const FUNCTION: &str = "jalali_date";
            let instant = argument(FUNCTION, "instant", instant)?;
            infallible(FUNCTION, Instant(instant).jalali_date())
        })
        .register_fn("jalali_text", |date: Dynamic| {
            const FUNCTION: &str = "jalali_text";
            infallible(FUNCTION, argument::<When>(FUNCTION, "date", date)?.to_string())
        })
        .register_fn("instant_of", |date: Dynamic| {
            const FUNCTION: &str = "instant_of";
            let date: When = argument(FUNCTION, "date", date)?;
            let Some(Instant(instant)) = date.instant() else {
                let first = Instant(0).jalali_date();
                let expected = format!("a day from {first} on, where instants begin");
                return Err(unfit(FUNCTION, "date", Mismatch::expected(expected, date)));
            };
            infallible(FUNCTION, instant)
        })
        .register_fn("plus_months", |date: Dynamic, months: Dynamic| {
            const FUNCTION: &str = "plus_months";
            let date: JalaliDate = argument(FUNCTION, "date", date)?;
            let months = argument(FUNCTION, "months", months)?;
            let Some(later) = date.plus_months(months) else {
                let problem = format!("the calendar ends before {months} months after {date}");
                return Err(thrown(format!("{FUNCTION}: {problem}").into()));
            };
            infallible(FUNCTION, later)
        });
}

fn bill(function: &str, bill: Result<UtilityBill, NotABill>) -> Answer {
    let bill = bill.map_err(|error| thrown(format!("{function}: {error}").into()))?;
    infallible(function, bill)
}

impl IntoScript for UtilityBill {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_map(Map::from([
            entry("amount", self.amount().0)?,
            entry("barcode", self.barcode())?,
            entry("bill_id", self.bill_id().to_owned())?,
            entry("bill_type", self.bill_type().name().to_owned())?,
            entry("company", self.company().to_owned())?,
            entry("payment_id", self.payment_id().to_owned())?,
        ])))
    }
}
