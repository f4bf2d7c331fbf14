//! Which URLs a policy may hand to POD, or to a payer's browser: `https://host[:port]/path*`.
//!
//! A URL is compared as it is parsed, never as text. What is handed on, though, is the text, and
//! whoever opens it may read it otherwise than we do: so a text that is not written as its parsed
//! form is written matches nothing. That leaves no room for backslashes, user names, numbers in
//! place of addresses, or letters that look alike; each of them is refused with how to write it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::text::from_text;

/// URLs with one scheme, host and port, and one path, or all paths that begin so.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UrlPattern {
    /// `http` or `https`.
    scheme: String,
    host: String,
    port: u16,
    /// It begins with `/`.
    path: String,
    /// Does every path match that begins so, with any query? Otherwise this path alone, without one.
    is_prefix: bool,
}

impl UrlPattern {
    /// Does it match a URL, which is written as it has to be?
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        plain(text).is_ok_and(|url| self.matches_url(&url))
    }

    pub(crate) fn matches_url(&self, url: &Url) -> bool {
        self.scheme == url.scheme()
            && url.host_str() == Some(&self.host)
            && url.port_or_known_default() == Some(self.port)
            && if self.is_prefix {
                url.path().starts_with(&self.path)
            } else {
                url.path() == self.path && url.query().is_none()
            }
    }

    /// The pattern of what both match. None: nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let place = |pattern: &Self| (pattern.scheme.clone(), pattern.host.clone(), pattern.port);
        if place(self) != place(other) {
            return None;
        }
        let (narrow, wide) = match (self.is_prefix, other.is_prefix) {
            (false, _) => (self, other),
            (true, false) => (other, self),
            (true, true) if self.path.len() >= other.path.len() => (self, other),
            (true, true) => (other, self),
        };
        let within = if wide.is_prefix {
            narrow.path.starts_with(&wide.path)
        } else {
            narrow.path == wide.path
        };
        within.then(|| narrow.clone())
    }
}

/// Reads a URL that everybody reads alike.
///
/// # Errors
/// How it would have to be written.
pub(crate) fn plain(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err("it does not begin with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password".to_owned());
    }
    if url.fragment().is_some() {
        return Err("it has a fragment (#)".to_owned());
    }
    if url.host_str().is_none_or(|host| host.ends_with('.')) {
        return Err("its host ends with a dot, or is missing".to_owned());
    }
    let is_as_written =
        url.as_str() == text || (url.path() == "/" && url.as_str().strip_suffix('/') == Some(text));
    if !is_as_written {
        return Err(format!("it can be read in several ways; write {url}"));
    }
    let path = url.path().to_ascii_lowercase();
    let is_a_step = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if ["%2e", "%2f", "%5c", "%25"].iter().any(|code| path.contains(code))
        || path.split('/').any(is_a_step)
    {
        return Err("its path holds a dot, a slash or a percent sign in disguise".to_owned());
    }
    Ok(url)
}

impl FromStr for UrlPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |reason: String| {
            format!(
                "`{text}`: {reason}; URLs are allowed like `https://shop.ir/paid*`, `*` standing \
                 for the rest of the path"
            )
        };
        let (whole, is_prefix) = match text.strip_suffix('*') {
            Some(whole) => (whole, true),
            None => (text, false),
        };
        if whole.contains('*') {
            return Err(wrong("`*` stands at the end only".to_owned()));
        }
        let url = plain(whole).map_err(wrong)?;
        if is_prefix && url.as_str() != whole {
            return Err(wrong("`*` stands after the host's `/`".to_owned()));
        }
        if url.query().is_some() {
            return Err(wrong("a query (?) belongs to no pattern".to_owned()));
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(wrong("it has no host".to_owned()));
        };
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host: host.to_owned(),
            port,
            path: url.path().to_owned(),
            is_prefix,
        })
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path, is_prefix } = self;
        write!(f, "{scheme}://{host}")?;
        match (scheme.as_str(), port) {
            ("https", 443) | ("http", 80) => {}
            _ => write!(f, ":{port}")?,
        }
        write!(f, "{path}{}", if *is_prefix { "*" } else { "" })
    }
}

impl Serialize for UrlPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UrlPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a URL pattern, \"https://shop.ir/paid*\"")
    }
}
