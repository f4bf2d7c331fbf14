//! A shop's own code, and its integration test against the emulator: the shop settles a debt out of
//! what a customer paid, and once POD's answer gets lost on the way.
//!
//! `cargo test --release -p pod-emulator --example emulator_in_a_test`

use std::error::Error as StdError;

use pod_emulator::{Emulator, Options, Scenario};
use pod_platform::{
    Client, Credentials, Limits, Platform, payments::PayInvoiceByInvoiceRequest, types::Error,
};

/// The first payment takes effect, and nothing is answered.
const LOST: &str = r#"{"service": "payInvoiceByInvoice", "call": 1, "unanswered": "after"}"#;

/// The shop's code: a debt is settled, or it is not known whether it is.
async fn settle(pod: &Client, shop: &Credentials, credit: u64, debt: u64) -> Result<bool, Error> {
    let netting =
        PayInvoiceByInvoiceRequest { creditor_invoice_id: credit, debtor_invoice_id: debt };
    match pod.call(&netting, shop).await {
        Ok(_) => Ok(true),
        // It may have been paid: a person, or a later look, has to tell.
        Err(Error::OutcomeUnknown(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The shop owes the baker 6,500 rials, and a customer has paid the shop 9,000.
fn scenario(faults: &str) -> String {
    format!(
        r#"{{
            "businesses": [
                {{"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop"}},
                {{"id": 2, "userId": 20, "name": "Baker", "apiToken": "baker"}}
            ],
            "invoices": [
                {{"id": 100, "businessId": 1, "amount": 9000, "guildCode": "FOOD_GUILD", "payed": true}},
                {{"id": 200, "businessId": 2, "userId": 10, "amount": 6500, "guildCode": "FOOD_GUILD"}}
            ],
            "faults": [{faults}]
        }}"#
    )
}

/// What the shop's code says, and what the ledger has.
async fn settled(faults: &str) -> Result<(bool, i64), Box<dyn StdError>> {
    let scenario = Scenario::from_json("shop.json", &scenario(faults))?;
    let pod = Emulator::start(Options { scenario, ..Options::default() }).await?;
    let client = Client::new(Platform::at(pod.platform_url()), Limits::default())?;
    let said = settle(&client, &Credentials::token("shop"), 100, 200).await?;
    let paid = pod.ledger().await?.balance("invoice:200");
    pod.stop().await?;
    Ok((said, paid))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    for faults in ["", LOST] {
        let (said, paid) = settled(faults).await?;
        println!("known to be settled: {said}; in the ledger: {paid} rials");
    }
    Ok(())
}

#[tokio::test]
async fn a_debt_is_settled() -> Result<(), Box<dyn StdError>> {
    assert_eq!(settled("").await?, (true, 6_500));
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_no_failed_payment() -> Result<(), Box<dyn StdError>> {
    assert_eq!(settled(LOST).await?, (false, 6_500));
    Ok(())
}
