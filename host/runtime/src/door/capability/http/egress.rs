//! The way out to merchants' servers: no proxy, TLS verified, and each name looked up once, its
//! addresses checked, and exactly those connected to.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use pod_platform::{Secret, types};
use reqwest::{
    dns::{Addrs, Name, Resolving},
    header::HeaderMap,
};
use url::{Host, Url};

use super::{HttpSecrets, address::is_public, header_name, invalid, secrets::Veil};
use crate::{
    contract::{HttpRequest, Method},
    grant::{Scope, url_pattern},
};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Looks up what addresses a server's name stands for.
pub trait Resolve: Send + Sync {
    /// The addresses of a host, which is a name.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system, as its operator set it up.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// One run's way out. Connections are not shared with other runs, which are granted other servers.
pub(crate) struct Egress {
    resolver: Arc<dyn Resolve>,
    secrets: HttpSecrets,
    client: OnceLock<Result<reqwest::Client, String>>,
    /// Nothing is sent that could change anything.
    reads_only: bool,
}

impl Egress {
    pub fn new(resolver: Arc<dyn Resolve>, secrets: HttpSecrets) -> Self {
        Self { resolver, secrets, client: OnceLock::new(), reads_only: false }
    }

    /// The way out of a dry run.
    pub fn only_reading(self) -> Self {
        Self { reads_only: true, ..self }
    }

    /// May such a request be sent?
    pub fn admits(&self, method: Method) -> Result<(), types::Error> {
        if self.reads_only && super::changes_something(method) {
            let unknown = "this is a dry run: what the server would answer is not known";
            return Err(types::Error::Unavailable(unknown.to_owned()));
        }
        Ok(())
    }

    /// All secrets that it may insert.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.0.values().map(|secret| &secret.value)
    }

    /// Hides all of the policy's secrets: a server may show one that an earlier request sent.
    pub(super) fn veil(&self) -> Veil {
        let mut veil = Veil::default();
        self.secrets.0.values().for_each(|secret| veil.hide(secret, ""));
        veil
    }

    /// Why a request is not granted.
    pub fn denies(&self, scope: &Scope, request: &HttpRequest) -> Option<String> {
        let denied = self.denies_url(scope, request.method, &request.url);
        denied.or_else(|| {
            request
                .secret_headers
                .iter()
                .find_map(|header| self.denies_secret(scope, &header.secret))
        })
    }

    /// Why a URL is not granted, by itself or where a redirect leads to it.
    pub fn denies_url(&self, scope: &Scope, method: Method, text: &str) -> Option<String> {
        scope.denies_http(super::of_http(method).as_str(), text)
    }

    fn denies_secret(&self, scope: &Scope, name: &str) -> Option<String> {
        if !scope.secrets.contains(name) {
            return Some(format!(
                "the secret `{name}` is not granted; policy.toml must ask for it, [network] \
                 secrets = [\"{name}\"], and podhost.toml must have it, [policy.NAME.secrets]"
            ));
        }
        if !self.secrets.has(name) {
            return Some(format!(
                "there is no secret `{name}`: podhost.toml must have it, [policy.NAME.secrets]"
            ));
        }
        None
    }

    /// Adds the secrets that the request names, as far as they are for this URL.
    pub(super) fn insert_secrets(
        &self,
        request: &HttpRequest,
        url: &Url,
        headers: &mut HeaderMap,
        veil: &mut Veil,
    ) -> Result<(), types::Error> {
        let is_asked = url_pattern::plain(&request.url).is_ok_and(|asked| asked == *url);
        for header in &request.secret_headers {
            let name = header_name(&header.name)?;
            match self.secrets.value(&header.secret, url) {
                Some(secret) => {
                    let prefix = header.prefix.as_deref().unwrap_or_default();
                    let value = secret.after(prefix).ok_or_else(|| {
                        invalid("secret-headers", "a prefix of visible ASCII letters".to_owned())
                    })?;
                    veil.hide(secret, prefix);
                    headers.insert(name, value);
                }
                // Where a redirect leads, a secret for others stays behind.
                None if !is_asked => {}
                None => {
                    return Err(invalid(
                        "secret-headers",
                        format!("a secret for {url}: `{}` is for other URLs", header.secret),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The client, made when it is first needed.
    pub fn client(&self, scope: &Scope) -> Result<reqwest::Client, String> {
        self.client.get_or_init(|| self.make(scope)).clone()
    }

    fn make(&self, scope: &Scope) -> Result<reqwest::Client, String> {
        // Fails only if the program chose a provider of its own, which then serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let private = scope.private.iter().cloned().collect();
        let resolver = Arc::new(Checked { resolver: self.resolver.clone(), private });
        reqwest::Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .dns_resolver(resolver)
            .build()
            .map_err(|error| format!("TLS cannot be set up: {error}"))
    }

    /// Checks an address that stands in the URL itself: nobody looks that up.
    pub fn check_literal(&self, scope: &Scope, url: &Url) -> Result<(), String> {
        let (host, address) = match url.host() {
            Some(Host::Ipv4(address)) => (address.to_string(), IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => (address.to_string(), IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if is_public(address) || scope.private.contains(&host) {
            return Ok(());
        }
        Err(not_public(&host, address))
    }
}

/// A resolver that gives away addresses of the public Internet only, unless the host is granted as a
/// private one.
struct Checked {
    resolver: Arc<dyn Resolve>,
    private: Vec<String>,
}

impl reqwest::dns::Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.resolver.clone();
        let host = name.as_str().to_owned();
        let may_be_private = self.private.contains(&host);
        Box::pin(async move {
            let found = resolver.resolve(&host).await?;
            let refused = found.iter().find(|address| !may_be_private && !is_public(**address));
            if let Some(address) = refused {
                return Err(not_public(&host, *address).into());
            }
            if found.is_empty() {
                return Err(format!("{host} has no address").into());
            }
            let socket = |address| SocketAddr::new(address, 0);
            Ok(Box::new(found.into_iter().map(socket)) as Addrs)
        })
    }
}

fn not_public(host: &str, address: IpAddr) -> String {
    let named = if host == address.to_string() { String::new() } else { format!("{host} is ") };
    format!(
        "{named}{address}, which is not on the public Internet; both policy.toml, [network] private \
         = [\"{host}\"], and, for an account, podhost.toml, [policy.NAME.network] private, must \
         allow it"
    )
}
