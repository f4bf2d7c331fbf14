mod common;
use common::*;
use pod_platform::payments::*;
use pod_sandbox::Scenario;
#[tokio::test(flavor = "multi_thread")]
async fn speed() {
    let mut scenario = Scenario::from_json("common", SCENARIO).unwrap();
    let t = std::time::Instant::now();
    for i in 0..1000u64 {
        let mut a = scenario.invoices[0].clone();
        a.id = 1000 + i;
        scenario.invoices.push(a);
        let mut a = scenario.invoices[6].clone();
        a.id = 5000 + i;
        a.bill_number = None;
        scenario.invoices.push(a);
    }
    let world = World::of(scenario).await;
    eprintln!("start {:?}", t.elapsed());
    for size in [1, 20, 100, 1000] {
        let n = 2000 / size.max(5);
        let t = std::time::Instant::now();
        for _ in 0..n {
            world.call("shop", &first_page(size)).await.unwrap();
        }
        eprintln!("list {size}: {:?}", t.elapsed() / n);
    }
    let t = std::time::Instant::now();
    for _ in 0..500 {
        world.ott().await;
    }
    eprintln!("ott (new connection each) {:?}", t.elapsed() / 500);
    let c = pod_platform::Credentials::token("shop");
    let t = std::time::Instant::now();
    for _ in 0..500 {
        world.client.ott(&c).await;
    }
    eprintln!("ott {:?}", t.elapsed() / 500);
    let t = std::time::Instant::now();
    for i in 0..700u64 {
        let r = PayInvoiceByInvoiceRequest {
            creditor_invoice_id: 1000 + i,
            debtor_invoice_id: 5000 + i,
        };
        world.call("shop", &r).await.unwrap();
    }
    eprintln!("net {:?}", t.elapsed() / 700);
    let t = std::time::Instant::now();
    for i in 700..702u64 {
        let r = PayAnyInvoiceByCreditRequest {
            invoice_id: 5000 + i,
            wallet: "PODLAND_WALLET".into(),
            ..Default::default()
        };
        world.call("shop", &r).await.unwrap();
    }
    eprintln!("pay with ott {:?}", t.elapsed() / 2);
}
