//! The end of a run cancels no call that may have moved money: its outcome is waited for and
//! recorded.

use std::{net::SocketAddr, time::Duration};

use pod_emulator::{Emulator, Options, Scenario};
use pod_host::{RunError, RunOptions, Status, journal::RunFilter};
use podhost_tests::{
    Bench, manifest,
    mortal::{Life, Mortal, script},
    project,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const SLOW: Duration = Duration::from_millis(700);

/// What becomes of the answer to a payment.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Line {
    /// It comes late.
    Slow,
    /// It never comes: the connection is cut.
    Cut,
}

/// A platform on the far side of a bad line: requests pass at once, and other answers, too.
async fn behind(line: Line, pod: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut far = TcpStream::connect(pod).await.expect("the platform listens");
                let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
                let mut payment = false;
                loop {
                    tokio::select! {
                        Ok(n) = near.read(&mut request) => {
                            if n == 0 { break }
                            payment |= String::from_utf8_lossy(&request[..n]).contains("debtorInvoiceId");
                            if far.write_all(&request[..n]).await.is_err() { break }
                        }
                        Ok(n) = far.read(&mut answer) => {
                            if n == 0 { break }
                            if payment && line == Line::Cut { break }
                            if payment { tokio::time::sleep(SLOW).await }
                            if near.write_all(&answer[..n]).await.is_err() { break }
                        }
                        else => break,
                    }
                }
            });
        }
    });
    address
}

async fn bench(line: Line) -> Bench {
    let scenario = Scenario::from_file(project("plugins/netting/scenarios/small.json"));
    let options = Options { scenario: scenario.expect("well-formed"), ..Options::default() };
    let pod = Emulator::start(options).await.expect("the emulator starts");
    let proxy = behind(line, pod.address()).await;
    Bench::at(pod, &format!("http://{proxy}/srv/sc")).await
}

const NET_ALL: &str = r#"
    fn run(input) {
        pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 });
        pay_invoice_by_invoice(#{ creditor_invoice_id: 602, debtor_invoice_id: 502 });
    }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_within_a_payment() {
    let bench = bench(Line::Slow).await;
    let manifest = manifest("policy", "\"payments\"", "rial = 10_000_000\nwall = \"300ms\"");
    let policy = bench.script(&manifest, NET_ALL).await;
    let receipt = bench.run(&policy, json!(null)).await;

    assert_eq!(receipt.status, Status::Failed);
    let Some(RunError::BudgetExhausted { meter, .. }) = &receipt.error else {
        panic!("{:?}", receipt.error)
    };
    assert_eq!(meter, "wall");
    // The first payment was under way: it is recorded. The second never began.
    assert_eq!(receipt.effects.len(), 1, "{:?}", receipt.effects);
    assert_eq!(receipt.effects[0].invoice, Some(501));
    assert_eq!(receipt.meters.rials.0, 900_000);
    assert!(receipt.meters.wall_ms >= 600);
    bench.assert_balances(&[("invoice:501", 900_000), ("invoice:502", 0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up() {
    let bench = bench(Line::Slow).await;
    let manifest = manifest("policy", "\"payments\"", "rial = 10_000_000");
    let policy = bench.script(&manifest, NET_ALL).await;
    let run = bench.host.run(&policy, &bench.account, json!(null));
    // Dropped while the answer to the first payment is on its way.
    assert!(tokio::time::timeout(Duration::from_millis(300), run).await.is_err());
    // The payment's answer, and the look at what it moved.
    tokio::time::sleep(4 * SLOW).await;
    bench.assert_balances(&[("invoice:501", 900_000), ("invoice:502", 0)]).await;

    // The journal knows, although nobody waited.
    let runs = bench.host.journal().runs(&RunFilter::default()).await;
    let runs = runs.expect("the journal can be read");
    assert_eq!(runs.len(), 1);
    let entries = bench.host.journal().entries(&runs[0].run).await.expect("the chain holds");
    let spent = pod_host::Spent::of(entries.iter().map(|entry| &entry.entry));
    assert_eq!(spent.settled().rials, 900_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes() {
    let bench = bench(Line::Cut).await;
    let manifest = manifest("policy", "\"payments\"", "rial = 10_000_000");
    let policy = bench.script(&manifest, NET_ALL).await;
    let receipt = bench.run(&policy, json!(null)).await;

    // The money moved, and nobody said so: it was read.
    assert_eq!(receipt.status, Status::Done, "{:?}", receipt.error);
    let paid: Vec<_> = receipt.effects.iter().map(|effect| effect.invoice).collect();
    assert_eq!(paid, [Some(501), Some(502)]);
    bench.assert_balances(&[("invoice:501", 900_000), ("invoice:502", 400_000)]).await;
}

/// The first attempt paid. That POD refuses a second one says nothing of the first, as long as nobody
/// can see who paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_believed_while_nothing_can_be_seen() {
    // What is so before the payment can be read; after that nothing can.
    let blind = (2..100)
        .map(|call| json!({ "service": "getInvoiceList", "call": call, "httpStatus": 503 }));
    let lost = json!({ "service": "payInvoiceByCredit", "call": 1, "reset": "after" });
    let scenario = json!({
        "now": "1399/03/13 10:00:00",
        "caller": "shop",
        "businesses": [
            { "id": 10, "userId": 1, "name": "Shop", "apiToken": "shop",
              "wallet": { "PODLAND_WALLET": 5_000_000 } },
            { "id": 20, "userId": 2, "name": "Mill", "apiToken": "mill" },
        ],
        "invoices": [
            { "id": 501, "businessId": 20, "userId": 1, "amount": 900_000,
              "guildCode": "FOOD_GUILD" },
        ],
        "faults": std::iter::once(lost).chain(blind).collect::<Vec<_>>(),
    });
    let scenario = Scenario::from_json("blind", &scenario.to_string()).expect("well-formed");
    let mut mortal = Mortal::start(scenario).await;
    mortal.landing_window = Duration::from_millis(200);
    let policy = script(
        "\"payments\"",
        "rial = 1_000_000\nrial-per-payment = 1_000_000",
        "fn run(input) { pay_invoice_by_credit(#{ invoice_id: 501 }) }",
    );
    let path = policy.path().to_owned();
    let work = async move |life: Life| life.run(&path, RunOptions::default()).await;
    let receipt = mortal.live_on(work).await;

    assert_eq!(receipt.status, Status::UnknownOutcome, "{receipt:#?}");
    assert_eq!((receipt.doubts.len(), receipt.meters.rials.0), (1, 0));
    let evidence = receipt.doubts[0].evidence.as_deref().unwrap_or_default();
    assert!(evidence.contains("POD refused: bill-already-payed"), "{evidence}");
    let ledger = mortal.pod.ledger().await.expect("the ledger can be read");
    assert_eq!(ledger.balance("wallet:1:PODLAND_WALLET"), 4_100_000, "it was paid once");
}
