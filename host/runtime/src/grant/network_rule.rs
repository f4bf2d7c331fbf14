//! Which URLs a policy may use, and how: `[METHOD,… ]https://host[:port]/path*`.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{text::from_text, url_pattern::UrlPattern};

/// The methods that a policy can use.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// The methods of a rule that names none, and of which one must be allowed where a URL is handed to
/// POD or to a browser.
const READING: [&str; 2] = ["GET", "HEAD"];

/// URLs, and by which methods they may be used.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct NetworkRule {
    url: UrlPattern,
    /// None: those that only read.
    methods: BTreeSet<String>,
}

impl NetworkRule {
    /// Its URLs.
    #[must_use]
    pub fn url(&self) -> &UrlPattern {
        &self.url
    }

    /// May its URLs be asked by this method?
    #[must_use]
    pub fn allows(&self, method: &str) -> bool {
        self.methods().any(|allowed| allowed == method)
    }

    /// May its URLs be handed to POD or to a payer's browser, which opens them with GET?
    #[must_use]
    pub fn can_be_handed_on(&self) -> bool {
        self.allows(READING[0])
    }

    fn methods(&self) -> impl Iterator<Item = &str> {
        let implied: &[&str] = if self.methods.is_empty() { &READING } else { &[] };
        self.methods.iter().map(String::as_str).chain(implied.iter().copied())
    }

    /// The rule of what both allow. None: nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let url = self.url.intersection(&other.url)?;
        let methods: BTreeSet<String> =
            self.methods().filter(|method| other.allows(method)).map(str::to_owned).collect();
        (!methods.is_empty()).then(|| Self { url, methods }.plain())
    }

    /// As it is written without need to name its methods, if it can be.
    fn plain(mut self) -> Self {
        if self.methods.iter().map(String::as_str).eq(READING) {
            self.methods.clear();
        }
        self
    }
}

impl FromStr for NetworkRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((names, url)) = text.split_once(' ') else {
            return Ok(Self { url: text.parse()?, methods: BTreeSet::new() });
        };
        let mut methods = BTreeSet::new();
        for name in names.split(',') {
            if !METHODS.contains(&name) {
                return Err(format!(
                    "`{text}`: there is no method `{name}`; there are {}, written like \
                     `GET,POST https://erp.shop.ir/orders*`",
                    METHODS.join(", ")
                ));
            }
            methods.insert(name.to_owned());
        }
        Ok(Self { url: url.parse()?, methods }.plain())
    }
}

impl fmt::Display for NetworkRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.methods.is_empty() {
            let methods: Vec<&str> = self.methods.iter().map(String::as_str).collect();
            write!(f, "{} ", methods.join(","))?;
        }
        self.url.fmt(f)
    }
}

impl Serialize for NetworkRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NetworkRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a URL pattern, \"https://shop.ir/paid*\", perhaps after methods")
    }
}
