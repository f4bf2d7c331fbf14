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
