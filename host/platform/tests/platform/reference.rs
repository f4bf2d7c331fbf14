//! `docs/reference.md` says what WIT files and catalogue say. After a change to either, write it
//! anew: `UPDATE_REFERENCE=1 cargo test --release --workspace --test platform reference`.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use pod_platform::{
    Effect, Names, Route, Row, Rule, Service, ServiceVisitor, Stakes, Verb,
    types::PlatformErrorKind, visit_services,
};
use wit_parser::{Docs, Function, Interface, Resolve, Type, TypeDef, TypeDefKind, Variant};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference.md");

#[test]
fn the_reference_is_up_to_date() {
    let generated = reference();
    if env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(FILE, &generated).unwrap();
    }
    let kept = fs::read_to_string(FILE).unwrap_or_default();
    let line = kept.lines().zip(generated.lines()).position(|(kept, new)| kept != new);
    assert!(
        kept == generated,
        "docs/reference.md is not what WIT and catalogue say, from line {} on; write it anew with \
         `UPDATE_REFERENCE=1 cargo test --release --workspace --test platform reference`",
        line.map_or(kept.lines().count().min(generated.lines().count()), |line| line) + 1
    );
}

/// The rows of the catalogue by WIT function, as `interface.function`.
#[derive(Default)]
struct Rows(BTreeMap<String, &'static Row>);

impl ServiceVisitor for Rows {
    fn visit<S: Service>(&mut self) {
        self.0.insert(format!("{}.{}", S::INTERFACE, S::FUNCTION), S::ROW);
    }
}

/// The order of the chapters.
const INTERFACES: [&str; 6] = ["invoices", "payments", "bills", "loans", "files", "types"];

const INTRODUCTION: &str = "\
<!-- Generated from wit/deps/platform and host/platform/src/catalogue.rs; do not edit. -->
# The functions of POD

Every POD service that a policy can call. A compiled policy imports it under its WIT name, a script
calls it by its Rhai name, and `policy.toml` grants it as `interface.function`, or a whole interface
at once. Each takes one request, with POD's own fields, and answers a result or an
[error](#errors). Amounts are whole rials, instants are milliseconds since 1970-01-01T00:00:00Z,
days are Jalali.

A field in **bold** is required. *In doubt* says how it is settled whether a call took effect whose
answer did not arrive, and what is read for that; *at stake* is what the call takes from the budget
of rials, until it is known what really moved; *receipts name* says which of POD's fields name an
effect in receipts and statements.

";

fn reference() -> String {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/deps/platform");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).unwrap();
    let mut rows = Rows::default();
    visit_services(&mut rows);
    let page = Page { resolve: &resolve, rows: rows.0 };

    let mut out = INTRODUCTION.to_owned();
    let known = &resolve.packages[package].interfaces;
    assert_eq!(known.len(), INTERFACES.len(), "an interface has no chapter");
    let interfaces: Vec<(&str, &Interface)> =
        INTERFACES.iter().map(|name| (*name, &resolve.interfaces[known[*name]])).collect();
    for (name, interface) in interfaces.iter().filter(|(_, i)| !i.functions.is_empty()) {
        for function in interface.functions.values() {
            let anchor = format!("{name}{}", function.name.to_lowercase());
            writeln!(out, "- [`{name}.{}`](#{anchor})", function.name).unwrap();
        }
    }
    for (name, interface) in &interfaces {
        if interface.functions.is_empty() {
            continue;
        }
        write!(out, "\n# {}\n\n{}\n", name, text(&interface.docs)).unwrap();
        for function in interface.functions.values() {
            page.function(&mut out, name, function);
        }
    }
    out.push_str("\n# Types\n\nWhat the functions answer, and what requests are made of.\n");
    for (name, interface) in &interfaces {
        for (type_name, id) in &interface.types {
            page.type_definition(&mut out, name, type_name, &resolve.types[*id]);
        }
    }
    errors(&mut out);
    out
}

struct Page<'a> {
    resolve: &'a Resolve,
    rows: BTreeMap<String, &'static Row>,
}

impl Page<'_> {
    fn function(&self, out: &mut String, interface: &str, function: &Function) {
        let row = self.rows[&format!("{interface}.{}", function.name)];
        write!(out, "\n## {interface}.{}\n\n{}\n\n", function.name, text(&function.docs)).unwrap();
        writeln!(out, "| | |\n|---|---|").unwrap();
        writeln!(out, "| POD | {} |", row.name).unwrap();
        writeln!(out, "| Rhai | `{}(request)` |", snake(&function.name)).unwrap();
        writeln!(out, "| reached by | {} |", route(row.route)).unwrap();
        if !matches!(row.route, Route::Link { .. }) {
            let ott = if row.needs_ott { ", and a one-time token" } else { "" };
            writeln!(out, "| token | {}{ott} |", row.token.name()).unwrap();
        }
        match row.effect {
            Effect::Read => writeln!(out, "| effect | none: it reads |").unwrap(),
            Effect::Mutation { class, stakes, evidence } => {
                writeln!(out, "| in doubt | {} |", class.name()).unwrap();
                let rule = evidence.attribution();
                writeln!(out, "| … is read | {} |", rule.reads).unwrap();
                writeln!(out, "| … can happen | {} |", rule.open).unwrap();
                writeln!(out, "| … happened | {} |", rule.claimed).unwrap();
                writeln!(out, "| … did not | {} |", rule.denied).unwrap();
                writeln!(out, "| … is unknown | {} |", rule.unknown).unwrap();
                writeln!(out, "| at stake | {} |", at_stake(stakes)).unwrap();
                writeln!(out, "| receipts name | {} |", self.names(row, function)).unwrap();
            }
        }
        let response = self.response(function);
        writeln!(out, "| answers | {} |", self.type_name(&response)).unwrap();
        if !row.errors.is_empty() {
            let kinds: Vec<String> = row.errors.iter().map(|kind| error_name(*kind)).collect();
            writeln!(out, "| refuses with | {} |", kinds.join(", ")).unwrap();
        }
        let Type::Id(request) = function.params[0].ty else { panic!("a request is a record") };
        out.push('\n');
        self.fields(out, &self.resolve.types[request], row.spelling);
        for rule in row.rules {
            writeln!(out, "- {}", rule_text(*rule)).unwrap();
        }
    }

    /// What an effect of a service is named by. Each of these fields is one that a request has.
    fn names(&self, row: &Row, function: &Function) -> String {
        let Type::Id(request) = function.params[0].ty else { panic!("a request is a record") };
        let TypeDefKind::Record(record) = &self.resolve.types[request].kind else {
            panic!("a request is a record")
        };
        let fields: Vec<String> = record.fields.iter().map(|field| camel(&field.name)).collect();
        let Names { object, id, source } = row.names;
        for name in object.iter().chain(source) {
            // A wallet that no request names is the row's.
            let is_named = fields.iter().any(|field| field == name);
            let is_of_row = *name == "wallet" && row.wallet.is_some();
            assert!(is_named || is_of_row, "{} has no `{name}`", row.name);
        }
        assert!(!object.is_empty(), "nothing names what {} acts on", row.name);
        assert!(!object.contains(&"id") || id.is_some(), "{}: whose `id`?", row.name);
        let object = object.iter().copied().filter(|name| *name != "id").chain(id);
        let all = |names: Vec<&str>| format!("`{}`", names.join("`, `"));
        let mut text = all(object.collect());
        if !source.is_empty() {
            text.push_str(&format!("; paid from: {}", all(source.to_vec())));
        }
        text
    }

    fn response(&self, function: &Function) -> Type {
        let Some(Type::Id(id)) = function.result else { panic!("{} answers", function.name) };
        match &self.resolve.types[id].kind {
            TypeDefKind::Result(result) => result.ok.unwrap(),
            _ => panic!("{} answers a result", function.name),
        }
    }

    fn fields(&self, out: &mut String, record: &TypeDef, spelling: &[(&str, &str)]) {
        let TypeDefKind::Record(record) = &record.kind else { return };
        writeln!(out, "| field | POD's name | type | |\n|---|---|---|---|").unwrap();
        for field in &record.fields {
            let name = if self.is_required(&field.ty) {
                format!("**{}**", field.name)
            } else {
                field.name.clone()
            };
            let pods = camel(&field.name);
            let pods = spelling.iter().find(|(ours, _)| *ours == pods).map_or(&*pods, |(_, p)| p);
            let docs = text(&field.docs).replace('\n', " ").replace('|', "\\|");
            writeln!(out, "| {name} | {pods} | {} | {docs} |", self.type_name(&field.ty)).unwrap();
        }
        out.push('\n');
    }

    fn type_definition(&self, out: &mut String, interface: &str, name: &str, ty: &TypeDef) {
        let title = |out: &mut String, kind: &str| {
            write!(out, "\n## {kind} {name}\n\n`{interface}.{name}`: {}\n\n", text(&ty.docs))
                .unwrap();
        };
        match &ty.kind {
            TypeDefKind::Record(_) if name.ends_with("-request") => {}
            TypeDefKind::Record(_) => {
                title(out, "record");
                self.fields(out, ty, &[]);
            }
            TypeDefKind::Variant(variant) => {
                title(out, "variant");
                self.cases(out, variant);
            }
            TypeDefKind::Enum(cases) if name != "platform-error-kind" => {
                title(out, "enum");
                for case in &cases.cases {
                    writeln!(out, "- `{}`: {}", case.name, text(&case.docs)).unwrap();
                }
            }
            _ => {}
        }
    }

    /// An enumeration to which POD may add is written in POD's own spelling.
    fn cases(&self, out: &mut String, variant: &Variant) {
        let open = variant.cases.iter().all(|case| {
            case.ty.is_none() || (case.name == "other" && case.ty == Some(Type::String))
        });
        for case in &variant.cases {
            let payload = case.ty.as_ref().map(|ty| format!(" ({})", self.type_name(ty)));
            let payload = payload.unwrap_or_default();
            let docs = text(&case.docs).replace('\n', " ");
            let docs = if docs.is_empty() { docs } else { format!(": {docs}") };
            if open && case.ty.is_none() {
                let code = case.name.replace('-', "_").to_uppercase();
                writeln!(out, "- `{}` = `{code}`{docs}", case.name).unwrap();
            } else {
                writeln!(out, "- `{}`{payload}{docs}", case.name).unwrap();
            }
        }
    }

    fn is_required(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return true };
        match &self.resolve.types[*id].kind {
            TypeDefKind::List(Type::U8) => true,
            TypeDefKind::Option(_) | TypeDefKind::List(_) => false,
            TypeDefKind::Type(target) => self.is_required(target),
            _ => true,
        }
    }

    fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::U8 => "byte".into(),
            Type::U16 | Type::U32 | Type::U64 | Type::S32 | Type::S64 => "whole number".into(),
            Type::F64 => "number".into(),
            Type::String => "text".into(),
            Type::Id(id) => {
                let definition = &self.resolve.types[*id];
                match (&definition.name, &definition.kind) {
                    (_, TypeDefKind::Option(inner)) => self.type_name(inner),
                    (_, TypeDefKind::List(inner)) => format!("list of {}", self.type_name(inner)),
                    (Some(name), _) => name.clone(),
                    (None, kind) => panic!("an unnamed {}", kind.as_str()),
                }
            }
            other => panic!("{other:?} in the contract"),
        }
    }
}

fn route(route: Route) -> String {
    match route {
        Route::Product(product) => {
            let sandbox = match product.sandbox {
                Some(number) => number.to_string(),
                None => "unknown".to_owned(),
            };
            let mut text =
                format!("`doServiceCall` {} (POD's sandbox: {sandbox}", product.production);
            if !product.older.is_empty() {
                let older: Vec<String> = product.older.iter().map(u32::to_string).collect();
                write!(text, "; older: {}", older.join(", ")).unwrap();
            }
            text + ")"
        }
        Route::Path { verb: Verb::Get, path } => format!("GET `{path}`"),
        Route::Path { verb: Verb::Post, path } => format!("POST `{path}`"),
        Route::Upload { path } => format!("POST `{path}` of the file server, in parts"),
        Route::Download { path } => format!("GET `{path}` of the file server"),
        Route::Link { path } => format!("nothing: a URL below `{path}` of the payment pages"),
    }
}

fn at_stake(stakes: Stakes) -> String {
    match stakes {
        Stakes::Nothing => "nothing".into(),
        Stakes::PayableAmountOf(field) => format!("the payable amount of the invoice `{field}`"),
        Stakes::ReductionOf(field) => format!(
            "the payable amount of the invoice `{field}`; what moves is the part that it is reduced by"
        ),
        Stakes::RefundOf(field) => {
            format!("what is paid or kept for the invoice `{field}`, which goes back")
        }
        Stakes::TotalAmountOfLoan(field) => format!("the total of the loan `{field}`"),
        Stakes::BillAmount => "the bill's amount, which its payment id tells".into(),
    }
}

fn rule_text(rule: Rule) -> String {
    let all = |fields: &[&str]| format!("`{}`", fields.join("`, `"));
    match rule {
        Rule::ExactlyOne(fields) => format!("Exactly one of {} is given.", all(fields)),
        Rule::AtLeastOne(fields) => format!("At least one of {} is given.", all(fields)),
        Rule::SameLength(lists) => {
            format!("{} are as long as one another, and not empty.", all(lists))
        }
        Rule::TogetherOrNone(lists) => format!("{} are as long as one another.", all(lists)),
        Rule::EmptyOrAsLongAs(list, other) => {
            format!("`{list}` is empty, or as long as `{other}`.")
        }
        Rule::AtLeast(field, least) => format!("`{field}` is at least {least}."),
        Rule::MoreThanZero(field) => format!("`{field}` is more than 0."),
        Rule::Between(field, low, f64::MAX) => format!("`{field}` is at least {low}."),
        Rule::Between(field, low, high) => format!("`{field}` lies between {low} and {high}."),
        Rule::Url(field) => format!("`{field}` is a URL."),
        Rule::Json(field) => format!("`{field}` is JSON."),
        Rule::Cellphone(field) => format!("`{field}` is an Iranian mobile number."),
        Rule::PriceOfItsOwn => "`price` is an amount wherever `productId` is 0.".to_owned(),
        Rule::UtilityBill => {
            "`billId` and `paymentId` check themselves, and belong to each other.".to_owned()
        }
    }
}

fn error_name(kind: PlatformErrorKind) -> String {
    match kind.code() {
        0 => kind.name().to_owned(),
        code => format!("{} ({code})", kind.name()),
    }
}

fn errors(out: &mut String) {
    out.push_str(
        "\n# Errors\n\nA refusal of POD's has one of these kinds. Where POD has no code, its \
         message tells the kind.\n\n| kind | code | POD's message |\n|---|---|---|\n",
    );
    for kind in PlatformErrorKind::all() {
        let code = if kind.code() == 0 { "–".to_owned() } else { kind.code().to_string() };
        writeln!(out, "| {} | {code} | {} |", kind.name(), kind.message()).unwrap();
    }
    out.push_str(
        "| other | any | a refusal that this version does not know |\n\n\
         227 (the service behind POD timed out), 378 (its answer did not reach POD) and 999 (an \
         error of POD's own) leave open what happened, as does a time-out after sending: of a \
         change, that is `outcome-unknown`, never a failure; a read is `unavailable`, and may be \
         repeated.\n\n\
         POD's client libraries have codes of their own, which POD never answers: what they call \
         887 (invalid parameter) is `invalid-argument` here, 888 and 889 (unexpected, connection) \
         are `unavailable` or `outcome-unknown`, and 890 (configuration) is found before a run \
         begins.\n",
    );
}

fn text(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().trim().to_owned()
}

fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|letter| letter.to_uppercase().to_string());
        name + &head.unwrap_or_default() + letters.as_str()
    })
}
