//! How a payer comes back to the business: its address, with what became of the payment.

use pod_platform::types::InvalidArgument;
use url::Url;

use crate::{
    handlers::payments::PODLAND_WALLET,
    invoice::Record,
    service::{Context, Refusal},
};

/// Addresses that a browser would not visit, but run or read from the payer's machine.
const NO_PLACES: [&str; 8] =
    ["about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"];

/// A business's own address: of a web site or of an app (`myapp://`).
pub(super) fn address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| !NO_PLACES.contains(&url.scheme()))
}

/// The address that a link's parameter gives.
pub(super) fn parameter(name: &str, text: Option<&str>) -> Result<Option<Url>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let expected = "an absolute address of a web site or an app";
    let invalid = || InvalidArgument { field: name.to_owned(), expected: expected.to_owned() };
    Ok(Some(address(text).ok_or_else(invalid)?))
}

/// An address with parameters behind those that it has.
pub(super) fn with(address: &Url, parameters: &[(&str, String)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    // Every decoder reads %20 as a space, not every one a plus; a real plus is %2B here.
    let added = query.finish().replace('+', "%20");
    let query = match address.query().filter(|query| !query.is_empty()) {
        Some(own) => format!("{own}&{added}"),
        None => added,
    };
    let mut address = address.clone();
    address.set_query(Some(&query));
    address.into()
}

/// What the business learns of a payment, or of one that was not made. What there is none of is
/// left out.
pub(super) fn outcome(invoice: &Record) -> Vec<(&'static str, String)> {
    let has_money = invoice.payed || invoice.unverified;
    let number = invoice.payment_bill_number.clone();
    let mut parameters = vec![
        ("billNumber", invoice.bill_number.clone()),
        // An invoice of a scenario was given none when it was issued.
        ("paymentBillNumber", number.or_else(|| invoice.payment_reference.clone())),
        ("invoiceId", Some(invoice.id.to_string())),
        ("paid", Some(invoice.payed.to_string())),
    ];
    if has_money {
        let card = invoice.card_receipt();
        let other_wallet = invoice.wallet.as_deref().is_some_and(|code| code != PODLAND_WALLET);
        parameters.extend([
            ("terminalId", card.terminal_number.filter(|_| other_wallet)),
            ("maskedCardNumber", card.masked_card_number),
            ("rrn", card.rrn),
            ("tref", card.tref),
        ]);
    }
    parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Why the payer cannot pay, as POD tells the business (S1 quotes it for 72).
pub(super) fn error_result(code: i32, message: &str) -> [(&'static str, String); 1] {
    let message = serde_json::Value::from(message);
    let result = format!(r#"{{"hasError":true,"errorCode":{code},"message":{message},"count":0}}"#);
    [("errorResult", result)]
}

/// Where a payer without an address to go back to sees what was paid.
pub(super) fn receipt(context: &Context<'_>, invoice: &Record) -> String {
    format!("{}/emulator/receipt/?uniqueNumber={}", context.root_url, invoice.unique_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_behind_those_that_are_there() {
        for (uri, expected) in [
            ("https://shop.ir", "https://shop.ir/?a=1%20%2B%26&b=%DB%B2"),
            ("https://shop.ir/done?order=7", "https://shop.ir/done?order=7&a=1%20%2B%26&b=%DB%B2"),
            ("https://shop.ir/?#top", "https://shop.ir/?a=1%20%2B%26&b=%DB%B2#top"),
            ("myapp://paid", "myapp://paid?a=1%20%2B%26&b=%DB%B2"),
            ("myapp:paid?x", "myapp:paid?x&a=1%20%2B%26&b=%DB%B2"),
        ] {
            let address = address(uri).expect(uri);
            assert_eq!(with(&address, &[("a", "1 +&".into()), ("b", "۲".into())]), expected);
        }
    }

    #[test]
    fn what_is_no_place_is_no_address() {
        for text in ["javascript:alert(1)", "JavaScript:1", " data:text/html,x", "/done", "", "x"] {
            assert!(address(text).is_none(), "{text}");
        }
    }
}
