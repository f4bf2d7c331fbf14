//! Whom a run acts for, and where.

use std::{collections::BTreeMap, sync::Arc};

use pod_platform::{Client, Clock, Credentials};

use super::capability::http::HttpSecret;
use crate::contract::Stated;

/// Whom a run acts for.
#[derive(Clone)]
pub struct Account {
    /// The operator's name for it.
    pub name: String,
    /// The platform that it is on.
    pub client: Client,
    /// Its token and keys.
    pub credentials: Arc<Credentials>,
    /// How its operator names the platform, so that a run that was cut off finds it again. None:
    /// a platform that ends with this process; such a run cannot be resumed.
    pub platform: Option<String>,
    /// The platform's clock. None: the host's.
    pub clock: Option<Arc<dyn Clock>>,
    /// Its business id on the platform, if it is a business. POD has no service that tells.
    pub business: Option<u64>,
    /// Its user id on the platform: who pays when it pays. POD has no service that tells; without
    /// it, fewer doubts can be settled by reading.
    pub user: Option<u64>,
    /// What its operator says of it beyond POD's services.
    pub operator_stated: Stated,
    /// What its platform says of it beyond POD's services: the local one does.
    pub stated: Stated,
    /// The secrets for merchants' servers, by policy and by name.
    pub http_secrets: BTreeMap<String, BTreeMap<String, HttpSecret>>,
}
