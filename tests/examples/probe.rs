use pod_host::*;
use podhost_tests::*;
use std::time::Instant;
#[tokio::main]
async fn main() {
    let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
    let files = PolicyFiles::find(&project("plugins/netting/netting.rhai")).unwrap();
    let p = bench.host.load_files(&files, ScriptMode::Installed).await.unwrap();
    let c = bench.load("plugins/netting").await;
    for size in [0u64, 50, 200] {
        let debts: Vec<_> = (0..size)
            .map(|id| Debt {
                id,
                payable_amount: 5000 + (id * 7919) % 991000,
                issuer_id: Some(1),
                issuance_date: Some(1),
            })
            .collect();
        let credits: Vec<_> = (0..size)
            .map(|id| Credit {
                id: 1000 + id,
                payable_amount: 5000 + ((id * 3 + 1) * 7919) % 991000,
                user_id: Some(1),
                payment_date: Some(1),
            })
            .collect();
        for (n, p) in [("rhai", &p), ("rust", &c)] {
            let mut t = vec![];
            for _ in 0..500 {
                let b = Instant::now();
                bench.host.plan(p, &debts, &credits).await.unwrap();
                t.push(b.elapsed());
            }
            t.sort();
            println!("{n} {size}: {:?} min {:?}", t[250], t[0]);
        }
    }
}
