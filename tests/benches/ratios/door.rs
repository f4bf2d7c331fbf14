//! What authorising and charging add to a call.

use std::time::Duration;

use pod_host::measure::authorise_and_charge;
use pod_platform::{
    invoices::GetInvoiceListRequest, loans::RemovePermittedUserFromLoanContractRequest,
};

use crate::median;

/// What is promised, at the median.
const AT_MOST: Duration = Duration::from_micros(2);

/// Says whether the promise is broken, by more than is tolerated.
pub async fn cost(rounds: usize, tolerance: f64) -> bool {
    let read = GetInvoiceListRequest {
        size: 20,
        offset: Some(0),
        guild_code: Some("FOOD_GUILD".into()),
        ..Default::default()
    };
    let removal = RemovePermittedUserFromLoanContractRequest {
        contract_id: 839,
        user_id: Some(100),
        ..Default::default()
    };
    let calls = 20_000 * rounds;
    println!("\n| authorise and charge | add | promised |");
    println!("|---|---|---|");
    let mut broken = false;
    for (what, measured) in [
        ("to a list", authorise_and_charge(&read, calls).await),
        ("to a change that asks POD nothing before", authorise_and_charge(&removal, calls).await),
    ] {
        let measured = measured.expect("the request is as it should be");
        let (ours, bare): (Vec<_>, Vec<_>) = measured.into_iter().unzip();
        let added = median(ours).saturating_sub(median(bare));
        println!("| {what} | {added:.2?} | ≤ {AT_MOST:?} |");
        broken |= added > AT_MOST.mul_f64(tolerance);
    }
    broken
}
