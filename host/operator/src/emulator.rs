//! What an emulator in another process tells beyond POD's services, over its control API: its
//! time, who has a token, and what they can pay with.

use std::{sync::Arc, time::Duration};

use pod_host::Stated;
use pod_platform::{Clock, Instant, ManualClock, Secret, SystemClock};
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::error::{Cause, Error};

/// How long an answer may take. The platform is on this machine, or near it.
const PATIENCE: Duration = Duration::from_secs(10);

/// An emulator that answered.
pub struct Emulator {
    http: reqwest::Client,
    url: Url,
    clock: Arc<dyn Clock>,
}

/// What time it is there.
#[derive(Deserialize)]
struct Now {
    millis: u64,
    stands: Option<bool>,
}

/// Who has a token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    pub user_id: u64,
    pub business_id: Option<u64>,
}

impl Emulator {
    /// The emulator at `url`; none if another one is there. It speaks plain HTTP, so nobody
    /// else is asked, and the question holds no secret.
    pub async fn find(url: &Url) -> Result<Option<Self>, Error> {
        if url.scheme() != "http" {
            return Ok(None);
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build();
        let unreachable = |error: reqwest::Error| Error::Unreachable {
            platform: url.to_string(),
            source: error.without_url().into(),
        };
        let http = http.map_err(unreachable)?;
        let response = http.get(control(url, "clock", None)).send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Ok(None);
        }
        let body = response.bytes().await.map_err(unreachable)?;
        let now: Option<Now> = serde_json::from_slice(&body).ok();
        Ok(now.map(|now| Self { http, url: url.clone(), clock: now.clock() }))
    }

    /// The time there as it was when the platform was found: a clock that stands does so for as
    /// long as this is used, and one that runs keeps its distance from the system's.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Who has this token; none if nobody has.
    pub async fn caller(&self, token: &Secret) -> Result<Option<Caller>, Error> {
        self.ask("caller", token).await
    }

    /// What who has this token can pay with.
    pub async fn holdings(&self, token: &Secret) -> Result<Stated, Error> {
        Ok(self.ask("holdings", token).await?.unwrap_or_default())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        what: &'static str,
        token: &Secret,
    ) -> Result<Option<T>, Error> {
        let failed =
            |source: Cause| Error::EmulatorSilent { platform: self.url.to_string(), what, source };
        // An error of the client's shows the address, and there the token.
        let response = self
            .http
            .get(control(&self.url, what, Some(token)))
            .send()
            .await
            .map_err(|error| failed(error.without_url().into()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST => return Ok(None),
            other => return Err(failed(format!("HTTP status {other}").into())),
        }
        let body = response.bytes().await.map_err(|error| failed(error.without_url().into()))?;
        serde_json::from_slice(&body).map(Some).map_err(|error| failed(error.into()))
    }
}

impl Now {
    /// A clock that shows it now.
    fn clock(&self) -> Arc<dyn Clock> {
        let there = Instant(self.millis);
        if self.stands == Some(true) {
            return Arc::new(ManualClock::new(there));
        }
        let here = SystemClock.now();
        Arc::new(Distant {
            ahead: there.0.saturating_sub(here.0),
            behind: here.0.saturating_sub(there.0),
        })
    }
}

/// The system's clock, put forward or back.
struct Distant {
    ahead: u64,
    behind: u64,
}

impl Clock for Distant {
    fn now(&self) -> Instant {
        Instant(SystemClock.now().0.saturating_add(self.ahead).saturating_sub(self.behind))
    }
}

/// An address of the control API, which is at the root of the platform's.
fn control(platform: &Url, what: &str, token: Option<&Secret>) -> Url {
    let mut url = platform.clone();
    url.set_path(&format!("/emulator/{what}"));
    if let Some(token) = token {
        url.query_pairs_mut().append_pair("token", token.expose());
    }
    url
}
