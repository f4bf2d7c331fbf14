//! A merchant's server that is hostile, too, and names that stand for addresses of its choice.

use std::{
    io,
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::BoxFuture;
use pod_host::Resolve;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Starts it on this machine, and tells its port.
pub async fn start() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("it listens").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // Whoever asked may have hung up.
                let _ = answer(stream).await;
            });
        }
    });
    port
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    let read = stream.read(&mut bytes).await?;
    let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let key = request.lines().find_map(|line| line.strip_prefix("x-key: Bearer "));
    let key = key.unwrap_or("nothing");
    match path.split('?').next().unwrap_or_default() {
        "/ok" => stream.write_all(&page("ok")).await?,
        "/echo" => stream.write_all(&page(&request)).await?,
        "/to-metadata" => redirect(&mut stream, "http://169.254.169.254/latest/meta-data").await?,
        "/to-name" => redirect(&mut stream, "http://loopback.test/ok").await?,
        "/to-file" => redirect(&mut stream, "file:///etc/passwd").await?,
        "/to-port" => redirect(&mut stream, "http://127.0.0.1:1/ok").await?,
        "/around" => redirect(&mut stream, "/around").await?,
        "/leak" => redirect(&mut stream, &format!("http://evil.test/{key}")).await?,
        "/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'.'; 64 * 1024]).await?;
            }
        }
        "/announced" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\nx").await?;
        }
        "/endless-headers" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"a: b\r\n").await?;
            }
        }
        "/gzip" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nbomb";
            stream.write_all(head.as_bytes()).await?;
        }
        "/drip" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(b".").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        "/not-http" => stream.write_all(b"SSH-2.0-something\r\n").await?,
        _ => {}
    }
    stream.shutdown().await
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn redirect(stream: &mut TcpStream, to: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await
}

/// Names stand for what their first part says.
#[derive(Default)]
pub struct Names {
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let fickle = ["127.0.0.1", "10.0.0.7", "::1"];
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % fickle.len();
        let addresses: &[&str] = match host {
            "loopback.test" => &["127.0.0.1"],
            "private.test" => &["10.0.0.7"],
            "metadata.test" => &["169.254.169.254"],
            "mapped.test" => &["::ffff:127.0.0.1"],
            "nat64.test" => &["64:ff9b::7f00:1"],
            "unique-local.test" => &["fd00::1"],
            "several.test" => &["8.8.8.8", "127.0.0.1"],
            "fickle.test" => &fickle[turn..=turn],
            _ => &[],
        };
        let read = addresses.iter().map(|address| address.parse().map_err(io::Error::other));
        let found = read.collect();
        Box::pin(async move { found })
    }
}
