//! Whom a run acts for, and where.

use std::{collections::BTreeMap, sync::Arc};

use pod_platform::{Client, Clock, Credentials};

use super::capability::http::HttpSecret;
use crate::contract::Stated;

/// Whom a run acts for. What it begins with is a name, a platform and a token; what else is known of
/// it is set.
///
/// ```
/// use pod_host::Account;
/// use pod_platform::{Client, Credentials, Limits, Platform};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pod = Client::new(Platform::at("http://127.0.0.1:8044/srv/sc"), Limits::default())?;
/// let shop = Account::new("shop", pod, Credentials::token("the shop's API token"))
///     .with_business(4021)
///     .with_platform("http://127.0.0.1:8044/srv/sc");
/// # assert_eq!((shop.business, shop.user), (Some(4021), None));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
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

impl Account {
    /// An account of which no more is known than how it calls its platform. Its runs go by the host's
    /// clock, and cannot be resumed by another process before its [platform](Self::platform) is named.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        client: Client,
        credentials: impl Into<Arc<Credentials>>,
    ) -> Self {
        Self {
            name: name.into(),
            client,
            credentials: credentials.into(),
            platform: None,
            clock: None,
            business: None,
            user: None,
            operator_stated: Stated::default(),
            stated: Stated::default(),
            http_secrets: BTreeMap::new(),
        }
    }

    /// Names its [platform](Self::platform), so that its runs can be resumed.
    #[must_use]
    pub fn with_platform(self, platform: impl Into<String>) -> Self {
        Self { platform: Some(platform.into()), ..self }
    }

    /// Goes by its platform's clock instead of the host's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Says which business it is.
    #[must_use]
    pub fn with_business(self, id: u64) -> Self {
        Self { business: Some(id), ..self }
    }

    /// Says which user it is.
    #[must_use]
    pub fn with_user(self, id: u64) -> Self {
        Self { user: Some(id), ..self }
    }

    /// Says of it what no service of POD's tells: its operator's word.
    #[must_use]
    pub fn with_operator_stated(self, stated: Stated) -> Self {
        Self { operator_stated: stated, ..self }
    }

    /// Says of it what no service of POD's tells: its platform's word.
    #[must_use]
    pub fn with_stated(self, stated: Stated) -> Self {
        Self { stated, ..self }
    }

    /// Lets a policy have a secret sent to a merchant's server. One of the same name is replaced.
    #[must_use]
    pub fn with_http_secret(
        mut self,
        policy: impl Into<String>,
        name: impl Into<String>,
        secret: HttpSecret,
    ) -> Self {
        self.http_secrets.entry(policy.into()).or_default().insert(name.into(), secret);
        self
    }
}
