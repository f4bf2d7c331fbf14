//! Writes what the SDK adds to the bindings: defaults of requests, names and codes of
//! enumerations, and which requests list something. The WIT files are the only place where a
//! service is written by hand.

use std::{env, fmt::Write as _, fs, path::Path};

use pod_contract::{Contract, Page, code, field, is_open, pascal, snake};
use wit_parser::{Enum, Function, Record, Type, TypeDefKind, Variant};

/// The one world that imports every service.
const WORLD: &str = "policy";

/// What a utility bill is told by.
const BILL: &[&str] = &["bill-id", "payment-id"];

fn main() {
    let contract = Contract::read();
    let mut out = String::new();
    for (_, interface) in contract.imports(contract.world(WORLD)) {
        let module = format!("crate::bindings::{WORLD}::{}", contract.module(interface));
        for (name, id) in &interface.types {
            let rust = format!("{module}::{}", pascal(name));
            match &contract.resolve.types[*id].kind {
                TypeDefKind::Record(record) if name.ends_with("-request") => {
                    request(&mut out, &contract, &rust, record);
                }
                TypeDefKind::Enum(cases) => enumeration(&mut out, &rust, cases),
                TypeDefKind::Variant(variant) if is_open(variant) => {
                    open_enumeration(&mut out, &rust, variant);
                }
                _ => {}
            }
        }
        for function in interface.functions.values() {
            if let Some(page) = contract.page(function) {
                list(&mut out, &contract, &module, function, &page);
            }
        }
    }
    let path = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("contract.rs");
    fs::write(&path, out).expect("OUT_DIR is writable");
}

fn request(out: &mut String, contract: &Contract, rust: &str, record: &Record) {
    if record.fields.iter().all(|field| contract.has_default(&field.ty)) {
        let fields: String = record
            .fields
            .iter()
            .map(|f| format!("{}: Default::default(), ", field(&snake(&f.name))))
            .collect();
        writeln!(
            out,
            "impl Default for {rust} {{
                /// Asks for nothing yet: no filter, empty lists, zero.
                fn default() -> Self {{ Self {{ {fields} }} }}
            }}"
        )
        .unwrap();
    }
    let is_bill = record.fields.iter().all(|field| matches!(field.ty, Type::String))
        && record.fields.iter().map(|field| field.name.as_str()).eq(BILL.iter().copied());
    if is_bill {
        writeln!(
            out,
            "impl From<&pod_values::UtilityBill> for {rust} {{
                fn from(bill: &pod_values::UtilityBill) -> Self {{
                    Self {{
                        bill_id: bill.bill_id().to_owned(),
                        payment_id: bill.payment_id().to_owned(),
                    }}
                }}
            }}"
        )
        .unwrap();
    }
}

fn enumeration(out: &mut String, rust: &str, cases: &Enum) {
    let names: String = cases
        .cases
        .iter()
        .map(|case| format!("Self::{} => \"{}\", ", pascal(&case.name), case.name))
        .collect();
    writeln!(
        out,
        "impl {rust} {{
            /// The name in the contract.
            #[must_use]
            pub fn name(self) -> &'static str {{ match self {{ {names} }} }}
        }}"
    )
    .unwrap();
}

fn open_enumeration(out: &mut String, rust: &str, variant: &Variant) {
    let known = || variant.cases.iter().filter(|case| case.ty.is_none());
    let written: String = known()
        .map(|case| format!("Self::{} => \"{}\", ", pascal(&case.name), code(&case.name)))
        .collect();
    let read: String = known()
        .map(|case| format!("\"{}\" => Self::{}, ", code(&case.name), pascal(&case.name)))
        .collect();
    writeln!(
        out,
        "impl {rust} {{
            /// POD's own spelling.
            #[must_use]
            pub fn code(&self) -> &str {{
                match self {{ {written} Self::Other(code) => code }}
            }}
            /// Reads POD's own spelling.
            #[must_use]
            pub fn from_code(code: &str) -> Self {{
                match code {{ {read} other => Self::Other(other.to_owned()) }}
            }}
        }}"
    )
    .unwrap();
}

fn list(out: &mut String, contract: &Contract, module: &str, function: &Function, page: &Page) {
    let item = contract.type_name(&page.item).expect("a list's items have a named type");
    let by = if contract.is_passed_by_reference(&function.params[0].ty) { "" } else { "*" };
    let place = if page.has_cursor() {
        "Place::Id {
            offset: &mut self.offset,
            first: &mut self.first_id,
            last: &mut self.last_id,
            id: |item| item.id,
        }"
    } else {
        "Place::Offset(&mut self.offset)"
    };
    writeln!(
        out,
        "impl List for {module}::{request} {{
            type Item = {module}::{item};
            fn fetch(&self) -> Result<(u64, Vec<Self::Item>), Error> {{
                let page = {module}::{function}({by}self)?;
                Ok((page.count, page.result))
            }}
            fn size(&mut self) -> &mut u32 {{ &mut self.size }}
            fn place(&mut self) -> Place<'_, Self::Item> {{ {place} }}
        }}",
        request = pascal(page.request),
        item = pascal(item),
        function = field(&snake(&function.name)),
    )
    .unwrap();
}
