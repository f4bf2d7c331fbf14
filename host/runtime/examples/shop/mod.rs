//! A shop on an emulator in this process: on POD, the client is of `Platform::production()`, and the
//! token is the merchant's.

use std::{error::Error, path::PathBuf, sync::Arc};

use pod_emulator::{Emulator, Options, Scenario};
use pod_host::{Account, Stated};
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
    Ok(Account {
        name: "my shop".into(),
        client: Client::new(Platform::at(pod.platform_url()), Limits::default())?,
        credentials: Arc::new(Credentials::token("shop-api-token")),
        platform: None,
        clock: Some(pod.clock()),
        business: Some(10),
        user: Some(1),
        operator_stated: Stated::default(),
        stated: Stated::default(),
        http_secrets: Default::default(),
    })
}
