//! Writes the bindings with what makes their JSON look like a script's view of them, and the
//! `match` over all services. The WIT files are the only place where a service is written by hand.

use std::{env, fmt::Write as _, fs, path::Path};

use pod_contract::{Contract, VALUES, code, field, is_open, pascal, snake};
use wit_parser::{Function, Interface, TypeDefKind, Variant};

const PACKAGE: &str = "platform";

fn main() {
    let contract = Contract::read();
    let interfaces: Vec<&Interface> = contract
        .imports(contract.world("policy"))
        .map(|(_, interface)| interface)
        .filter(|interface| {
            let package = interface.package.expect("an interface is in a package");
            contract.resolve.packages[package].name.name == PACKAGE
        })
        .collect();

    let mut bindings = Bindings::default();
    let mut arms = String::new();
    let mut variants = String::new();
    for interface in interfaces {
        for (name, id) in &interface.types {
            let full_name = contract.full_name(interface, name);
            match &contract.resolve.types[*id].kind {
                TypeDefKind::Variant(variant) if !is_open(variant) => {
                    let rust = format!("{}::{}", contract.module(interface), pascal(name));
                    variants.push_str(&tagged(&contract, &rust, variant));
                }
                kind => bindings.attribute(&contract, &full_name, name, kind),
            }
        }
        for function in interface.functions.values() {
            arms.push_str(&arm(&contract, interface, function));
        }
    }
    let out = format!(
        "{bindings}
        {variants}
        /// Calls the service of this name, `interface.function`.
        fn dispatch(function: &str, request: Value) -> Result<Value, String> {{
            match function {{
                {arms}
                _ => Err(format!(\"there is no service `{{function}}`\")),
            }}
        }}",
        bindings = bindings.generate(),
    );
    let path = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("services.rs");
    fs::write(&path, out).expect("OUT_DIR is writable");
}

/// The attributes of wit-bindgen's types and of their members.
#[derive(Default)]
struct Bindings {
    values: String,
    types: String,
    members: String,
}

impl Bindings {
    fn attribute(&mut self, contract: &Contract, full_name: &str, name: &str, kind: &TypeDefKind) {
        const JSON: &str = "#[derive(serde::Deserialize, serde::Serialize)]";
        match kind {
            // Another type's name: its attributes are that type's.
            TypeDefKind::Type(_) => {}
            // Dates are texts here, and are checked.
            _ if VALUES.contains(&name) => {
                writeln!(self.values, "\"{full_name}\": pod_values::{},", pascal(name)).unwrap();
            }
            TypeDefKind::Record(record) => {
                let strict = "#[serde(deny_unknown_fields)]";
                writeln!(self.types, "\"{full_name}\": [{JSON} {strict}],").unwrap();
                for member in &record.fields {
                    if matches!(contract.kind(&member.ty), Some(TypeDefKind::List(_))) {
                        self.member(full_name, &member.name, "#[serde(default)]");
                    }
                }
            }
            TypeDefKind::Enum(_) => {
                let kebab = "#[serde(rename_all = \"kebab-case\")]";
                writeln!(self.types, "\"{full_name}\": [{JSON} {kebab}],").unwrap();
            }
            TypeDefKind::Variant(variant) => {
                writeln!(self.types, "\"{full_name}\": [{JSON}],").unwrap();
                for case in &variant.cases {
                    let attribute = match case.ty {
                        None => format!("#[serde(rename = \"{}\")]", code(&case.name)),
                        Some(_) => "#[serde(untagged)]".to_owned(),
                    };
                    self.member(full_name, &case.name, &attribute);
                }
            }
            kind => panic!("{name}: a {} has no JSON side yet", kind.as_str()),
        }
    }

    fn member(&mut self, full_name: &str, member: &str, attribute: &str) {
        writeln!(self.members, "\"{full_name}.{member}\": [{attribute}],").unwrap();
    }

    fn generate(&self) -> String {
        let Self { values, types, members } = self;
        format!(
            "wit_bindgen::generate!({{
                path: \"../../../wit\",
                world: \"pod:policy/policy\",
                with: {{ {values} }},
                generate_all,
                additional_type_attributes: {{ {types} }},
                additional_member_attributes: {{ {members} }},
            }});"
        )
    }
}

/// A variant with payloads: its case as `kind`, its payload's fields beside it.
fn tagged(contract: &Contract, rust: &str, variant: &Variant) -> String {
    let cases: String = variant
        .cases
        .iter()
        .map(|case| {
            let shape = match case.ty.as_ref().map(|ty| contract.kind(ty)) {
                Some(Some(TypeDefKind::Record(_))) => "record",
                Some(None) => "value",
                _ => panic!("{}: this payload has no JSON side yet", case.name),
            };
            let name = &case.name;
            format!("Self::{}(payload) => json::{shape}(\"{name}\", payload),\n", pascal(name))
        })
        .collect();
    format!(
        "impl json::Tagged for {rust} {{
            fn tagged(&self) -> serde_json::Result<Value> {{ match self {{ {cases} }} }}
        }}"
    )
}

fn arm(contract: &Contract, interface: &Interface, function: &Function) -> String {
    let [request] = function.params.as_slice() else {
        panic!("{}: a service takes one request", function.name);
    };
    let path = format!("{}::{}", contract.module(interface), field(&snake(&function.name)));
    let service = if contract.is_passed_by_reference(&request.ty) {
        format!("|request| {path}(&request)")
    } else {
        path
    };
    let (interface, name) = (contract.name(interface), &function.name);
    format!("\"{interface}.{name}\" => json::call(request, {service}),\n")
}
