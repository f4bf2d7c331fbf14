//! Writes the Rust side of the contract: a type for each type of `pod:platform`, and a
//! [`Service`](src/service.rs) for each function that takes a request. The WIT files are the only
//! place where a service's fields are written by hand.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use wit_parser::{
    Docs, Function, Interface, Record, Resolve, Type, TypeDef, TypeDefKind, TypeOwner, Variant,
};

/// WIT types whose Rust type is written by hand, because it has arithmetic or a calendar.
const HAND_WRITTEN: &[&str] = &["rial", "instant", "jalali-date", "jalali-date-time"];

/// The WIT type of texts that are JSON themselves.
const JSON: &str = "json";

/// Fields that POD's documents spell in another way, too (S2, S3).
const ALSO: &[(&str, &str)] = &[("cancel-date", "cacelDate")];

/// The field in which a record tells what of it could not be read.
const UNREADABLE: &str = "unreadable";

/// Records that POD sends as a text, too: the name of what they are.
const ALSO_TEXT: &[&str] = &["bank-gateway"];

fn main() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
    println!("cargo::rerun-if-changed={}", wit.display());

    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(wit.join("deps/platform"))
        .unwrap_or_else(|error| panic!("the contract does not parse: {error:?}"));
    let package = &resolve.packages[package];

    let mut out = String::new();
    let mut services = Vec::new();
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        docs(&mut out, &interface.docs);
        writeln!(out, "pub mod {} {{", snake(name)).unwrap();
        writeln!(out, "    use super::*;").unwrap();
        for import in imported_types(&resolve, interface) {
            writeln!(out, "    pub use super::{import};").unwrap();
        }
        let generator = Generator { resolve: &resolve };
        for (type_name, type_id) in &interface.types {
            generator.type_definition(&mut out, type_name, &resolve.types[*type_id]);
        }
        for function in interface.functions.values() {
            generator.service(&mut out, name, function);
            services.push(format!("{}::{}", snake(name), request_name(&resolve, function)));
        }
        writeln!(out, "}}").unwrap();
    }

    writeln!(out, "/// Shows every service of the contract to `visitor`, in the contract's order.")
        .unwrap();
    writeln!(out, "pub fn visit_services<V: ServiceVisitor>(visitor: &mut V) {{").unwrap();
    for service in services {
        writeln!(out, "    visitor.visit::<{service}>();").unwrap();
    }
    writeln!(out, "}}").unwrap();

    let path = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("contract.rs");
    fs::write(&path, out).expect("OUT_DIR is writable");
}

struct Generator<'a> {
    resolve: &'a Resolve,
}

impl Generator<'_> {
    fn type_definition(&self, out: &mut String, name: &str, definition: &TypeDef) {
        match &definition.kind {
            // A `use` of another interface's type; re-exported already.
            TypeDefKind::Type(Type::Id(other))
                if self.resolve.types[*other].owner != definition.owner => {}
            _ if HAND_WRITTEN.contains(&name) => {
                docs(out, &definition.docs);
                writeln!(out, "pub use crate::{};", pascal(name)).unwrap();
            }
            TypeDefKind::Type(target) => {
                docs(out, &definition.docs);
                writeln!(out, "pub type {} = {};", pascal(name), self.type_name(target)).unwrap();
            }
            TypeDefKind::Record(record) => {
                docs(out, &definition.docs);
                derives(out, "record", "Clone, Debug, PartialEq", "camelCase");
                let request = name.ends_with("-request");
                let item = tells_what_is_unreadable(record);
                // What serde derives reads lists by position, too, and of an item, it is the item as
                // it is described: see `wire/object.rs` and `wire/lenient.rs`.
                writeln!(out, "#[serde(remote = \"Self\")]").unwrap();
                if record.fields.iter().all(|field| self.has_default(&field.ty)) {
                    writeln!(out, "#[derive(Default)]").unwrap();
                }
                writeln!(out, "pub struct {} {{", pascal(name)).unwrap();
                for field in &record.fields {
                    docs(out, &field.docs);
                    component_name(out, &field.name);
                    let attributes = match field.name.as_str() {
                        UNREADABLE => ", skip".to_owned(),
                        _ => self.wire_attributes(&field.ty, request),
                    };
                    let also: String = ALSO
                        .iter()
                        .filter(|(name, _)| *name == field.name)
                        .map(|(_, spelling)| format!(", alias = \"{spelling}\""))
                        .collect();
                    writeln!(
                        out,
                        "#[serde(rename = \"{}\"{also}{attributes})]",
                        camel(&field.name)
                    )
                    .unwrap();
                    // A keyword gets an underscore.
                    let escape = if field.name == "type" { "_" } else { "" };
                    let (name, ty) = (snake(&field.name), self.type_name(&field.ty));
                    writeln!(out, "pub {name}{escape}: {ty},").unwrap();
                }
                writeln!(out, "}}").unwrap();
                if request {
                    let fields: Vec<&str> = record.fields.iter().map(|f| f.name.as_str()).collect();
                    form(out, &pascal(name), &fields);
                }
                from_objects_only(out, &pascal(name));
                if item {
                    self.item(out, &pascal(name), record);
                } else {
                    as_derived(out, &pascal(name));
                }
            }
            TypeDefKind::Variant(variant) if is_open_enum(variant) => {
                docs(out, &definition.docs);
                open_enum(out, &pascal(name), variant);
            }
            TypeDefKind::Variant(variant) => {
                docs(out, &definition.docs);
                derives(out, "variant", "Clone, Debug, PartialEq", "kebab-case");
                writeln!(out, "pub enum {} {{", pascal(name)).unwrap();
                for case in &variant.cases {
                    docs(out, &case.docs);
                    component_name(out, &case.name);
                    let payload = case.ty.as_ref().map(|ty| format!("({})", self.type_name(ty)));
                    writeln!(out, "{}{},", pascal(&case.name), payload.unwrap_or_default())
                        .unwrap();
                }
                writeln!(out, "}}").unwrap();
            }
            TypeDefKind::Enum(cases) => {
                docs(out, &definition.docs);
                derives(out, "enum", "Clone, Copy, Debug, Eq, Hash, PartialEq", "kebab-case");
                writeln!(out, "#[repr(u8)]").unwrap();
                writeln!(out, "pub enum {} {{", pascal(name)).unwrap();
                for case in &cases.cases {
                    docs(out, &case.docs);
                    component_name(out, &case.name);
                    writeln!(out, "{},", pascal(&case.name)).unwrap();
                }
                writeln!(out, "}}").unwrap();
                writeln!(out, "impl {} {{", pascal(name)).unwrap();
                writeln!(out, "/// The name in the contract.").unwrap();
                writeln!(out, "pub fn name(self) -> &'static str {{ match self {{").unwrap();
                for case in &cases.cases {
                    writeln!(out, "Self::{} => \"{}\",", pascal(&case.name), case.name).unwrap();
                }
                writeln!(out, "}} }} }}").unwrap();
            }
            kind => {
                panic!("{name}: the contract uses a {}, which has no Rust side yet", kind.as_str())
            }
        }
    }

    fn service(&self, out: &mut String, interface: &str, function: &Function) {
        let request = request_name(self.resolve, function);
        let response = match function.result {
            Some(Type::Id(id)) => match &self.resolve.types[id].kind {
                TypeDefKind::Result(result) => result.ok.expect("a service answers something"),
                _ => panic!("{}: a service answers `result<_, error>`", function.name),
            },
            _ => panic!("{}: a service answers `result<_, error>`", function.name),
        };
        let page = self.is_page(&response);
        let is_item = self.is_item(&response);
        let days = self.days(function);
        writeln!(
            out,
            "impl Service for {request} {{
                type Response = {};
                const INTERFACE: &'static str = \"{interface}\";
                const FUNCTION: &'static str = \"{}\";
                const ROW: &'static crate::Row = &crate::catalogue::{};
                const DAYS: &'static [&'static str] = &{days:?};
                fn encode(&self, form: &mut Form) {{ self.to_form(form); }}
                fn decode(fields: &Fields) -> Result<Self, types::InvalidArgument> {{ Self::from_fields(fields) }}
                fn read(count: u64, result: &str) -> serde_json::Result<Self::Response> {{ {} }}
                fn count(response: &Self::Response) -> u64 {{ {} }}
                fn write(response: &Self::Response) -> serde_json::Result<Box<serde_json::value::RawValue>> {{
                    serde_json::value::to_raw_value({})
                }}
            }}",
            self.type_name(&response),
            function.name,
            function.name.replace('-', "_").to_uppercase(),
            match response {
                _ if page => {
                    let read =
                        if is_item { "crate::wire::lenient::list" } else { "serde_json::from_str" };
                    format!("Ok(Self::Response {{ count, result: {read}(result)? }})")
                }
                Type::String => "let _ = count; crate::wire::json::answer_text(result)".to_owned(),
                Type::Bool => "let _ = count; crate::wire::json::answer_flag(result)".to_owned(),
                _ if is_item => "let _ = count; crate::wire::lenient::record(result)".to_owned(),
                _ => "let _ = count; crate::wire::json::answer_record(result)".to_owned(),
            },
            if page { "response.count" } else { "{ let _ = response; 0 }" },
            if page { "&response.result" } else { "response" },
        )
        .unwrap();
    }

    /// The fields of a service's request that are days, or days with a time.
    fn days(&self, function: &Function) -> Vec<String> {
        let [Type::Id(request)] = function.params.iter().map(|p| p.ty).collect::<Vec<_>>()[..]
        else {
            return Vec::new();
        };
        let TypeDefKind::Record(record) = &self.resolve.types[request].kind else {
            return Vec::new();
        };
        let is_day = |ty: &Type| match self.resolved(ty) {
            Resolved::Option(inner) => self.is_day(&inner),
            _ => self.is_day(ty),
        };
        let days = record.fields.iter().filter(|field| is_day(&field.ty));
        days.map(|field| camel(&field.name)).collect()
    }

    fn is_day(&self, ty: &Type) -> bool {
        matches!(self.resolved(ty), Resolved::Named(name) if name.starts_with("jalali-date"))
    }

    /// A page is what the envelope's `count` and `result` make together.
    fn is_page(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        matches!(&self.resolve.types[*id].kind, TypeDefKind::Record(record)
            if record.fields.iter().map(|f| f.name.as_str()).eq(["count", "result"]))
    }

    /// Does a record, or a page's, tell what of it could not be read?
    fn is_item(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Record(record) if self.is_page(ty) => {
                record.fields.last().is_some_and(|field| self.is_item(&field.ty))
            }
            TypeDefKind::Record(record) => tells_what_is_unreadable(record),
            TypeDefKind::List(inner) | TypeDefKind::Type(inner) => self.is_item(inner),
            _ => false,
        }
    }

    /// How a record is read and written that tells what of it could not be read.
    fn item(&self, out: &mut String, name: &str, record: &Record) {
        let needed: Vec<(String, &str)> = record
            .fields
            .iter()
            .filter_map(|field| Some((camel(&field.name), self.emptiest(&field.ty)?)))
            .collect();
        writeln!(
            out,
            "impl serde::Serialize for {name} {{
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{
                    crate::wire::lenient::serialize(self, serializer)
                }}
            }}
            impl crate::wire::lenient::Item for {name} {{
                const NEEDED: &'static [(&'static str, &'static str)] = &{needed:?};
                fn unreadable(&self) -> &[types::UnreadableField] {{ &self.{UNREADABLE} }}
                fn tell(&mut self, unreadable: Vec<types::UnreadableField>) {{
                    self.{UNREADABLE} = unreadable;
                }}
                fn as_described<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{
                    Self::serialize(self, serializer)
                }}
            }}"
        )
        .unwrap();
    }

    /// What stands for a field that has to be there, as JSON; none, if it may be left out.
    fn emptiest(&self, ty: &Type) -> Option<&'static str> {
        match self.resolved(ty) {
            Resolved::List | Resolved::Option(_) | Resolved::Plain(Type::Bool) => None,
            Resolved::Plain(Type::String) => Some("\"\""),
            Resolved::Plain(_) => Some("0"),
            Resolved::Named(name) if name == "rial" || name == "instant" => Some("0"),
            Resolved::Named(_) if self.is_open_enum(ty) => Some("\"\""),
            Resolved::Named(name) => {
                panic!("an item's {name} has to be there, and nothing stands for it")
            }
        }
    }

    fn has_default(&self, ty: &Type) -> bool {
        match ty {
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Option(_) | TypeDefKind::List(_) => true,
                TypeDefKind::Type(target) => self.has_default(target),
                _ => false,
            },
            _ => true,
        }
    }

    /// How a field is read from POD's JSON, which is looser than its documents, and how an answer's
    /// numbers are written.
    fn wire_attributes(&self, ty: &Type, request: bool) -> String {
        let read =
            |function: &str| format!(", deserialize_with = \"crate::wire::json::{function}\"");
        let write =
            |function: &str| format!(", serialize_with = \"crate::wire::json::{function}\"");
        if self.is_json_in(ty, false) {
            return ", default, skip_serializing_if = \"Option::is_none\", \
                    with = \"crate::wire::json::raw\""
                .to_owned();
        }
        if self.is_json_in(ty, true) {
            return ", default, with = \"crate::wire::json::raw_list\"".to_owned();
        }
        if self.type_name(ty) == "Vec<u8>" {
            return ", with = \"crate::wire::json::base64_content\"".to_owned();
        }
        match self.resolved(ty) {
            Resolved::Named(name) if name == "rial" => String::new(),
            Resolved::Named(name) if name == "instant" => read("instant"),
            Resolved::Plain(Type::Bool) => format!(", default{}", read("flag")),
            Resolved::Plain(Type::String) => read("text"),
            Resolved::Plain(Type::F64) if request => String::new(),
            Resolved::Plain(Type::F64) => write("number"),
            Resolved::Plain(_) => read("integer"),
            Resolved::List => format!(", default{}", read("list")),
            Resolved::Option(inner) => {
                let reader = match self.resolved(&inner) {
                    Resolved::Named(name) if name == "instant" => read("optional_instant"),
                    Resolved::Named(_) if self.is_open_enum(&inner) => read("optional_code"),
                    Resolved::Named(name) if ALSO_TEXT.contains(&name.as_str()) => {
                        read("optional_by_text")
                    }
                    Resolved::Named(_) | Resolved::List | Resolved::Option(_) => String::new(),
                    Resolved::Plain(Type::F64) if !request => write("optional_number"),
                    Resolved::Plain(Type::Bool | Type::F64) => String::new(),
                    Resolved::Plain(Type::String) => read("optional_text"),
                    Resolved::Plain(_) => read("optional_integer"),
                };
                format!(", default, skip_serializing_if = \"Option::is_none\"{reader}")
            }
            Resolved::Named(_) => String::new(),
        }
    }

    /// Is it an option, or a list, of JSON texts?
    fn is_json_in(&self, ty: &Type, list: bool) -> bool {
        let Type::Id(id) = ty else { return false };
        let inner = match &self.resolve.types[*id].kind {
            TypeDefKind::Option(inner) if !list => inner,
            TypeDefKind::List(inner) if list => inner,
            _ => return false,
        };
        matches!(inner, Type::Id(id) if self.resolve.types[*id].name.as_deref() == Some(JSON))
    }

    fn is_open_enum(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(target) => self.is_open_enum(target),
            TypeDefKind::Variant(variant) => is_open_enum(variant),
            _ => false,
        }
    }

    /// Follows aliases down to what decides how a type is read.
    fn resolved(&self, ty: &Type) -> Resolved {
        let Type::Id(id) = ty else {
            return Resolved::Plain(*ty);
        };
        let definition = &self.resolve.types[*id];
        if let Some(name) = &definition.name
            && HAND_WRITTEN.contains(&name.as_str())
        {
            return Resolved::Named(name.clone());
        }
        match &definition.kind {
            TypeDefKind::Type(target) => self.resolved(target),
            TypeDefKind::Option(inner) => Resolved::Option(*inner),
            TypeDefKind::List(_) => Resolved::List,
            _ => Resolved::Named(definition.name.clone().expect("only named types are left")),
        }
    }

    fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::U8 => "u8".into(),
            Type::U16 => "u16".into(),
            Type::U32 => "u32".into(),
            Type::U64 => "u64".into(),
            Type::S32 => "i32".into(),
            Type::S64 => "i64".into(),
            Type::F64 => "f64".into(),
            Type::String => "String".into(),
            Type::Id(id) => {
                let definition = &self.resolve.types[*id];
                match (&definition.name, &definition.kind) {
                    (Some(name), _) => pascal(name),
                    (None, TypeDefKind::Option(inner)) => {
                        format!("Option<{}>", self.type_name(inner))
                    }
                    (None, TypeDefKind::List(inner)) => format!("Vec<{}>", self.type_name(inner)),
                    (None, kind) => panic!("an unnamed {} has no Rust side yet", kind.as_str()),
                }
            }
            other => panic!("{other:?} has no Rust side yet"),
        }
    }
}

enum Resolved {
    Plain(Type),
    Named(String),
    Option(Type),
    List,
}

/// The names that an interface takes from others, as paths below the generated root.
fn imported_types(resolve: &Resolve, interface: &Interface) -> BTreeSet<String> {
    let mut imports = BTreeSet::new();
    for id in interface.types.values() {
        let definition = &resolve.types[*id];
        if let TypeDefKind::Type(Type::Id(other)) = definition.kind
            && let TypeOwner::Interface(owner) = resolve.types[other].owner
            && resolve.types[other].owner != definition.owner
        {
            let module = resolve.interfaces[owner].name.as_deref().expect("interfaces have names");
            let name = resolve.types[other].name.as_deref().expect("used types have names");
            imports.insert(format!("{}::{}", snake(module), pascal(name)));
        }
    }
    imports
}

/// The one parameter of a service: its request.
fn request_name(resolve: &Resolve, function: &Function) -> String {
    match function.params.as_slice() {
        [param] => match param.ty {
            Type::Id(id) => {
                pascal(resolve.types[id].name.as_deref().expect("a request has a name"))
            }
            _ => panic!("{}: a service takes one request record", function.name),
        },
        _ => panic!("{}: a service takes one request record", function.name),
    }
}

fn tells_what_is_unreadable(record: &Record) -> bool {
    record.fields.iter().any(|field| field.name == UNREADABLE)
}

fn form(out: &mut String, name: &str, fields: &[&str]) {
    writeln!(out, "impl {name} {{").unwrap();
    writeln!(out, "fn to_form(&self, form: &mut Form) {{").unwrap();
    for field in fields {
        writeln!(out, "self.{}.push(\"{}\", form);", snake(field), camel(field)).unwrap();
    }
    writeln!(out, "}}").unwrap();
    writeln!(out, "fn from_fields(fields: &Fields) -> Result<Self, types::InvalidArgument> {{")
        .unwrap();
    writeln!(out, "Ok(Self {{").unwrap();
    for field in fields {
        writeln!(out, "{}: FormValue::take(\"{}\", fields)?,", snake(field), camel(field)).unwrap();
    }
    writeln!(out, "}}) }} }}").unwrap();
}

/// An enumeration to which POD may add: its last case holds any other code.
fn is_open_enum(variant: &Variant) -> bool {
    variant.cases.split_last().is_some_and(|(last, cases)| {
        last.name == "other"
            && matches!(last.ty, Some(Type::String))
            && cases.iter().all(|case| case.ty.is_none())
    })
}

fn open_enum(out: &mut String, name: &str, variant: &Variant) {
    writeln!(out, "#[derive(Clone, Debug, Eq, Hash, PartialEq)]").unwrap();
    component_derive(out, "variant");
    writeln!(out, "pub enum {name} {{").unwrap();
    for case in &variant.cases {
        docs(out, &case.docs);
        component_name(out, &case.name);
        let payload = if case.ty.is_some() { "(String)" } else { "" };
        writeln!(out, "{}{payload},", pascal(&case.name)).unwrap();
    }
    let codes = || {
        let known = variant.cases.iter().filter(|case| case.ty.is_none());
        known.map(|case| (pascal(&case.name), case.name.replace('-', "_").to_uppercase()))
    };
    let written: String =
        codes().map(|(case, code)| format!("Self::{case} => \"{code}\", ")).collect();
    let read: String =
        codes().map(|(case, code)| format!("\"{code}\" => Self::{case}, ")).collect();
    writeln!(
        out,
        "}}
        impl {name} {{
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
        }}
        impl From<String> for {name} {{
            fn from(code: String) -> Self {{ Self::from_code(&code) }}
        }}
        crate::wire::form::open_enum!({name});"
    )
    .unwrap();
}

/// How a record is read.
fn from_objects_only(out: &mut String, name: &str) {
    writeln!(
        out,
        "impl<'de> serde::Deserialize<'de> for {name} {{
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {{
                Self::deserialize(crate::wire::object::Object(deserializer))
            }}
        }}"
    )
    .unwrap();
}

/// How a record is written that is no item.
fn as_derived(out: &mut String, name: &str) {
    writeln!(
        out,
        "impl serde::Serialize for {name} {{
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{
                Self::serialize(self, serializer)
            }}
        }}"
    )
    .unwrap();
}

fn derives(out: &mut String, kind: &str, traits: &str, case: &str) {
    writeln!(out, "#[derive({traits}, serde::Serialize, serde::Deserialize)]").unwrap();
    if kind != "record" {
        writeln!(out, "#[serde(rename_all = \"{case}\")]").unwrap();
    }
    component_derive(out, kind);
}

fn component_derive(out: &mut String, kind: &str) {
    writeln!(
        out,
        "#[cfg_attr(feature = \"component\", derive(wasmtime::component::ComponentType, \
         wasmtime::component::Lift, wasmtime::component::Lower), component({kind}))]"
    )
    .unwrap();
}

fn component_name(out: &mut String, name: &str) {
    writeln!(out, "#[cfg_attr(feature = \"component\", component(name = \"{name}\"))]").unwrap();
}

fn docs(out: &mut String, docs: &Docs) {
    for line in docs.contents.as_deref().unwrap_or_default().trim_end().lines() {
        writeln!(out, "/// {line}").unwrap();
    }
}

fn pascal(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// POD's own spelling: `creditor-invoice-id` is `creditorInvoiceId`, `redirect-URL` is
/// `redirectURL`.
fn camel(name: &str) -> String {
    let (first, rest) = name.split_once('-').unwrap_or((name, ""));
    let rest: String = rest.split('-').map(capitalised).collect();
    format!("{first}{rest}")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
