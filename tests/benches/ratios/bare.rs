//! The baselines: the least that a program has to write to do the same without podhost.

use std::sync::Arc;

use pod_host::netting::{Alternative, Credit, Debt, Pair, Reason};
use pod_platform::invoices::Invoice;
use podhost_tests::{Bench, project};
use serde::Deserialize;
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{Component, Linker},
};

mod netting {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "pod:policy/netting",
        exports: { default: async },
    });
}

pub use netting::pod::policy::log::Level;

/// A decider in a minimal embedding: fuel and an epoch deadline, since the engine demands them.
pub struct Decider {
    engine: Engine,
    pre: netting::NettingPre<()>,
}

impl Decider {
    pub fn new(engine: &Engine, component: &[u8]) -> Self {
        let component = Component::new(engine, component).expect("a component");
        let mut linker = Linker::new(engine);
        linker
            .instance("pod:policy/log@0.1.0")
            .and_then(|mut log| {
                log.func_wrap("log", |_: StoreContextMut<'_, ()>, _: (Level, String)| Ok(()))
            })
            .expect("log is linked");
        linker
            .instance("pod:policy/clock@0.1.0")
            .and_then(|mut clock| {
                clock.func_wrap("now", |_: StoreContextMut<'_, ()>, (): ()| Ok((0_u64,)))
            })
            .expect("the clock is linked");
        let pre = linker.instantiate_pre(&component).expect("nothing else is imported");
        Self {
            engine: engine.clone(),
            pre: netting::NettingPre::new(pre).expect("it exports plan"),
        }
    }

    pub async fn plan(&self, debts: &[Debt], credits: &[Credit]) {
        use netting::pod::policy::netting_types as wit;

        let debts: Vec<wit::Debt> = debts
            .iter()
            .map(|debt| wit::Debt {
                id: debt.id,
                payable_amount: debt.payable_amount,
                issuer_id: debt.issuer_id,
                issuance_date: debt.issuance_date,
            })
            .collect();
        let credits: Vec<wit::Credit> = credits
            .iter()
            .map(|credit| wit::Credit {
                id: credit.id,
                payable_amount: credit.payable_amount,
                issuer_id: credit.issuer_id,
                user_id: credit.user_id,
                payment_date: credit.payment_date,
            })
            .collect();
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(1_000_000_000).expect("fuel");
        store.set_epoch_deadline(1_000_000);
        let decider = self.pre.instantiate_async(&mut store).await.expect("an instance");
        let plan = decider.call_plan(&mut store, &debts, &credits, "{}").await.expect("no trap");
        std::hint::black_box(plan.expect("a plan"));
    }
}

/// The script on the native engine, its syntax tree cached, from the same input to the same output.
pub struct NativeRhai {
    engine: rhai::Engine,
    ast: rhai::AST,
}

impl NativeRhai {
    pub fn new() -> Self {
        let mut engine = rhai::Engine::new();
        engine.on_print(|_| {});
        let source = std::fs::read_to_string(project("plugins/netting/netting.rhai"));
        let ast = engine.compile(source.expect("the script is there")).expect("it parses");
        Self { engine, ast }
    }

    pub fn plan(&self, debts: &[Debt], credits: &[Credit]) {
        let number = |number: u64| rhai::Dynamic::from(i64::try_from(number).expect("in range"));
        let optional = |value: Option<u64>| value.map_or(rhai::Dynamic::UNIT, number);
        let debts: rhai::Array = debts
            .iter()
            .map(|debt| {
                let mut map = rhai::Map::new();
                map.insert("id".into(), number(debt.id));
                map.insert("payable_amount".into(), number(debt.payable_amount));
                map.insert("issuer_id".into(), optional(debt.issuer_id));
                map.insert("issuance_date".into(), optional(debt.issuance_date));
                map.into()
            })
            .collect();
        let credits: rhai::Array = credits
            .iter()
            .map(|credit| {
                let mut map = rhai::Map::new();
                map.insert("id".into(), number(credit.id));
                map.insert("payable_amount".into(), number(credit.payable_amount));
                map.insert("issuer_id".into(), optional(credit.issuer_id));
                map.insert("user_id".into(), optional(credit.user_id));
                map.insert("payment_date".into(), optional(credit.payment_date));
                map.into()
            })
            .collect();
        let options = rhai::CallFnOptions::new().eval_ast(false);
        let plan: rhai::Map = self
            .engine
            .call_fn_with_options(
                options,
                &mut rhai::Scope::new(),
                &self.ast,
                "plan",
                (debts, credits, rhai::Map::new()),
            )
            .expect("a plan");
        let pairs: Vec<Pair> = items(&plan, "pairs").map(pair).collect();
        let open: Vec<(u64, Reason)> = items(&plan, "still_owed").map(remark).collect();
        std::hint::black_box((pairs, open));
    }
}

fn items<'a>(map: &'a rhai::Map, key: &str) -> impl Iterator<Item = rhai::Map> + 'a {
    let items = map.get(key).map(|items| items.as_array_ref().expect("an array").to_vec());
    items.unwrap_or_default().into_iter().map(|item| item.cast::<rhai::Map>())
}

fn id(map: &rhai::Map, key: &str) -> u64 {
    map[key].as_int().expect("an id").unsigned_abs()
}

fn text(map: &rhai::Map, key: &str) -> String {
    map[key].clone().into_string().expect("a text")
}

fn amounts(map: &rhai::Map) -> Vec<u64> {
    let amounts = map["amounts"].as_array_ref().expect("amounts");
    amounts.iter().map(|amount| amount.as_int().expect("rials").unsigned_abs()).collect()
}

fn reason(map: &rhai::Map) -> Reason {
    let alternatives = items(map, "alternatives").map(|alternative| Alternative {
        choice: text(&alternative, "choice"),
        rule: text(&alternative, "rule"),
        amounts: amounts(&alternative),
    });
    Reason { rule: text(map, "rule"), amounts: amounts(map), alternatives: alternatives.collect() }
}

fn pair(pair: rhai::Map) -> Pair {
    Pair {
        creditor_invoice_id: id(&pair, "creditor_invoice_id"),
        debtor_invoice_id: id(&pair, "debtor_invoice_id"),
        reason: pair["reason"].as_map_ref().ok().map(|found| reason(&found)),
    }
}

fn remark(remark: rhai::Map) -> (u64, Reason) {
    (id(&remark, "invoice_id"), reason(&remark["reason"].as_map_ref().expect("a reason")))
}

/// POD called with reqwest and serde and nothing else.
pub struct Http {
    client: reqwest::Client,
    url: String,
    token: String,
}

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(rename = "hasError")]
    has_error: bool,
    result: T,
}

impl Http {
    pub fn new(bench: &Bench) -> Self {
        Self {
            client: reqwest::Client::builder()
                .no_proxy()
                .tcp_nodelay(true)
                .build()
                .expect("a client"),
            url: format!("{}/nzh/doServiceCall", bench.pod.platform_url()),
            token: bench.pod.caller_token().expect("a caller").expose().to_owned(),
        }
    }

    pub async fn list(&self, size: u32) -> usize {
        let body = format!("scProductId=29813&offset=0&size={size}");
        let answer: Envelope<Vec<Invoice>> =
            serde_json::from_slice(&self.post(body).await).expect("an envelope");
        assert!(!answer.has_error);
        answer.result.len()
    }

    /// The list's `result`, as text.
    pub async fn list_text(&self, size: u32) -> Arc<str> {
        let body = format!("scProductId=29813&offset=0&size={size}");
        let answer: Envelope<serde_json::Value> =
            serde_json::from_slice(&self.post(body).await).expect("an envelope");
        answer.result.to_string().into()
    }

    pub async fn net(&self, creditor: u64, debtor: u64) {
        let lookup = format!("scProductId=29813&offset=0&size=1&id={debtor}");
        let answer: Envelope<Vec<Invoice>> =
            serde_json::from_slice(&self.post(lookup).await).expect("an envelope");
        assert_eq!(answer.result.len(), 1);
        let pay =
            format!("scProductId=29800&creditorInvoiceId={creditor}&debtorInvoiceId={debtor}");
        let answer: Envelope<bool> =
            serde_json::from_slice(&self.post(pay).await).expect("an envelope");
        assert!(!answer.has_error && answer.result);
    }

    async fn post(&self, body: String) -> Vec<u8> {
        let response = self
            .client
            .post(&self.url)
            .header("_token_", &self.token)
            .header("_token_issuer_", "1")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("an answer");
        response.bytes().await.expect("a body").to_vec()
    }
}
