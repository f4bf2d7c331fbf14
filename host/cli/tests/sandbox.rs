//! `podhost sandbox`: a local POD for any client, until it is stopped.

mod common;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{Desk, Ended, SMALL, podhost};
use serde_json::Value;

/// A platform process; killed if a test ends early.
struct Served {
    process: Child,
    stdout: BufReader<ChildStdout>,
    addresses: Value,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let mut process = podhost()
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let addresses = serde_json::from_str(&line).expect(&line);
        Self { process, stdout, addresses }
    }

    /// POSTs a form to the address of services, and returns the envelope.
    fn post(&self, token: &str, body: &str) -> Value {
        let url = self.addresses["platform"].as_str().unwrap();
        let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            stream,
            "POST /{path}/nzh/doServiceCall HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             _token_: {token}\r\n_token_issuer_: 1\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        serde_json::from_str(body).unwrap()
    }

    /// Sends a signal, and returns how the process ended and what it printed meanwhile.
    fn stop(&mut self, signal: &str) -> (ExitStatus, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(30);
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "{signal} did not stop it");
            thread::sleep(Duration::from_millis(10));
        };
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status, rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn it_says_where_it_is_answers_and_ends_when_asked() {
    for signal in ["TERM", "INT"] {
        let mut served = Served::start(&["--scenario", SMALL]);
        for name in ["platform", "pay", "file"] {
            let url = served.addresses[name].as_str().unwrap();
            assert!(url.starts_with("http://127.0.0.1:") && !url.contains(":0/"), "{name}: {url}");
        }
        let answer = served.post("shop-api-token", "scProductId=29816");
        assert_eq!(answer["hasError"], false, "{answer}");
        assert!(answer["ott"].as_str().is_some_and(|ott| !ott.is_empty()), "{answer}");
        let answer = served.post("shop-api-token", "scProductId=29813&offset=0&size=1&id=501");
        assert_eq!(answer["result"][0]["payableAmount"], 900_000, "{answer}");
        assert_eq!(served.post("nobody", "scProductId=29816")["errorCode"], 21);

        let (status, rest) = served.stop(signal);
        assert_eq!(status.code(), Some(0), "{signal}");
        assert_eq!(rest, "", "the addresses are all that is printed");
    }
}

#[test]
fn data_outlives_the_process() {
    let desk = Desk::new();
    let data = desk.folder.path().join("pod.sqlite");
    let data = data.to_str().unwrap();
    let netting = "scProductId=29800&creditorInvoiceId=601&debtorInvoiceId=501";
    let mut served = Served::start(&["--data", data, "--scenario", SMALL]);
    assert_eq!(served.post("shop-api-token", netting)["result"], true);
    assert_eq!(served.stop("TERM").0.code(), Some(0));

    // The scenario is what an empty platform starts from; this one is not empty.
    let served = Served::start(&["--data", data, "--scenario", SMALL]);
    let again = served.post("shop-api-token", netting);
    assert_eq!(again["hasError"], true, "{again}");
    let invoice = served.post("shop-api-token", "scProductId=29813&offset=0&size=1&id=501");
    assert_eq!(invoice["result"][0]["payed"], true, "{invoice}");
}

#[test]
fn an_address_in_use_exits_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended: Ended = podhost().args(["sandbox", "--listen", &address]).output().unwrap().into();
    ended.failed(3, &[&address, "cannot listen", "in use"]);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:#?}");
}

#[test]
fn bad_input_exits_2() {
    let desk = Desk::new();
    let scenario = desk.file("bad.json", "{\n  \"caller\": \"nobody\"\n}");
    for (arguments, says) in [
        (&["--scenario", &scenario][..], "bad.json:2:13:"),
        (&["--scenario", "no/such.json"], "no/such.json"),
        (&["--listen", "localhost"], "--listen"),
    ] {
        let ended: Ended = podhost().arg("sandbox").args(arguments).output().unwrap().into();
        ended.failed(2, &[says]);
    }
}
