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
use crate::{invoice::Record, parties::significant, platform::Platform, sms};

/// The service under which the ledger keeps a payment by SMS.
const SERVICE: &str = "smsPayment";

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

/// A customer texts a code back.
pub(super) async fn texted(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let Texted { from, text } = read(&headers, &body)?;
    let user = platform.parties.by_cellphone_number(&from).ok_or_else(|| {
        Failure(StatusCode::NOT_FOUND, format!("from: nobody has the mobile number {from}"))
    })?;
    let code = latin(text.trim());
    let paying = async move {
        let caller = platform.parties.acting(user);
        let pay = platform.act(SERVICE, caller, move |context| {
            Box::pin(async move {
                let id = sms::pay_by_code(context, &code, None, Some(user), SERVICE).await?;
                let invoice = Record::find(context.connection, id.unsigned_abs()).await?;
                let payed = invoice.ok_or(Kind::InvoiceNotFound)?.payed;
                Ok(Paid { invoice_id: id, payed })
            })
        });
        pay.await
    };
    json(&tokio::spawn(paying).await??)
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
