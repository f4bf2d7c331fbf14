//! The merchant's own servers, as far as the operator grants them.
//!
//! ```
//! use pod_sdk::http::{self, HttpRequest, Method};
//!
//! /// Tell the ERP that an order was paid.
//! fn tell(order: u64) -> pod_sdk::Result<()> {
//!     let url = format!("https://erp.shop.ir/orders/{order}/paid");
//!     let request = HttpRequest::new(Method::Post, url)
//!         .with_header("content-type", "application/json")
//!         .with_secret("authorization", "Bearer ", "erp")
//!         .with_body(r#"{"by": "podhost"}"#);
//!     let response = http::fetch(&request)?;
//!     if response.status != 200 {
//!         let said = format!("the ERP says {}", response.status);
//!         return Err(pod_sdk::Failure::new(said));
//!     }
//!     Ok(())
//! }
//! ```

pub use crate::bindings::policy::pod::policy::http::{
    Header, HttpRequest, HttpResponse, Method, SecretHeader, fetch,
};

impl HttpRequest {
    /// A request without headers and without a body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let (headers, secret_headers) = (Vec::new(), Vec::new());
        Self { method, url: url.into(), headers, secret_headers, body: None }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// With a header that the host fills: a prefix, and the secret of that name in podhost.toml.
    #[must_use]
    pub fn with_secret(
        mut self,
        name: impl Into<String>,
        prefix: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        let (name, secret, prefix) = (name.into(), secret.into(), Some(prefix.into()));
        self.secret_headers.push(SecretHeader { name, secret, prefix });
        self
    }

    /// With a body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self }
    }
}
