//! The platform that is acted on: an account's own, or one that whoever acts names.

use std::{fmt, str::FromStr};

use pod_platform::Platform;
use url::Url;

/// Where an emulator listens unless it is told otherwise.
const LOCAL: &str = "http://127.0.0.1:8044";

/// Where POD's installations, and the local one, have their services.
const SERVICES: &str = "/srv/sc";

/// A platform that is there already, in another process: `production` (POD), `sandbox` (POD's own
/// sandbox), `local` (an emulator at its default address), or the one at a URL.
///
/// ```
/// use pod_operator::Destination;
///
/// let here: Destination = "http://127.0.0.1:9000".parse()?;
/// assert_eq!(here.to_string(), "http://127.0.0.1:9000/srv/sc");
/// assert_eq!("http://127.0.0.1:9000/srv/sc/".parse(), Ok(here.clone()));
/// assert!(!here.is_pod() && "sandbox".parse::<Destination>()?.is_pod());
/// # Ok::<(), pod_operator::NotADestination>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination(Kind);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Kind {
    Production,
    Sandbox,
    /// May be an emulator.
    At(Url),
}

/// The text names no platform.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}; a platform is `production`, `sandbox`, `local`, or a URL")]
pub struct NotADestination(String);

impl Destination {
    /// The platform's addresses.
    #[must_use]
    pub fn platform(&self) -> Platform {
        match &self.0 {
            Kind::Production => Platform::production(),
            Kind::Sandbox => Platform::sandbox(),
            Kind::At(url) => Platform::at(url.as_str()),
        }
    }

    /// Is it POD, or POD's own sandbox?
    #[must_use]
    pub fn is_pod(&self) -> bool {
        self.url().is_none()
    }

    /// The address, if it is not POD.
    pub(crate) fn url(&self) -> Option<&Url> {
        match &self.0 {
            Kind::Production | Kind::Sandbox => None,
            Kind::At(url) => Some(url),
        }
    }
}

impl FromStr for Destination {
    type Err = NotADestination;

    fn from_str(text: &str) -> Result<Self, NotADestination> {
        let text = match text {
            "production" => return Ok(Self(Kind::Production)),
            "sandbox" => return Ok(Self(Kind::Sandbox)),
            "local" => LOCAL,
            url => url,
        };
        let mut url = url(text).map_err(NotADestination)?;
        // One platform has one name, or what is held for a call on it would not be seen under another.
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(if path.is_empty() { SERVICES } else { &path });
        // POD, in other words: its sandbox has numbers of its own.
        let known = [Kind::Production, Kind::Sandbox].map(Self);
        let known = known.into_iter().find(|pod| pod.platform().url == url.as_str());
        Ok(known.unwrap_or(Self(Kind::At(url))))
    }
}

/// As it is written, and journalled.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Production => "production",
            Kind::Sandbox => "sandbox",
            Kind::At(url) => url.as_str(),
        })
    }
}

/// An address of a platform. It is shown and journalled, so it must hold no secret.
pub fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("this is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("its URL must begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its URL must not hold a user name or a password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("its URL must end with its path".to_owned());
    }
    Ok(url)
}
