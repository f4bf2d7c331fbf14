//! An account whose token is another business's than podhost.toml states is refused before anything:
//! as an emulator tells it, or as POD's list of invoices shows it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::common::{Desk, Ended, SMALL, Served};

const TOKEN: &str = "shop-api-token";

/// Runs a policy that asks nobody, for an account that states this.
fn run(desk: &Desk, platform: &str, states: &str) -> Ended {
    let policy = desk.file("idle.rhai", "fn run(input) { 1 }");
    let config = desk.file(
        "podhost.toml",
        format!(
            "[account.shop]\nplatform = \"{platform}\"\ntoken = {{ env = \"SHOP\" }}\n{states}\n\
             [policy.idle]\naccount = \"shop\"\n"
        ),
    );
    let mut command = desk.command(&[&policy, "--account", "shop", "--config", &config]);
    command.env("SHOP", TOKEN).output().unwrap().into()
}

/// It is refused, and nothing was begun.
#[track_caller]
fn refused(desk: &Desk, ended: &Ended, says: &[&str]) {
    ended.failed(2, &[says, &["the account `shop`", "nothing is run"]].concat());
    assert!(!desk.store().exists(), "the store is not even opened");
    assert!(!ended.stderr.contains(TOKEN), "{ended:#?}");
}

#[test]
fn an_emulator_tells_whose_a_token_is() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let run = |states| run(&desk, pod.url(), states);
    refused(
        &desk,
        &run("business = 20"),
        &["podhost.toml:4:12: `account.shop.business`", "the business 20's", "the business 10's"],
    );
    refused(
        &desk,
        &run("business = 10\nuser = 2"),
        &["podhost.toml:5:8: `account.shop.user`", "the user 2's", "the user 1's"],
    );
    for states in ["", "business = 10", "user = 1", "business = 10\nuser = 1"] {
        assert_eq!(run(states).code, Some(0), "{states}");
    }
}

#[test]
fn a_users_token_is_no_businesss() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let policy = desk.file("idle.rhai", "fn run(input) { 1 }");
    let config = desk.file(
        "podhost.toml",
        "[account.shop]\ntoken = { env = \"SHOP\" }\nbusiness = 10\n[policy.idle]\naccount = \"shop\"\n",
    );
    let mut command = desk.command(&[&policy, "--platform", pod.url(), "--config", &config]);
    let ended: Ended = command.env("SHOP", "karimi-access-token").output().unwrap().into();
    refused(&desk, &ended, &["podhost.toml:3:12:", "the business 10's", "the user 100"]);
}

/// A platform that is not a local one, and lists these invoices (`[id, issuer, customer]`), once it
/// has failed so often. Also counts the lists.
fn listing(invoices: &[(u64, u64, Option<u64>)], failures: usize) -> (String, Arc<AtomicUsize>) {
    let shown: Vec<String> = invoices
        .iter()
        .map(|(id, issuer, customer)| {
            let customer = customer.map_or("null".into(), |user| {
                format!("{{\"id\":{user},\"name\":\"A customer\",\"ssoId\":\"1\"}}")
            });
            format!(
                "{{\"id\":{id},\"payed\":false,\"totalAmount\":1000,\"payableAmount\":1000,\
                 \"business\":{{\"id\":{issuer},\"name\":\"A shop\"}},\"userSrv\":{customer}}}"
            )
        })
        .collect();
    let answer = format!(
        "{{\"hasError\":false,\"errorCode\":0,\"count\":{},\"result\":[{}]}}",
        shown.len(),
        shown.join(",")
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/srv/sc", listener.local_addr().unwrap());
    let lists = Arc::new(AtomicUsize::new(0));
    let counted = lists.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let start = head.len();
                if reader.read_line(&mut head).unwrap() <= 2 {
                    break;
                }
                let line = head[start..].to_ascii_lowercase();
                if let Some(bytes) = line.strip_prefix("content-length:") {
                    length = bytes.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let (status, answer) = if !head.starts_with("POST ") {
                ("404 Not Found", "nothing here")
            } else if counted.fetch_add(1, Ordering::SeqCst) < failures {
                ("502 Bad Gateway", "try again")
            } else {
                ("200 OK", answer.as_str())
            };
            write!(
                reader.get_mut(),
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .unwrap();
        }
    });
    (url, lists)
}

const UNTOLD: &str = "is what podhost.toml says";

#[test]
fn pods_list_of_invoices_shows_whose_a_token_is() {
    // One that only its issuer can see: no remark is needed.
    for list in [&[(1, 10, None)][..], &[(1, 10, Some(7)), (2, 10, Some(8)), (3, 30, Some(9))]] {
        let (url, lists) = listing(list, 0);
        let ended = run(&Desk::new(), &url, "business = 10");
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert!(!ended.stderr.contains(UNTOLD), "{ended:#?}");
        assert_eq!(lists.load(Ordering::SeqCst), 1);
    }
    // One that the stated business cannot see.
    for (list, states) in [
        (&[(612, 30, None)][..], "business = 10"),
        (&[(611, 30, Some(1)), (612, 30, Some(7))], "business = 10"),
        (&[(612, 30, Some(7))], "business = 10\nuser = 1"),
    ] {
        let (url, _) = listing(list, 0);
        let desk = Desk::new();
        let says = ["podhost.toml:4:12:", "the business 10's", "612", "the business 30"];
        refused(&desk, &run(&desk, &url, states), &says);
    }
    // What says nothing is told, and believed.
    for list in [&[][..], &[(1, 10, Some(7))], &[(1, 30, Some(7)), (2, 40, Some(7))]] {
        let (url, _) = listing(list, 0);
        let ended = run(&Desk::new(), &url, "business = 10");
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert!(ended.stderr.contains(UNTOLD), "{ended:#?}");
        // Nothing is stated, and nobody is asked.
        let (url, lists) = listing(list, 0);
        assert_eq!(run(&Desk::new(), &url, "").code, Some(0));
        assert_eq!(lists.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn the_list_is_asked_for_again_like_any_read() {
    let (url, lists) = listing(&[(612, 30, None)], 2);
    let desk = Desk::new();
    refused(&desk, &run(&desk, &url, "business = 10"), &["612"]);
    assert_eq!(lists.load(Ordering::SeqCst), 3);

    let (url, _) = listing(&[], 1_000);
    let desk = Desk::new();
    run(&desk, &url, "business = 10").failed(3, &["whose the token of the account `shop` is"]);
    assert!(!desk.store().exists());
}
