//! A policy's way to its merchant's own servers: what is granted and nothing else, to the address
//! that was checked, within its budgets, with secrets that it never sees; and never twice.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use pod_host::{
    Account, Host, HttpSecret, Point, Policy, Receipt, Resolve, RunError, RunOptions, Status,
};
use pod_platform::Secret;
use podhost_tests::{
    Bench,
    mortal::{Life, Mortal},
    project,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Fetches what its input says, and answers what came of it.
const FETCHER: &str = r#"
    fn run(input) {
        let request = #{ method: input.method, url: input.url };
        if "headers" in input { request.headers = input.headers; }
        if "secret_headers" in input { request.secret_headers = input.secret_headers; }
        if "body" in input { request.body = input.body.to_blob(); }
        try {
            let response = fetch(request);
            return #{
                status: response.status, body: response.body.as_string(), headers: response.headers
            };
        } catch (error) { return #{ error: error }; }
    }
"#;

/// A server that answers each path with the bytes that belong to it, and keeps what it was sent.
struct Erp {
    port: u16,
    received: Arc<Mutex<Vec<String>>>,
}

impl Erp {
    async fn start(pages: &[(&str, String)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("it listens").port();
        let pages: HashMap<String, String> = pages
            .iter()
            .map(|(path, page)| ((*path).to_owned(), page.replace("PORT", &port.to_string())))
            .collect();
        let received = Arc::<Mutex<Vec<String>>>::default();
        let kept = received.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (pages, kept) = (pages.clone(), kept.clone());
                tokio::spawn(async move {
                    let mut bytes = vec![0; 64 * 1024];
                    let read = stream.read(&mut bytes).await.unwrap_or_default();
                    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                    kept.lock().unwrap().push(text);
                    match pages.get(&path).map(String::as_str) {
                        Some("hang up") => {}
                        Some("wait") => tokio::time::sleep(Duration::from_secs(60)).await,
                        Some("drip") => {
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                            while stream.write_all(b".").await.is_ok() {
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                        }
                        Some("endless") => {
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                            while stream.write_all(&[b'.'; 64 * 1024]).await.is_ok() {}
                        }
                        Some("late body") => {
                            let head = "HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n";
                            let _ = stream.write_all(head.as_bytes()).await;
                            tokio::time::sleep(Duration::from_millis(500)).await;
                            let _ = stream.write_all(&[b'.'; 200_000]).await;
                        }
                        Some("endless headers") => {
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
                            while stream.write_all(b"a: b\r\n").await.is_ok() {}
                        }
                        Some(page) => {
                            let _ = stream.write_all(page.as_bytes()).await;
                        }
                        None => {
                            let _ = stream.write_all(ok("nothing").as_bytes()).await;
                        }
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { port, received }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn manifest(network: &str, budget: &str) -> String {
    let manifest = podhost_tests::manifest("policy", "\"http\"", budget);
    format!("{manifest}[network]\n{network}\n")
}

/// A bench, an ERP on this machine, and a policy that may ask it for everything, by GET and POST.
async fn world(pages: &[(&str, String)], budget: &str) -> (Bench, Erp, Policy) {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let erp = Erp::start(pages).await;
    let network = format!(
        "allow = [\"GET,POST {}*\"]\nprivate = [\"127.0.0.1\"]\nsecrets = [\"erp\"]",
        erp.url("/")
    );
    let policy = bench.script(&manifest(&network, budget), FETCHER).await;
    (bench, erp, policy)
}

async fn fetch(bench: &Bench, policy: &Policy, input: Value) -> Receipt {
    let receipt = bench.run(policy, input).await;
    assert!(receipt.error.is_none(), "{:?}", receipt.error);
    receipt
}

async fn refused(bench: &Bench, policy: &Policy, method: &str, url: &str) -> Value {
    let receipt = fetch(bench, policy, json!({ "method": method, "url": url })).await;
    let error = receipt.output["error"].clone();
    assert!(error.is_object(), "{url}: {}", receipt.output);
    error
}

#[tokio::test]
async fn what_is_granted_is_asked_and_metered() {
    let (bench, erp, policy) = world(&[("/orders", ok("three orders"))], "").await;
    let input = json!({
        "method": "post", "url": erp.url("/orders"), "body": "one more",
        "headers": [{ "name": "Content-Type", "value": "text/plain" }],
    });
    let receipt = fetch(&bench, &policy, input).await;
    assert_eq!(
        (&receipt.output["status"], &receipt.output["body"]),
        (&json!(200), &json!("three orders"))
    );
    let meters = &receipt.meters;
    assert_eq!((meters.http_calls, meters.calls), (1, 0));
    assert!(meters.bytes_up > 20 && meters.bytes_down >= 12, "{meters:?}");
    assert_eq!(receipt.effects.len(), 1, "a POST may have changed something");
    let received = erp.received();
    assert!(received[0].starts_with("POST /orders HTTP/1.1\r\n"), "{received:?}");
    assert!(received[0].ends_with("\r\n\r\none more"), "{received:?}");
    assert!(received[0].contains("content-type: text/plain\r\n"), "{received:?}");
}

#[tokio::test]
async fn nothing_else_is_asked() {
    let (bench, erp, policy) = world(&[], "").await;
    let other_port = format!("http://127.0.0.1:{}/", if erp.port == 80 { 81 } else { 80 });
    for (method, url) in [
        ("delete", erp.url("/orders")),
        ("get", other_port),
        ("get", "http://localhost/".to_owned()),
        ("get", "https://127.0.0.1/".to_owned()),
        ("get", erp.url("/a/%2e%2e/b")),
        ("get", format!("http://user@127.0.0.1:{}/", erp.port)),
        ("get", format!("http://2130706433:{}/", erp.port)),
        ("get", format!("http://127.1:{}/", erp.port)),
        ("get", format!("http://[::ffff:127.0.0.1]:{}/", erp.port)),
        ("get", "file:///etc/passwd".to_owned()),
    ] {
        let error = refused(&bench, &policy, method, &url).await;
        assert_eq!(error["kind"], "denied", "{method} {url}: {error}");
    }
    assert!(erp.received().is_empty());
}

/// Answers as it is told, each time with the next answer.
struct Fickle(Mutex<Vec<Vec<IpAddr>>>, AtomicUsize);

impl Resolve for Fickle {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(answer) })
    }
}

/// A host whose names are looked up by `resolver`, and a policy that may ask `http://erp.shop.ir`.
async fn named(
    bench: &Bench,
    port: u16,
    resolver: Arc<dyn Resolve>,
    private: &str,
) -> (Host, Policy, tempfile::TempDir) {
    let store = tempfile::tempdir().expect("a folder");
    let host = Host::builder()
        .store(store.path())
        .artefacts(project("target/test-components"))
        .clock(bench.pod.clock())
        .resolver(resolver)
        .build()
        .await
        .expect("the host starts");
    let network = format!("allow = [\"http://erp.shop.ir:{port}/*\"]\nprivate = [{private}]");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("policy.toml"), manifest(&network, "")).unwrap();
    std::fs::write(folder.path().join("script.rhai"), FETCHER).unwrap();
    let policy = host.load(folder.path()).await.expect("the policy loads");
    (host, policy, store)
}

#[tokio::test]
async fn a_name_stands_for_the_address_that_was_checked() {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let erp = Erp::start(&[("/", ok("hello"))]).await;
    let url = format!("http://erp.shop.ir:{}/", erp.port);
    let input = json!({ "method": "get", "url": url });
    let run = async |host: &Host, policy: &Policy| {
        let options = RunOptions { input: input.clone(), ..RunOptions::default() };
        host.run_with(policy, &bench.account().await, options)
            .await
            .expect("it is journalled")
            .output
    };
    let local: IpAddr = "127.0.0.1".parse().unwrap();
    for private in
        ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"]
    {
        let answer = vec![private.parse().unwrap()];
        let resolver = Arc::new(Fickle(Mutex::new(vec![answer]), AtomicUsize::new(0)));
        let (host, policy, _store) = named(&bench, erp.port, resolver, "").await;
        let output = run(&host, &policy).await;
        assert_eq!(output["error"]["kind"], "unavailable", "{private}: {output}");
        let message = output["error"].to_string();
        assert!(message.contains("not on the public Internet"), "{private}: {message}");
    }
    assert!(erp.received().is_empty());

    // One public address among private ones does not open the door.
    let mixed = vec!["93.184.216.34".parse().unwrap(), local];
    let resolver = Arc::new(Fickle(Mutex::new(vec![mixed]), AtomicUsize::new(0)));
    let (host, policy, _store) = named(&bench, erp.port, resolver, "").await;
    assert_eq!(run(&host, &policy).await["error"]["kind"], "unavailable");

    // A name whose second answer is another: it is looked up once.
    let answers = vec![vec![local], vec!["10.0.0.1".parse().unwrap()]];
    let resolver = Arc::new(Fickle(Mutex::new(answers), AtomicUsize::new(0)));
    let (host, policy, _store) = named(&bench, erp.port, resolver.clone(), "\"erp.shop.ir\"").await;
    assert_eq!(run(&host, &policy).await["body"], "hello");
    assert_eq!(resolver.1.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_redirect_is_checked_like_a_request_of_its_own() {
    let pages = [
        ("/moved", redirect("/here")),
        ("/here", ok("found")),
        ("/abroad", redirect("http://localhost:PORT/here")),
        ("/metadata", redirect("http://169.254.169.254/latest/meta-data")),
        ("/around", redirect("/around")),
    ];
    let (bench, erp, policy) = world(&pages, "").await;
    let receipt =
        fetch(&bench, &policy, json!({ "method": "get", "url": erp.url("/moved") })).await;
    assert_eq!((&receipt.output["body"], receipt.meters.http_calls), (&json!("found"), 2));
    for path in ["/abroad", "/metadata"] {
        let error = refused(&bench, &policy, "get", &erp.url(path)).await;
        assert_eq!(error["kind"], "denied", "{path}: {error}");
    }
    let error = refused(&bench, &policy, "get", &erp.url("/around")).await;
    assert!(error.to_string().contains("on and on"), "{error}");
    // What changes something is not sent anywhere else.
    let input = json!({ "method": "post", "url": erp.url("/moved"), "body": "x" });
    assert_eq!(fetch(&bench, &policy, input).await.output["status"], 302);
}

fn with_secret(account: Account, erp: &Erp) -> Account {
    let secret = HttpSecret {
        value: Secret::new("s3cret/of+the=erp"),
        urls: [format!("{}*", erp.url("/in/")).parse().unwrap()].into(),
    };
    account.with_http_secret("test", "erp", secret)
}

#[tokio::test]
async fn a_secret_is_sent_and_never_seen() {
    let echo = |text: &str| {
        format!("HTTP/1.1 200 OK\r\nx-echo: {text}\r\ncontent-length: {}\r\n\r\n{text}", text.len())
    };
    let pages = [
        ("/in/plain", echo("key s3cret/of+the=erp.")),
        ("/in/encoded", echo("czNjcmV0L29mK3RoZT1lcnA= s3cret%2Fof%2Bthe%3Derp")),
        // Base64 of "key: s3cret/of+the=erp, and more".
        ("/in/within", echo("a2V5OiBzM2NyZXQvb2YrdGhlPWVycCwgYW5kIG1vcmU=")),
        ("/in/out", redirect("/out")),
        ("/out", ok("out")),
    ];
    let (bench, erp, policy) = world(&pages, "").await;
    let account = with_secret(bench.account().await, &erp);
    let run = async |path: &str| {
        let secret = json!({ "name": "Authorization", "prefix": "Bearer ", "secret": "erp" });
        let input = json!({ "method": "get", "url": erp.url(path), "secret_headers": [secret] });
        let options = RunOptions { input, ..RunOptions::default() };
        bench.host.run_with(&policy, &account, options).await.expect("it is journalled")
    };
    let receipt = run("/in/plain").await;
    assert_eq!(receipt.output["body"], "key ***.");
    assert_eq!(run("/in/encoded").await.output["body"], "*** ***");
    let within = run("/in/within").await.output["body"].as_str().unwrap().to_owned();
    assert!(within.starts_with("a2V5OiB***"), "{within}");
    // A server may show it to a later request, that does not send it.
    let later = json!({ "method": "get", "url": erp.url("/in/plain") });
    let options = RunOptions { input: later, ..RunOptions::default() };
    let later = bench.host.run_with(&policy, &account, options).await.expect("it is journalled");
    assert_eq!(later.output["body"], "key ***.");
    let received = erp.received();
    assert!(received[0].contains("authorization: Bearer s3cret/of+the=erp\r\n"), "{received:?}");
    // For other URLs it is not, nor where a redirect leads.
    assert_eq!(run("/out").await.output["error"]["kind"], "invalid-argument");
    assert_eq!(run("/in/out").await.output["body"], "out");
    let last = erp.received().pop().unwrap();
    assert!(last.starts_with("GET /out ") && !last.contains("s3cret"), "{last}");

    for entry in std::fs::read_dir(bench.store()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let shown = String::from_utf8_lossy(&bytes);
            assert!(!shown.contains("s3cret/of"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_secret_must_be_asked_for_and_be_there() {
    let (bench, erp, policy) = world(&[], "").await;
    let secret = |name: &str| json!({ "name": "x-key", "secret": name });
    for (name, said) in [("erp", "there is no secret"), ("other", "is not granted")] {
        let input = json!({
            "method": "get", "url": erp.url("/"), "secret_headers": [secret(name)],
        });
        let receipt = fetch(&bench, &policy, input).await;
        let error = &receipt.output["error"];
        assert_eq!(error["kind"], "denied", "{error}");
        assert!(error["reason"].as_str().unwrap().contains(said), "{error}");
    }
    assert!(erp.received().is_empty());
}

#[tokio::test]
async fn headers_cannot_smuggle_anything() {
    let (bench, erp, policy) = world(&[], "").await;
    for (name, value) in [
        ("x", "a\r\nhost: evil"),
        ("x\r\ny", "a"),
        ("x y", "a"),
        ("Host", "evil"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("Accept-Encoding", "gzip"),
        ("Range", "bytes=0-3"),
    ] {
        let input = json!({
            "method": "get", "url": erp.url("/"), "headers": [{ "name": name, "value": value }],
        });
        let receipt = fetch(&bench, &policy, input).await;
        assert_eq!(receipt.output["error"]["kind"], "invalid-argument", "{name}: {value:?}");
    }
    assert!(erp.received().is_empty());
}

#[tokio::test]
async fn bodies_are_cut_at_the_limit_and_slow_servers_end_with_the_run() {
    let pages = [
        ("/endless", "endless".to_owned()),
        ("/announced", "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\nx".to_owned()),
        ("/headers", "endless headers".to_owned()),
        ("/drip", "drip".to_owned()),
    ];
    let (bench, erp, policy) = world(&pages, "bytes-down = 100_000\nwall = \"3s\"").await;
    for path in ["/endless", "/announced"] {
        let input = json!({ "method": "get", "url": erp.url(path) });
        let receipt = fetch(&bench, &policy, input).await;
        let error = &receipt.output["error"];
        assert_eq!(
            (&error["kind"], &error["meter"]),
            (&json!("budget-exhausted"), &json!("bytes-down")),
            "{path}"
        );
        assert!(receipt.meters.bytes_down < 400_000, "{path}: {:?}", receipt.meters);
    }
    let receipt =
        fetch(&bench, &policy, json!({ "method": "get", "url": erp.url("/headers") })).await;
    assert_eq!(receipt.output["error"]["kind"], "unavailable", "{}", receipt.output);
    assert!(receipt.meters.bytes_down > 400_000, "{:?}", receipt.meters);
    let receipt = bench.run(&policy, json!({ "method": "get", "url": erp.url("/drip") })).await;
    assert_eq!(receipt.status, Status::Failed);
    assert!(
        matches!(&receipt.error, Some(RunError::BudgetExhausted { meter, .. }) if *meter == "wall"),
        "{:?}",
        receipt.error
    );
}

#[tokio::test]
async fn answers_at_the_same_time_do_not_overspend_the_day() {
    let pages = [("/late", "late body".to_owned())];
    let (bench, erp, policy) = world(&pages, "[budget.per-day]\nbytes-down = 1_000_000").await;
    let input = json!({ "method": "get", "url": erp.url("/late") });
    let runs = (0..12).map(|_| fetch(&bench, &policy, input.clone()));
    let receipts = futures_util::future::join_all(runs).await;
    let (done, cut): (Vec<_>, Vec<_>) =
        receipts.iter().partition(|receipt| receipt.output["status"] == 200);
    let errors: Vec<_> = cut.iter().map(|receipt| &receipt.output["error"]).collect();
    assert_eq!(done.len(), 4, "{errors:?}");
    for receipt in cut {
        assert_eq!(receipt.output["error"]["meter"], "bytes-down", "{}", receipt.output);
    }
    let used: u64 = receipts.iter().map(|receipt| receipt.meters.bytes_down).sum();
    assert!(used <= 1_000_000, "{used} bytes");
}

#[tokio::test]
async fn nothing_is_decompressed() {
    let page = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nbomb";
    let (bench, erp, policy) = world(&[("/", page.to_owned())], "").await;
    let receipt = fetch(&bench, &policy, json!({ "method": "get", "url": erp.url("/") })).await;
    assert_eq!(receipt.output["body"], "bomb");
    assert!(!erp.received()[0].contains("accept-encoding"), "{:?}", erp.received());
}

/// A server whose certificate is nobody's but its own.
async fn impostor() -> u16 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = made.signing_key.serialize_der().try_into().expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .expect("it has some")
    .with_no_client_auth()
    .with_single_cert(vec![made.cert.into()], key)
    .expect("they fit");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("it listens").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.write_all(ok("trust me").as_bytes()).await;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let port = impostor().await;
    let network = format!("allow = [\"https://localhost:{port}/*\"]\nprivate = [\"localhost\"]");
    let policy = bench.script(&manifest(&network, ""), FETCHER).await;
    let error = refused(&bench, &policy, "get", &format!("https://localhost:{port}/")).await;
    assert_eq!(error["kind"], "unavailable");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn requests_have_a_budget() {
    let (bench, erp, policy) = world(&[], "http-calls = 0").await;
    let error = refused(&bench, &policy, "get", &erp.url("/")).await;
    assert_eq!(
        (&error["kind"], &error["meter"]),
        (&json!("budget-exhausted"), &json!("http-calls"))
    );
    assert!(erp.received().is_empty());
}

#[tokio::test]
async fn a_post_that_nobody_answered_is_in_doubt_and_not_sent_again() {
    let (bench, erp, policy) = world(&[("/order", "hang up".to_owned())], "").await;
    let input = json!({ "method": "post", "url": erp.url("/order"), "body": "x" });
    let receipt = bench.run(&policy, input).await;
    assert_eq!(receipt.status, Status::UnknownOutcome);
    assert_eq!(receipt.output["error"]["kind"], "outcome-unknown");
    assert_eq!(receipt.doubts[0].service, "http");
    assert_eq!(erp.received().len(), 1);
    // What only reads is.
    let error = refused(&bench, &policy, "get", &erp.url("/order")).await;
    assert_eq!(error["kind"], "unavailable");
}

#[tokio::test]
async fn a_dry_run_reads_and_does_not_post() {
    let (bench, erp, policy) = world(&[("/orders", ok("three"))], "").await;
    let run = async |method: &str| {
        let input = json!({ "method": method, "url": erp.url("/orders") });
        let options = RunOptions { input, dry_run: true, ..RunOptions::default() };
        bench.run_with(&policy, options).await.output
    };
    assert_eq!(run("get").await["body"], "three");
    assert_eq!(run("post").await["error"]["kind"], "unavailable");
    assert_eq!(erp.received().len(), 1);
}

/// Killed at each point of a POST: it is sent once at most, and what was answered is not asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_does_not_post_twice() {
    let erp = Arc::new(Erp::start(&[("/order", ok("taken"))]).await);
    for (at, sent, status) in [
        (Point::AfterIntent, 0, Status::UnknownOutcome),
        (Point::AfterEffect, 1, Status::UnknownOutcome),
        (Point::AfterOutcome, 1, Status::Done),
    ] {
        let mortal = Mortal::from_file("plugins/netting/scenarios/small.json").await;
        let network = format!("allow = [\"POST {}*\"]\nprivate = [\"127.0.0.1\"]", erp.url("/"));
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("policy.toml"), manifest(&network, "")).unwrap();
        std::fs::write(folder.path().join("script.rhai"), FETCHER).unwrap();
        let before = erp.received().len();
        let (path, url) = (folder.path().to_owned(), erp.url("/order"));
        let work = async move |life: Life| {
            let input = json!({ "method": "post", "url": url, "body": "x" });
            let options = RunOptions { input, ..RunOptions::default() };
            life.run(&path, options).await
        };
        let killed = mortal.live(move |_, point| point == at, work).await;
        assert!(killed.is_none(), "{at:?}");
        let receipt = mortal.live_on(async |life: Life| life.go_on().await).await;
        let receipt = receipt.expect("it was begun");
        assert_eq!(receipt.status, status, "{at:?}: {:?}", receipt.output);
        assert_eq!(erp.received().len() - before, sent, "{at:?}");
        if status == Status::Done {
            assert_eq!(receipt.output["body"], "taken");
        }
    }
}
