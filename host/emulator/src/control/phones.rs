//! `/emulator/sms`: the customers' phones.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use bytes::Bytes;
use pod_platform::{types::PlatformErrorKind as Kind, wire::form::Fields};
use serde::{Deserialize, Serialize};

use super::{Failure, json, read};
use crate::{
    invoice::Record,
    loans::{self, Choice, Loan},
    parties::significant,
    platform::Platform,
    service::Refusal,
    sms,
};

/// The service under which the ledger keeps a payment by SMS.
const PAYMENT: &str = "smsPayment";
/// What choosing a loan's plan by SMS is called among the deeds.
const CHOICE: &str = "smsPlan";

/// All SMS, or those to one number.
pub(super) async fn sent(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    let number = fields.get("cellphoneNumber").map(significant);
    let mut store = platform.store.lock().await;
    platform.catch_up(&mut store).await?;
    let mut sent = sms::all(&mut store.connection).await?;
    sent.retain(|sms| number.is_none_or(|number| significant(&sms.cellphone_number) == number));
    json(&sent)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texted {
    from: String,
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    invoice_id: i64,
    /// Not yet, where the issuer has to verify the payment.
    payed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chosen {
    loan_id: i64,
    plan_id: u64,
}

/// A customer texts a code back, which pays, or the number of a loan's plan, which chooses it.
pub(super) async fn texted(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let Texted { from, text } = read(&headers, &body)?;
    let user = platform.parties().by_cellphone_number(&from).ok_or_else(|| {
        Failure(StatusCode::NOT_FOUND, format!("from: nobody has the mobile number {from}"))
    })?;
    let text = latin(text.trim());
    match choice(&platform, user, &text).await? {
        Some(choice) => json(&tokio::spawn(choose(platform, user, choice)).await??),
        None => json(&tokio::spawn(pay(platform, user, text)).await??),
    }
}

/// The plan that a text chooses; none, if it is for a payment.
async fn choice(platform: &Platform, user: i64, text: &str) -> Result<Option<Choice>, Failure> {
    let mut store = platform.store.lock().await;
    platform.catch_up(&mut store).await?;
    let choices = loans::choices(&mut store.connection, user, text).await?;
    let now = platform.clock.now();
    let is_code = sms::is_code(&mut store.connection, user, text, now).await?;
    match choices.as_slice() {
        [] => Ok(None),
        [choice] if !is_code => Ok(Some(*choice)),
        choices => {
            let several: Vec<String> =
                choices.iter().map(|Choice { loan, plan }| format!("`{loan} {plan}`")).collect();
            let several = several.join(" or ");
            let code = if is_code { ", which is a payment's code, too" } else { "" };
            let reason = format!("the number of the loan before that of its plan{code}: {several}");
            Err(Failure::field("text", &reason))
        }
    }
}

async fn choose(platform: Arc<Platform>, user: i64, choice: Choice) -> Result<Chosen, Refusal> {
    let caller = platform.parties().acting(user);
    let choose = platform.act(CHOICE, caller, move |context| {
        Box::pin(async move {
            let Choice { loan: loan_id, plan: plan_id } = choice;
            let loan = Loan::find(context.connection, loan_id.unsigned_abs()).await?;
            loans::take_plan(context, &mut loan.ok_or(Kind::NotFound)?, plan_id).await?;
            Ok(Chosen { loan_id, plan_id })
        })
    });
    choose.await
}

async fn pay(platform: Arc<Platform>, user: i64, code: String) -> Result<Paid, Refusal> {
    let caller = platform.parties().acting(user);
    let pay = platform.act(PAYMENT, caller, move |context| {
        Box::pin(async move {
            let id = sms::pay_by_code(context, &code, None, Some(user), PAYMENT).await?;
            let invoice = Record::find(context.connection, id.unsigned_abs()).await?;
            let payed = invoice.ok_or(Kind::InvoiceNotFound)?.payed;
            Ok(Paid { invoice_id: id, payed })
        })
    });
    pay.await
}

/// Phones write Persian digits, or Arabic ones.
fn latin(text: &str) -> String {
    let digit = |letter: char| match letter {
        '۰'..='۹' => char::from_digit(u32::from(letter) - u32::from('۰'), 10),
        '٠'..='٩' => char::from_digit(u32::from(letter) - u32::from('٠'), 10),
        _ => None,
    };
    text.chars().map(|letter| digit(letter).unwrap_or(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::latin;

    #[test]
    fn digits_are_read_in_every_script() {
        assert_eq!(latin("۱۲۳45٦٧"), "1234567");
    }
}
