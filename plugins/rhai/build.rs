//! Writes the Rhai side of the contract: how each WIT type becomes a value of a script and back,
//! and a Rhai function for each function that a world imports. The WIT files are the only place
//! where they are written by hand, so a new POD service is a new Rhai function.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use pod_contract::{Contract, Page, VALUES, field, is_open, pascal, snake};
use wit_parser::{Function, InterfaceId, Type, TypeDef, TypeDefKind, World, WorldItem};

/// The worlds whose functions a script may get, and whose exported function it writes. They share
/// their imports: a type belongs to the first of them that imports its interface.
const WORLDS: &[&str] = &["policy", "netting", "delegation", "loan-plan"];

/// The function that answers sixty-four random bits.
const RANDOM: &str = "get-random-u64";

fn main() {
    let contract = Contract::read();
    let mut generator =
        Generator { bindings: bindings(&contract), contract: &contract, out: String::new() };
    for (interface, _) in generator.bindings.clone() {
        for (name, id) in &contract.resolve.interfaces[interface].types {
            generator.conversions(interface, name, &contract.resolve.types[*id]);
        }
    }
    for name in WORLDS {
        generator.world(contract.world(name));
    }

    let path = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("contract.rs");
    fs::write(&path, generator.out).expect("OUT_DIR is writable");
}

/// Every interface that a world imports, and the module of its bindings.
fn bindings(contract: &Contract) -> Vec<(InterfaceId, String)> {
    let mut bindings: Vec<(InterfaceId, String)> = Vec::new();
    for name in WORLDS {
        for (id, interface) in contract.imports(contract.world(name)) {
            if bindings.iter().all(|(known, _)| *known != id) {
                let path = contract.module(interface);
                bindings.push((id, format!("pod_sdk::bindings::{}::{path}", snake(name))));
            }
        }
    }
    bindings
}

struct Generator<'a> {
    contract: &'a Contract,
    bindings: Vec<(InterfaceId, String)>,
    out: String,
}

impl Generator<'_> {
    fn module(&self, interface: InterfaceId) -> &str {
        let known = self.bindings.iter().find(|(id, _)| *id == interface);
        known.map(|(_, path)| path.as_str()).expect("every import has bindings")
    }

    fn conversions(&mut self, interface: InterfaceId, name: &str, definition: &TypeDef) {
        let rust = format!("{}::{}", self.module(interface), pascal(name));
        match &definition.kind {
            // Another type's name: its conversions are that type's.
            TypeDefKind::Type(_) => {}
            // Written by hand, because they have a calendar.
            _ if VALUES.contains(&name) => {}
            TypeDefKind::Record(record) => {
                let fields: Vec<&str> = record.fields.iter().map(|f| f.name.as_str()).collect();
                self.record(&rust, &fields);
            }
            TypeDefKind::Enum(cases) => {
                let cases: Vec<&str> = cases.cases.iter().map(|c| c.name.as_str()).collect();
                self.enumeration(&rust, &cases);
            }
            TypeDefKind::Variant(variant) if is_open(variant) => self.open_enumeration(&rust),
            TypeDefKind::Variant(variant) => {
                let cases: Vec<(&str, Option<Type>)> =
                    variant.cases.iter().map(|c| (c.name.as_str(), c.ty)).collect();
                self.variant(&rust, &cases);
            }
            kind => panic!("{name}: a {} has no Rhai side yet", kind.as_str()),
        }
    }

    fn record(&mut self, rust: &str, fields: &[&str]) {
        // Sorted keys make a map in one go.
        let sorted: BTreeSet<String> = fields.iter().copied().map(snake).collect();
        let write: String =
            sorted.iter().map(|key| format!("entry(\"{key}\", self.{})?, ", field(key))).collect();
        let read: String = fields
            .iter()
            .map(|name| format!("{}: fields.take(\"{}\")?, ", field(&snake(name)), snake(name)))
            .collect();
        let known: Vec<String> = fields.iter().copied().map(snake).collect();
        // What could not be read is not there: who asks for it is told so.
        let (begin, end) = if fields.contains(&"unreadable") {
            (
                "let names = self.unreadable.iter().map(|field| field.name.as_str());
                 let keys = unreadable::keys(names);
                 let mut map =",
                "; unreadable::take_out(&mut map, &keys); Ok(Dynamic::from_map(map))",
            )
        } else {
            ("Ok(Dynamic::from_map(", "))")
        };
        writeln!(
            self.out,
            "impl IntoScript for {rust} {{
                fn into_script(self) -> Result<Dynamic, Mismatch> {{
                    {begin} Map::from([{write}]) {end}
                }}
            }}
            impl FromScript for {rust} {{
                fn from_script(value: Dynamic) -> Result<Self, Mismatch> {{
                    let mut fields = Fields::of(value, &{known:?})?;
                    Ok(Self {{ {read} }})
                }}
            }}"
        )
        .unwrap();
    }

    fn open_enumeration(&mut self, rust: &str) {
        writeln!(
            self.out,
            "impl IntoScript for {rust} {{
                fn into_script(self) -> Result<Dynamic, Mismatch> {{ Ok(self.code().into()) }}
            }}
            impl FromScript for {rust} {{
                fn from_script(value: Dynamic) -> Result<Self, Mismatch> {{
                    String::from_script(value).map(|code| Self::from_code(&code))
                }}
            }}"
        )
        .unwrap();
    }

    fn enumeration(&mut self, rust: &str, cases: &[&str]) {
        let read: String = cases
            .iter()
            .map(|case| format!("\"{case}\" => Ok(Self::{}), ", pascal(case)))
            .collect();
        writeln!(
            self.out,
            "impl IntoScript for {rust} {{
                fn into_script(self) -> Result<Dynamic, Mismatch> {{
                    Ok(Dynamic::from(self.name()))
                }}
            }}
            impl FromScript for {rust} {{
                fn from_script(value: Dynamic) -> Result<Self, Mismatch> {{
                    let name = String::from_script(value)?;
                    match name.as_str() {{ {read} _ => Err(Mismatch::case(&name, &{cases:?})) }}
                }}
            }}"
        )
        .unwrap();
    }

    fn variant(&mut self, rust: &str, cases: &[(&str, Option<Type>)]) {
        let mut write = String::new();
        let mut read = String::new();
        for (case, payload) in cases {
            let name = pascal(case);
            let shape = match payload {
                None => panic!("{rust}: a case without a payload has no Rhai side yet"),
                Some(ty) if self.is_record(ty) => "record",
                Some(_) => "value",
            };
            writeln!(write, "Self::{name}(payload) => variant::{shape}(\"{case}\", payload),")
                .unwrap();
            writeln!(read, "\"{case}\" => Ok(Self::{name}(parts.{shape}()?)),").unwrap();
        }
        let names: Vec<&str> = cases.iter().map(|(case, _)| *case).collect();
        writeln!(
            self.out,
            "impl IntoScript for {rust} {{
                fn into_script(self) -> Result<Dynamic, Mismatch> {{ match self {{ {write} }} }}
            }}
            impl FromScript for {rust} {{
                fn from_script(value: Dynamic) -> Result<Self, Mismatch> {{
                    let parts = variant::Parts::of(value)?;
                    match parts.case() {{
                        {read}
                        _ => Err(Mismatch::case(parts.case(), &{names:?}).in_field(variant::KIND)),
                    }}
                }}
            }}"
        )
        .unwrap();
    }

    fn world(&mut self, world: &World) {
        let constant = world.name.to_uppercase().replace('-', "_");
        let mut names = BTreeSet::new();
        let mut functions = String::new();
        let mut lists = Vec::new();
        for (id, interface) in self.contract.imports(world) {
            for function in interface.functions.values() {
                if function.name == RANDOM {
                    random(&mut functions, self.module(id));
                    continue;
                }
                assert!(
                    names.insert(snake(&function.name)),
                    "{}: two imports of the world {} have this name",
                    function.name,
                    world.name
                );
                self.function(&mut functions, self.module(id), function);
                if let Some(page) = self.contract.page(function) {
                    lists.push((snake(&function.name), self.listed(self.module(id), &page)));
                }
            }
        }
        if !lists.is_empty() {
            each(&mut functions, &lists);
        }
        let mut exports = world.exports.values().filter_map(|item| match item {
            WorldItem::Function(function) => Some(function),
            _ => None,
        });
        let (Some(entry), None) = (exports.next(), exports.next()) else {
            panic!("{}: a world exports one function", world.name);
        };
        let parameters: Vec<String> = entry.params.iter().map(|p| snake(&p.name)).collect();
        writeln!(
            self.out,
            "/// The world `{name}`.
            pub const {constant}: World = World {{
                name: \"{name}\",
                function: \"{function}\",
                parameters: &{parameters:?},
                register: |engine| {{ {functions} }},
            }};",
            name = world.name,
            function = snake(&entry.name),
        )
        .unwrap();
    }

    /// A list's request, and which of its numbers a script may leave out.
    fn listed(&self, module: &str, page: &Page) -> String {
        let zero: Vec<&str> = ["offset", "size"]
            .into_iter()
            .filter(|name| {
                let field = page.fields.fields.iter().find(|field| field.name == *name);
                field.is_some_and(|field| self.contract.kind(&field.ty).is_none())
            })
            .collect();
        format!("list::each::<{module}::{}>(FUNCTION, &{zero:?}, request)", pascal(page.request))
    }

    /// Registers one Rhai function.
    fn function(&self, out: &mut String, module: &str, function: &Function) {
        let name = snake(&function.name);
        let parameters: Vec<String> = function.params.iter().map(|p| snake(&p.name)).collect();
        let declared: String =
            parameters.iter().map(|p| format!("{}: Dynamic, ", field(p))).collect();
        let read: String = function
            .params
            .iter()
            .map(|p| {
                let name = field(&snake(&p.name));
                let ty = self.annotation(&p.ty);
                format!("let {name}: {ty} = argument(FUNCTION, \"{}\", {name})?;", snake(&p.name))
            })
            .collect();
        let passed: String = function
            .params
            .iter()
            .map(|p| {
                let name = field(&snake(&p.name));
                match self.contract.kind(&p.ty) {
                    Some(TypeDefKind::Option(Type::String)) => format!("{name}.as_deref(), "),
                    _ if self.contract.is_passed_by_reference(&p.ty) => format!("&{name}, "),
                    _ => format!("{name}, "),
                }
            })
            .collect();
        let answer = match function.result {
            Some(ty) if matches!(self.contract.kind(&ty), Some(TypeDefKind::Result(_))) => {
                "fallible"
            }
            _ => "infallible",
        };
        writeln!(
            out,
            "engine.register_fn(\"{name}\", |{declared}| -> Answer {{
                const FUNCTION: &str = \"{name}\";
                {read}
                {answer}(FUNCTION, {module}::{}({passed}))
            }});",
            field(&name),
        )
        .unwrap();
    }

    /// What the compiler has to be told of a parameter that is passed as `&str` or as a slice.
    fn annotation(&self, ty: &Type) -> &'static str {
        match self.contract.kind(ty) {
            None if matches!(ty, Type::String) => "String",
            Some(TypeDefKind::List(_)) => "Vec<_>",
            Some(TypeDefKind::Option(Type::String)) => "Option<String>",
            _ => "_",
        }
    }

    fn is_record(&self, ty: &Type) -> bool {
        matches!(self.contract.kind(ty), Some(TypeDefKind::Record(_)))
    }
}

/// Registers randomness. A script's whole numbers are signed: half of all numbers of sixty-four bits
/// would be none, so it gets the bits as they are.
fn random(out: &mut String, module: &str) {
    writeln!(
        out,
        "engine.register_fn(\"get_random_s64\", || {module}::{}().cast_signed());",
        snake(RANDOM)
    )
    .unwrap();
}

/// Registers `each`, for every list of a world.
fn each(out: &mut String, lists: &[(String, String)]) {
    let names: Vec<&str> = lists.iter().map(|(name, _)| name.as_str()).collect();
    let arms: String = lists
        .iter()
        .map(|(name, walk)| {
            format!("\"{name}\" => {{ const FUNCTION: &str = \"{name}\"; {walk} }}\n")
        })
        .collect();
    writeln!(
        out,
        "list::register(engine, |function, request| match function {{
            {arms}
            _ => Err(list::unknown(function, &{names:?})),
        }});"
    )
    .unwrap();
}
