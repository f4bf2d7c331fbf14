//! The platform that a command acts on: `--platform`, or an account's `platform`.

use std::{fmt, str::FromStr};

use pod_platform::Platform;
use url::Url;

/// Where `podhost emulator` listens unless it is told otherwise.
const LOCAL: &str = "http://127.0.0.1:8044";

/// Where POD's installations, and the local one, have their services.
const SERVICES: &str = "/srv/sc";

/// A platform that is there already, in another process.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Destination {
    /// POD.
    Production,
    /// POD's own sandbox.
    Sandbox,
    /// The platform at an address, which may be a local one.
    At(Url),
}

impl Destination {
    /// The platform's addresses.
    pub fn platform(&self) -> Platform {
        match self {
            Self::Production => Platform::production(),
            Self::Sandbox => Platform::sandbox(),
            Self::At(url) => Platform::at(url.as_str()),
        }
    }
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = match text {
            "production" => return Ok(Self::Production),
            "sandbox" => return Ok(Self::Sandbox),
            "local" => LOCAL,
            url => url,
        };
        let mut url = url(text).map_err(|reason| {
            format!("{reason}; a platform is `production`, `sandbox`, `local`, or a URL")
        })?;
        if matches!(url.path(), "" | "/") {
            url.set_path(SERVICES);
        }
        // POD, in other words: its sandbox has numbers of its own.
        let known = [Self::Production, Self::Sandbox];
        let known = known.into_iter().find(|pod| pod.platform().url == url.as_str());
        Ok(known.unwrap_or(Self::At(url)))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Production => f.write_str("production"),
            Self::Sandbox => f.write_str("sandbox"),
            Self::At(url) => f.write_str(url.as_str()),
        }
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
