//! What a decision costs: the compiled policies in a fresh instance each, input and answer encoded
//! and decoded, against the same algorithms compiled natively.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use pod_host::{
    Host, Policy, delegation as ours_delegation, loan_plan as ours_loans, netting as ours,
};
use pod_sdk::{
    delegation as native_delegation, loan_plan as native_loans, netting as native, values,
};
use podhost_tests::Bench;

use crate::{Measured, in_turns, timed};

/// 1399/03/13.
const NOW: u64 = 1_591_075_800_000;
const GUILDS: [&str; 4] = ["FOOD_GUILD", "HEALTH_GUILD", "TOILETRIES_GUILD", "CLOTHING_GUILD"];

/// Numbers that look random and never change.
fn scattered(seed: u64, below: u64) -> u64 {
    let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) % below
}

fn amount(seed: u64) -> u64 {
    5_000 + scattered(seed, 991_000)
}

pub struct Deciders {
    bench: Bench,
    netting: Policy,
    delegation: Policy,
    loan_plan: Policy,
}

type Books = (Vec<ours::Debt>, Vec<ours::Credit>, Vec<native::Debt>, Vec<native::Credit>);

/// Half debts, half paid invoices.
fn books(size: u64) -> Books {
    let mut books = Books::default();
    for id in 0..size / 2 {
        let (issuer_id, issuance_date) = (Some(2_000 + id % 5), Some(NOW));
        let (id, payable_amount) = (500_000 + id, amount(id));
        books.0.push(ours::Debt { id, payable_amount, issuer_id, issuance_date });
        books.2.push(native::Debt { id, payable_amount, issuer_id, issuance_date });
    }
    for id in 0..size / 2 {
        let (issuer_id, user_id, payment_date) = (Some(10), Some(30_000 + id % 300), Some(NOW));
        let (id, payable_amount) = (600_000 + id, amount(1_000_000 + id));
        books.1.push(ours::Credit { id, payable_amount, issuer_id, user_id, payment_date });
        books.3.push(native::Credit { id, payable_amount, issuer_id, user_id, payment_date });
    }
    books
}

#[derive(Default)]
struct Spending {
    ours: (Vec<ours_delegation::OpenInvoice>, Vec<ours_delegation::DelegatedCredit>),
    native: (Vec<native_delegation::OpenInvoice>, Vec<native_delegation::DelegatedCredit>),
}

/// So many invoices, and credits for three in twenty of them.
fn spending(size: u64) -> Spending {
    let mut spending = Spending::default();
    for id in 0..size {
        let guild_code = Some(GUILDS[scattered(id, 4) as usize].to_owned());
        let (issuer_id, issuance_date) = (Some(2_000 + id % 5), Some(NOW));
        let (id, payable_amount) = (500_000 + id, amount(id));
        spending.ours.0.push(ours_delegation::OpenInvoice {
            id,
            payable_amount,
            guild_code: guild_code.clone(),
            issuer_id,
            issuance_date,
        });
        spending.native.0.push(native_delegation::OpenInvoice {
            id,
            payable_amount,
            guild_code,
            issuer_id,
            issuance_date,
        });
    }
    for id in 0..size * 3 / 20 {
        let guild_code = (id % 4 != 0).then(|| GUILDS[scattered(id + 7, 4) as usize].to_owned());
        let expires_at = (id % 5 != 0).then(|| NOW + 1 + scattered(id, 100) * 86_400_000);
        let (delegator_id, hash) = (30_000 + id % 40, format!("credit-{id}"));
        let remaining_amount = amount(id) * 4;
        spending.ours.1.push(ours_delegation::DelegatedCredit {
            delegator_id,
            hash: hash.clone(),
            remaining_amount,
            guild_code: guild_code.clone(),
            expires_at,
        });
        spending.native.1.push(native_delegation::DelegatedCredit {
            delegator_id,
            hash,
            remaining_amount,
            guild_code,
            expires_at,
        });
    }
    spending
}

struct Loans {
    ours: (ours_loans::InvoiceToFinance, Vec<ours_loans::Offer>),
    native: (native_loans::InvoiceToFinance, Vec<native_loans::Offer>),
}

fn loans() -> Loans {
    let (id, payable_amount, user_id, issuer_id) = (500_000, 48_765_000, Some(30_000), Some(10));
    let mut loans = Loans {
        ours: (ours_loans::InvoiceToFinance { id, payable_amount, user_id, issuer_id }, Vec::new()),
        native: (
            native_loans::InvoiceToFinance { id, payable_amount, user_id, issuer_id },
            Vec::new(),
        ),
    };
    for plan in 0..12_u32 {
        let (contract_id, plan_id) = (50 + u64::from(plan) / 4, u64::from(plan));
        let names = (Some(format!("contract {contract_id}")), Some(format!("plan {plan}")));
        let installments = Some([3, 6, 12, 24][plan as usize % 4]);
        let interest_rate = Some(1.5 + f64::from(plan));
        let guarantor = Some("LOAN_GUARANTOR_PASARGAD".to_owned());
        let (customer_credit, loan_grantor_ceiling) = (Some(60_000_000), Some(500_000_000));
        loans.ours.1.push(ours_loans::Offer {
            contract_id,
            contract_name: names.0.clone(),
            plan_id,
            plan_name: names.1.clone(),
            active: true,
            installments,
            interest_rate,
            guarantor: guarantor.clone(),
            max_breathing_period_count: 3,
            end_date: None,
            customer_credit,
            loan_grantor_ceiling,
        });
        loans.native.1.push(native_loans::Offer {
            contract_id,
            contract_name: names.0,
            plan_id,
            plan_name: names.1,
            active: true,
            installments,
            interest_rate,
            guarantor,
            max_breathing_period_count: 3,
            end_date: None,
            customer_credit,
            loan_grantor_ceiling,
        });
    }
    loans
}

impl Deciders {
    pub async fn new() -> Self {
        let bench = Bench::from_file("plugins/netting/scenarios/small.json").await;
        let netting = bench.load("plugins/netting").await;
        let delegation = bench.load("plugins/delegation").await;
        let loan_plan = bench.load("plugins/loan-plan").await;
        Self { bench, netting, delegation, loan_plan }
    }

    fn host(&self) -> &Host {
        &self.bench.host
    }

    async fn net(&self, books: &Books) {
        black_box(self.host().plan(&self.netting, &books.0, &books.1).await.expect("a plan"));
    }

    async fn order(&self, spending: &Spending) {
        let (invoices, credits) = &spending.ours;
        let order = self.host().order(&self.delegation, invoices, credits, &[]).await;
        black_box(order.expect("an order"));
    }

    async fn select(&self, loans: &Loans) {
        let (invoice, offers) = &loans.ours;
        let selection = self.host().select(&self.loan_plan, invoice, offers).await;
        black_box(selection.expect("a selection"));
    }

    /// A month of a real shop: 2,000 invoices, 300 credits, 12 plans.
    pub async fn against_native(&self, rounds: usize) -> Vec<Measured> {
        let (books, spending, loans) = (books(2_000), spending(2_000), loans());
        let mut measured = Vec::new();
        let settings = netting::Config::default();
        let (ours, bare) = in_turns(
            100 * rounds,
            async || timed(self.net(&books)).await,
            async || {
                timed(async {
                    black_box(netting::plan(&books.2, &books.3, &settings, NOW).expect("a plan"));
                })
                .await
            },
        )
        .await;
        measured.push(Measured {
            what: "netting decision, 1,000 + 1,000 invoices, against native Rust",
            ours,
            bare,
            at_most: Some(3.0),
        });

        let settings = delegation::Config::default();
        let (ours, bare) = in_turns(
            100 * rounds,
            async || timed(self.order(&spending)).await,
            async || {
                timed(async {
                    let (invoices, credits) = &spending.native;
                    black_box(delegation::order(invoices, credits, &[], &settings, NOW))
                        .expect("an order");
                })
                .await
            },
        )
        .await;
        measured.push(Measured {
            what: "delegation decision, 2,000 invoices, 300 credits, against native Rust",
            ours,
            bare,
            at_most: Some(3.0),
        });

        // As in the policy's own policy.toml.
        let settings = loan_plan::Config {
            largest_installment: Some(2_500_000),
            least_down_payment: 1_000_000,
            most_down_payment: 3_000_000,
            down_payment_step: 100_000,
            most_months: Some(12),
            ..loan_plan::Config::default()
        };
        let (ours, bare) = in_turns(
            500 * rounds,
            async || timed(self.select(&loans)).await,
            async || {
                timed(async {
                    let (invoice, offers) = &loans.native;
                    let now = values::Instant(NOW);
                    black_box(loan_plan::select(invoice, offers, &settings, now))
                        .expect("a selection");
                })
                .await
            },
        )
        .await;
        measured.push(Measured {
            what: "loan plan decision, 12 plans, against native Rust",
            ours,
            bare,
            at_most: Some(3.0),
        });
        measured
    }

    /// How the time grows with the books: a table.
    pub async fn growth(&self, rounds: usize) {
        println!("\n| invoices | netting | ns a n·log₂ n | delegation | ns a n·log₂ n |");
        println!("|---|---|---|---|---|");
        for size in [10, 100, 1_000, 10_000] {
            let (books, spending) = (books(size), spending(size));
            let times = (20_000 / size as usize).clamp(10, 500) * rounds;
            let (netting, delegation) = in_turns(
                times,
                async || timed(self.net(&books)).await,
                async || timed(self.order(&spending)).await,
            )
            .await;
            let each = |time: Duration| {
                let n = size as f64;
                time.as_secs_f64() * 1e9 / (n * n.log2())
            };
            println!(
                "| {size} | {netting:.1?} | {:.1} | {delegation:.1?} | {:.1} |",
                each(netting),
                each(delegation)
            );
        }
    }

    /// Decisions a second, with both cores at work.
    pub async fn throughput(self: &Arc<Self>, rounds: usize) {
        println!("\n| decision | a second, on both cores |");
        println!("|---|---|");
        let (books, spending, loans) =
            (Arc::new(books(2_000)), Arc::new(spending(2_000)), Arc::new(loans()));
        let times = 50 * rounds;
        let deciders = self.clone();
        let rate = on_both_cores(times, move || {
            let (deciders, books) = (deciders.clone(), books.clone());
            async move { deciders.net(&books).await }
        })
        .await;
        println!("| netting, 1,000 + 1,000 invoices | {rate:.0} |");
        let deciders = self.clone();
        let rate = on_both_cores(times, move || {
            let (deciders, spending) = (deciders.clone(), spending.clone());
            async move { deciders.order(&spending).await }
        })
        .await;
        println!("| delegation, 2,000 invoices, 300 credits | {rate:.0} |");
        let deciders = self.clone();
        let rate = on_both_cores(20 * times, move || {
            let (deciders, loans) = (deciders.clone(), loans.clone());
            async move { deciders.select(&loans).await }
        })
        .await;
        println!("| loan plan, 12 plans | {rate:.0} |");
    }
}

/// How often a second something can be done, twice at once.
async fn on_both_cores<Done: Future<Output = ()> + Send + 'static>(
    times: usize,
    work: impl Fn() -> Done + Send + Sync + Clone + 'static,
) -> f64 {
    let began = Instant::now();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let work = work.clone();
            tokio::spawn(async move {
                for _ in 0..times {
                    work().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    2.0 * times as f64 / began.elapsed().as_secs_f64()
}
