//! A policy asks its merchant's own server by a name that only the merchant's network knows: the host
//! looks names up where its embedder says. What a name stands for is checked whoever looked it up, and
//! an address that is not public is refused unless that name is granted.
//!
//! `cargo run --release -p pod-host --example custom_resolver`

mod shop;

use std::{error::Error, fs, io, net::IpAddr, path::Path, pin::Pin, sync::Arc};

use axum::{Router, routing::get};
use pod_host::{Host, Resolve};
use serde_json::Value;
use tokio::net::TcpListener;

/// The merchant's own names; others are not looked up at all.
struct OwnNames;

impl Resolve for OwnNames {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>> {
        Box::pin(async move {
            match host {
                "erp.internal" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
                name => Err(io::Error::other(format!("`{name}` is no name of ours"))),
            }
        })
    }
}

/// Asks a server, and answers what it said or why it could not be asked.
const POLICY: &str = r#"
    fn run(input) {
        try { return fetch(#{ method: "get", url: input }).body.as_string(); }
        catch (error) { return error; }
    }
"#;

/// What the policy may do: `erp.internal` may be on the merchant's own network.
fn manifest(port: u16) -> String {
    format!(
        r#"
            name = "asks-the-erp"
            version = "0.1.0"
            world = "policy"
            entry = "asks.rhai"

            [capabilities]
            allow = ["http"]

            [network]
            allow = ["http://erp.internal:{port}/*", "http://example.com/*"]
            private = ["erp.internal"]
        "#
    )
}

/// What the merchant's server says, and what comes of a name that the resolver does not know.
async fn ask(folder: &Path) -> Result<[Value; 2], Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let erp = Router::new().route("/stock", get(async || "12 loaves"));
    let erp = tokio::spawn(async move { axum::serve(listener, erp).await });

    fs::write(folder.join("policy.toml"), manifest(port))?;
    fs::write(folder.join("asks.rhai"), POLICY)?;
    let pod = shop::emulator().await?;
    let store = folder.join("store");
    let host = Host::builder().store(store).resolver(Arc::new(OwnNames)).build().await?;
    let policy = host.load(folder).await?;
    let account = shop::account(&pod)?;
    let ask = async |url: String| host.run(&policy, &account, url.into()).await;
    let known = ask(format!("http://erp.internal:{port}/stock")).await?.output;
    let unknown = ask("http://example.com/".to_owned()).await?.output;
    erp.abort();
    Ok([known, unknown])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for answer in ask(folder.path()).await? {
        println!("{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn names_are_looked_up_where_the_embedder_says() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let [known, unknown] = ask(folder.path()).await?;
    assert_eq!(known, "12 loaves");
    assert_eq!(unknown["kind"], "unavailable", "{unknown}");
    Ok(())
}
