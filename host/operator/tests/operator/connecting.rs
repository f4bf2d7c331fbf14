//! Whoever acts goes to the platform first: an emulator tells who has the token, and what it tells is
//! compared with what the file states.

use std::{fs, io::Write as _, net::TcpListener, thread};

use pod_emulator::{Emulator, Options, Scenario};
use pod_operator::{Connected, Error, Operator};

const SCENARIO: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/netting/scenarios/small.json");

async fn connect(platform: &str, token: &str, states: &str) -> Result<Connected, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("podhost.toml");
    let text = format!(
        "[account.shop]\nplatform = \"{platform}\"\ntoken = {{ command = [\"echo\", \"{token}\"] }}\n\
         {states}\n"
    );
    fs::write(&path, text).unwrap();
    Operator::from_file(path)?.account("shop", None)?.connect().await
}

#[tokio::test]
async fn an_emulator_tells_whose_a_token_is() {
    let scenario = Scenario::from_file(SCENARIO).unwrap();
    let pod = Emulator::start(Options { scenario, ..Options::default() }).await.unwrap();
    let (url, token) = (pod.platform_url(), pod.caller_token().unwrap().expose().to_owned());
    let (business, user) = (pod.caller_business().unwrap(), pod.caller_user().unwrap());

    for states in ["".to_owned(), format!("business = {business}\nuser = {user}")] {
        let connected = connect(url, &token, &states).await.unwrap();
        assert_eq!(connected.unconfirmed, None);
        let account = connected.account;
        assert_eq!((account.business, account.user), (Some(business), Some(user)));
        assert_eq!(account.clock.unwrap().now(), pod.clock().now(), "the emulator's time");
    }
    for (states, says) in [
        (format!("business = {}", business + 1), "podhost.toml:4:12: `account.shop.business`"),
        (format!("user = {}", user + 1), "podhost.toml:4:8: `account.shop.user`"),
    ] {
        let error = connect(url, &token, &states).await.err().unwrap();
        assert_eq!((error.code(), error.is_bad_input()), ("others-token", true));
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.to_string().contains(&token), "{error}");
    }
    let error = connect(url, "nobodys", "").await.err().unwrap();
    assert_eq!(error.code(), "unknown-token");
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn a_platform_that_does_not_answer_is_no_bad_input() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let platform = format!("http://{}/srv/sc", listener.local_addr().unwrap());
    thread::spawn(move || {
        // It hangs up at once.
        listener.incoming().for_each(|stream| drop(stream.unwrap().flush()));
    });
    let error = connect(&platform, "word", "business = 1").await.err().unwrap();
    assert_eq!((error.code(), error.is_bad_input()), ("unreachable", false));
    assert!(std::error::Error::source(&error).is_some());
    assert!(error.to_string().contains(&platform), "{error}");
}
