//! `podhost emulator`: an emulator for any client, until it is stopped.

use std::net::TcpListener;

use crate::common::{Desk, Ended, SMALL, Served, podhost};

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
    let ended: Ended = podhost().args(["emulator", "--listen", &address]).output().unwrap().into();
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
        let ended: Ended = podhost().arg("emulator").args(arguments).output().unwrap().into();
        ended.failed(2, &[says]);
    }
}

/// podhost.toml with the account of the small scenario's shop on a platform.
fn shop_on(desk: &Desk, served: &Served) -> String {
    let token = r#"{ command = ["echo", "shop-api-token"] }"#;
    let platform = served.url();
    desk.file(
        "podhost.toml",
        format!("[account.shop]\nplatform = \"{platform}\"\ntoken = {token}\n"),
    )
}

#[test]
fn a_fork_begins_where_an_accounts_platform_stands_and_changes_nothing_there() {
    let real = Served::start(&["--scenario", SMALL]);
    let books = real.look("books");
    let desk = Desk::new();
    let config = shop_on(&desk, &real);
    let fork = Served::start(&["--fork", "shop", "--config", &config]);
    assert_eq!(fork.addresses["token"], "shop", "the real token is the real platform's alone");
    assert_eq!(fork.post("shop-api-token", "scProductId=29816")["errorCode"], 21);
    assert_eq!(fork.look("caller"), real.look("caller"));
    assert_eq!(fork.look("holdings"), real.look("holdings"));
    let list = "scProductId=29813&offset=0&size=50";
    let [ours, theirs] = [fork.post("shop", list), real.post("shop-api-token", list)];
    assert_eq!(ours["result"], theirs["result"]);

    let ended: Ended = podhost()
        .args(["run", "plugins/netting", "--platform", fork.url(), "--store"])
        .arg(desk.folder.path().join("store"))
        .env("PODHOST_TOKEN", "shop")
        .output()
        .unwrap()
        .into();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let paid = "scProductId=29813&offset=0&size=1&id=501";
    assert_eq!(fork.post("shop", paid)["result"][0]["payed"], true);
    assert_eq!(real.post("shop-api-token", paid)["result"][0]["payed"], false);
    assert_eq!(real.look("books"), books);
    assert_eq!(real.look("deeds"), serde_json::json!([]));
}

#[test]
fn a_fork_takes_neither_a_scenario_nor_a_file_and_needs_the_account() {
    let real = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let config = shop_on(&desk, &real);
    for (arguments, says) in [
        (&["--fork", "shop", "--scenario", SMALL][..], "--scenario"),
        (&["--fork", "shop", "--data", "pod.sqlite"], "--data"),
        (&["--platform", "production"], "--fork"),
        (&["--fork", "mill", "--config", &config], "has no account `mill`"),
    ] {
        let ended: Ended = podhost().arg("emulator").args(arguments).output().unwrap().into();
        ended.failed(2, &[says]);
    }
}
