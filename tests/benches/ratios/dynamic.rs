//! The same answer handed to a guest in the two ways that wasmtime offers: as a generated type, and
//! as a dynamic value made from JSON by looking at the function's type.

use std::sync::Arc;

use pod_platform::{
    invoices::{GetInvoiceListRequest, InvoicePage},
    types::Error,
};
use serde_json::{Value, json};
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{Component, InstancePre, Linker, Type, Val},
};

use crate::bare::Level;

const INVOICES: &str = "pod:platform/invoices@0.2.0";

pub struct Linked {
    engine: Engine,
    pre: InstancePre<()>,
}

impl Linked {
    pub fn typed(engine: &Engine, guest: &[u8], answer: Arc<str>) -> Self {
        Self::new(engine, guest, |linker| {
            let list = move |_: StoreContextMut<'_, ()>, _: (GetInvoiceListRequest,)| {
                let result = serde_json::from_str(&answer).expect("invoices");
                let page = InvoicePage { count: 120, result };
                Ok((Ok::<_, Error>(page),))
            };
            linker.instance(INVOICES)?.func_wrap("get-invoice-list", list)
        })
    }

    pub fn dynamic(engine: &Engine, guest: &[u8], answer: Arc<str>) -> Self {
        Self::new(engine, guest, |linker| {
            linker.instance(INVOICES)?.func_new("get-invoice-list", move |_, ty, _, results| {
                let result: Value = serde_json::from_str(&answer).expect("invoices");
                let page = json!({ "count": 120, "result": result });
                let Some(Type::Result(ty)) = ty.results().next() else { unreachable!() };
                let page = value(&page, &ty.ok().expect("a page"));
                results[0] = Val::Result(Ok(Some(Box::new(page))));
                Ok(())
            })
        })
    }

    fn new(
        engine: &Engine,
        guest: &[u8],
        link: impl FnOnce(&mut Linker<()>) -> wasmtime::Result<()>,
    ) -> Self {
        let component = Component::new(engine, guest).expect("a component");
        let mut linker = Linker::new(engine);
        linker.define_unknown_imports_as_traps(&component).expect("traps");
        linker.allow_shadowing(true);
        link(&mut linker).expect("the list is linked");
        linker
            .instance("pod:policy/log@0.1.0")
            .and_then(|mut log| {
                log.func_wrap("log", |_: StoreContextMut<'_, ()>, _: (Level, String)| Ok(()))
            })
            .expect("log is linked");
        let pre = linker.instantiate_pre(&component).expect("all is linked");
        Self { engine: engine.clone(), pre }
    }

    /// Lets the guest list so many times.
    pub async fn list(&self, times: u32) {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(u64::MAX).expect("fuel");
        store.set_epoch_deadline(1_000_000);
        let instance = self.pre.instantiate_async(&mut store).await.expect("an instance");
        let run = instance
            .get_typed_func::<(&str, &str), (Result<String, Failure>,)>(&mut store, "run")
            .expect("it exports run");
        let input = json!({ "list": { "times": times, "size": 20 } }).to_string();
        let (output,) = run.call_async(&mut store, (&input, "{}")).await.expect("no trap");
        assert_eq!(output.expect("an output"), (times * 20).to_string());
    }
}

/// Only its shape matters: no guest fails here.
#[expect(dead_code, reason = "read by wasmtime alone")]
#[derive(Debug, wasmtime::component::ComponentType, wasmtime::component::Lift)]
#[component(record)]
struct Failure {
    message: String,
    position: Option<Position>,
}

#[expect(dead_code, reason = "read by wasmtime alone")]
#[derive(Debug, wasmtime::component::ComponentType, wasmtime::component::Lift)]
#[component(record)]
struct Position {
    line: u32,
    column: u32,
}

/// POD's JSON as a value of a WIT type.
fn value(json: &Value, ty: &Type) -> Val {
    match ty {
        Type::Bool => Val::Bool(json.as_bool().unwrap_or_default()),
        Type::U64 => Val::U64(json.as_u64().unwrap_or_default()),
        Type::Float64 => Val::Float64(json.as_f64().unwrap_or_default()),
        Type::String => Val::String(json.as_str().unwrap_or_default().to_owned()),
        Type::Option(option) => Val::Option(match json {
            Value::Null => None,
            json => Some(Box::new(value(json, &option.ty()))),
        }),
        Type::List(list) => {
            let items = json.as_array().map(Vec::as_slice).unwrap_or_default();
            Val::List(items.iter().map(|item| value(item, &list.ty())).collect())
        }
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| (field.name.to_owned(), value(&json[camel(field.name)], &field.ty)))
                .collect(),
        ),
        other => unreachable!("an invoice has no {other:?}"),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.push_str(&word[..1].to_uppercase());
        camel.push_str(&word[1..]);
    }
    camel
}
