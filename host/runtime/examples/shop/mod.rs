//! A shop on an emulator in this process: on POD, the client is of `Platform::production()`, and the
//! token is the merchant's.

use std::{error::Error, path::PathBuf};

use pod_emulator::{Emulator, Options, Scenario};
use pod_host::Account;
use pod_platform::{Client, Credentials, Limits, Platform};

/// The folder of the policy that settles its debts.
pub fn netting() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins/netting")
}

/// The platform with the shop's invoices. It lives until it is dropped.
pub async fn emulator() -> Result<Emulator, Box<dyn Error>> {
    let scenario = Scenario::from_file(netting().join("scenarios/small.json"))?;
    Ok(Emulator::start(Options { scenario, ..Options::default() }).await?)
}

/// Whom policies act for.
pub fn account(pod: &Emulator) -> Result<Account, Box<dyn Error>> {
    let client = Client::new(Platform::at(pod.platform_url()), Limits::default())?;
    Ok(Account::new("my shop", client, Credentials::token("shop-api-token"))
        .with_business(10)
        .with_user(1)
        .with_clock(pod.clock()))
}
