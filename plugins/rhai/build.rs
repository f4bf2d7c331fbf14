//! Writes the Rhai side of the contract: how each WIT type becomes a value of a script and back,
//! and a Rhai function for each function that a world imports. The WIT files are the only place
//! where they are written by hand, so a new POD service is a new Rhai function.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use wit_parser::{
    Function, Interface, InterfaceId, PackageId, Resolve, Type, TypeDef, TypeDefKind, World,
    WorldItem,
};

/// The worlds whose functions a script may get, and whose exported function it writes. They share
/// their imports: a type belongs to the first of them that imports its interface.
const WORLDS: &[&str] = &["policy", "netting"];

fn main() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());

    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(&wit)
        .unwrap_or_else(|error| panic!("the contract does not parse: {error:?}"));

    let mut generator =
        Generator { bindings: bindings(&resolve, package), resolve: &resolve, out: String::new() };
    for (interface, _) in generator.bindings.clone() {
        for (name, id) in &resolve.interfaces[interface].types {
            generator.conversions(interface, name, &resolve.types[*id]);
        }
    }
    for name in WORLDS {
        generator.world(world(&resolve, package, name));
    }

    let path = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("contract.rs");
    fs::write(&path, generator.out).expect("OUT_DIR is writable");
}

/// Every interface that a world imports, and the module of its bindings.
fn bindings(resolve: &Resolve, package: PackageId) -> Vec<(InterfaceId, String)> {
    let mut bindings: Vec<(InterfaceId, String)> = Vec::new();
    for name in WORLDS {
        for (id, interface) in imports(resolve, world(resolve, package, name)) {
            if bindings.iter().all(|(known, _)| *known != id) {
                let package =
                    &resolve.packages[interface.package.expect("it is in a package")].name;
                let path = [name, &*package.namespace, &*package.name, interface_name(interface)];
                let path = path.map(snake).join("::");
                bindings.push((id, format!("pod_sdk::bindings::{path}")));
            }
        }
    }
    bindings
}

fn world<'a>(resolve: &'a Resolve, package: PackageId, name: &str) -> &'a World {
    &resolve.worlds[resolve.packages[package].worlds[name]]
}

fn imports<'a>(
    resolve: &'a Resolve,
    world: &'a World,
) -> impl Iterator<Item = (InterfaceId, &'a Interface)> {
    world.imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some((*id, &resolve.interfaces[*id])),
        WorldItem::Type { .. } => None,
        WorldItem::Function(function) => {
            panic!("{}: a world imports functions by interface", function.name)
        }
    })
}

struct Generator<'a> {
    resolve: &'a Resolve,
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
            TypeDefKind::Record(record) => {
                let fields: Vec<&str> = record.fields.iter().map(|f| f.name.as_str()).collect();
                self.record(&rust, &fields);
            }
            TypeDefKind::Enum(cases) => {
                let cases: Vec<&str> = cases.cases.iter().map(|c| c.name.as_str()).collect();
                self.enumeration(&rust, &cases);
            }
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
        writeln!(
            self.out,
            "impl IntoScript for {rust} {{
                fn into_script(self) -> Result<Dynamic, Mismatch> {{
                    Ok(Dynamic::from_map(Map::from([{write}])))
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

    fn enumeration(&mut self, rust: &str, cases: &[&str]) {
        let write: String =
            cases.iter().map(|case| format!("Self::{} => \"{case}\", ", pascal(case))).collect();
        let read: String = cases
            .iter()
            .map(|case| format!("\"{case}\" => Ok(Self::{}), ", pascal(case)))
            .collect();
        writeln!(
            self.out,
            "impl IntoScript for {rust} {{
                fn into_script(self) -> Result<Dynamic, Mismatch> {{
                    Ok(Dynamic::from(match self {{ {write} }}))
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
        for (id, interface) in imports(self.resolve, world) {
            for function in interface.functions.values() {
                assert!(
                    names.insert(snake(&function.name)),
                    "{}: two imports of the world {} have this name",
                    function.name,
                    world.name
                );
                self.function(&mut functions, self.module(id), function);
            }
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
                let by = if self.is_passed_by_reference(&p.ty) { "&" } else { "" };
                format!("{by}{}, ", field(&snake(&p.name)))
            })
            .collect();
        let answer = match function.result {
            Some(Type::Id(id)) if matches!(self.resolve.types[id].kind, TypeDefKind::Result(_)) => {
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
        match ty {
            Type::String => "String",
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(target) => self.annotation(target),
                TypeDefKind::List(_) => "Vec<_>",
                _ => "_",
            },
            _ => "_",
        }
    }

    fn is_record(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Record(_) => true,
            TypeDefKind::Type(target) => self.is_record(target),
            _ => false,
        }
    }

    /// wit-bindgen passes by reference what owns memory.
    fn is_passed_by_reference(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return matches!(ty, Type::String) };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(target) | TypeDefKind::Option(target) => {
                self.is_passed_by_reference(target)
            }
            TypeDefKind::List(_) => true,
            TypeDefKind::Record(record) => {
                record.fields.iter().any(|f| self.is_passed_by_reference(&f.ty))
            }
            TypeDefKind::Variant(variant) => {
                let mut payloads = variant.cases.iter().filter_map(|case| case.ty.as_ref());
                payloads.any(|ty| self.is_passed_by_reference(ty))
            }
            _ => false,
        }
    }
}

fn interface_name(interface: &Interface) -> &str {
    interface.name.as_deref().expect("a world imports interfaces by name")
}

fn pascal(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    name.split('-').map(capitalised).collect()
}

/// The name in a script.
fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// The name in the bindings, where Rust's keywords get an underscore.
fn field(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
        "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod",
        "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait",
        "true", "type", "unsafe", "use", "where", "while", "yield",
    ];
    let escape = if KEYWORDS.contains(&name) { "_" } else { "" };
    format!("{name}{escape}")
}
