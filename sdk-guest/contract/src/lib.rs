//! What the build scripts of guests ask of the WIT files, so that nothing about a service is
//! written by hand twice: which types there are, what wit-bindgen calls them, which functions
//! answer pages of a list.
//!
//! It runs at build time only: what it cannot make sense of is a panic that names the culprit.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod names;

use std::path::Path;

use wit_parser::{
    Function, Interface, InterfaceId, PackageId, Record, Resolve, Type, TypeDefKind, Variant,
    World, WorldItem,
};

pub use names::{code, field, pascal, snake};

/// The types that are `pod-values`' own in Rust, because they have a calendar.
pub const VALUES: &[&str] = &["jalali-date", "jalali-date-time"];

/// The contract, parsed.
pub struct Contract {
    /// Its types, functions and worlds.
    pub resolve: Resolve,
    package: PackageId,
}

/// A function that answers one page of a list.
pub struct Page<'a> {
    /// The type of its request, in WIT's spelling.
    pub request: &'a str,
    /// The request's fields.
    pub fields: &'a Record,
    /// The type of the list's items.
    pub item: Type,
}

impl Page<'_> {
    /// Can the list be walked by ids, from one on or up to one?
    #[must_use]
    pub fn has_cursor(&self) -> bool {
        let has = |name| self.fields.fields.iter().any(|field| field.name == name);
        has("first-id") && has("last-id")
    }
}

impl Contract {
    /// Reads this project's WIT files; cargo runs the build script again when they change.
    #[must_use]
    pub fn read() -> Self {
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
        println!("cargo::rerun-if-changed={}", wit.display());
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_dir(&wit)
            .unwrap_or_else(|error| panic!("the contract does not parse: {error:?}"));
        Self { resolve, package }
    }

    /// A world of `pod:policy`.
    #[must_use]
    pub fn world(&self, name: &str) -> &World {
        &self.resolve.worlds[self.resolve.packages[self.package].worlds[name]]
    }

    /// The interfaces that a world imports.
    pub fn imports<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (InterfaceId, &'a Interface)> {
        world.imports.values().filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some((*id, &self.resolve.interfaces[*id])),
            WorldItem::Type { .. } => None,
            WorldItem::Function(function) => {
                panic!("{}: a world imports functions by interface", function.name)
            }
        })
    }

    /// The interface's name.
    #[must_use]
    pub fn name<'a>(&self, interface: &'a Interface) -> &'a str {
        interface.name.as_deref().expect("a world imports interfaces by name")
    }

    /// Where an interface's bindings are, below those of its world: `pod::platform::invoices`.
    #[must_use]
    pub fn module(&self, interface: &Interface) -> String {
        let package = interface.package.expect("an interface is in a package");
        let package = &self.resolve.packages[package].name;
        [&*package.namespace, &*package.name, self.name(interface)].map(snake).join("::")
    }

    /// What the WIT files call a type, its package included.
    #[must_use]
    pub fn full_name(&self, interface: &Interface, name: &str) -> String {
        let package = interface.package.expect("an interface is in a package");
        let package = &self.resolve.packages[package].name;
        format!("{}/{name}", package.interface_id(self.name(interface)))
    }

    /// The list that a function answers a page of.
    #[must_use]
    pub fn page<'a>(&'a self, function: &'a Function) -> Option<Page<'a>> {
        let Some(TypeDefKind::Result(result)) = function.result.as_ref().and_then(|t| self.kind(t))
        else {
            return None;
        };
        let TypeDefKind::Record(answer) = self.kind(result.ok.as_ref()?)? else { return None };
        let [count, list] = answer.fields.as_slice() else { return None };
        if (count.name.as_str(), list.name.as_str()) != ("count", "result") {
            return None;
        }
        let TypeDefKind::List(item) = self.kind(&list.ty)? else { return None };
        let [request] = function.params.as_slice() else { return None };
        let TypeDefKind::Record(fields) = self.kind(&request.ty)? else { return None };
        Some(Page { request: self.type_name(&request.ty)?, fields, item: *item })
    }

    /// A named type's name.
    #[must_use]
    pub fn type_name(&self, ty: &Type) -> Option<&str> {
        let Type::Id(id) = ty else { return None };
        self.resolve.types[*id].name.as_deref()
    }

    /// What a type is, behind all its names; none if it is a plain number, text or flag.
    #[must_use]
    pub fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(target) => self.kind(target),
            kind => Some(kind),
        }
    }

    /// A plain type behind all its names.
    fn plain(&self, ty: &Type) -> Type {
        match ty {
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(target) => self.plain(target),
                _ => *ty,
            },
            plain => *plain,
        }
    }

    /// Is there a value that stands for a field that was left out?
    #[must_use]
    pub fn has_default(&self, ty: &Type) -> bool {
        match self.kind(ty) {
            None => true,
            Some(kind) => matches!(kind, TypeDefKind::Option(_) | TypeDefKind::List(_)),
        }
    }

    /// wit-bindgen passes by reference what owns memory.
    #[must_use]
    pub fn is_passed_by_reference(&self, ty: &Type) -> bool {
        match self.kind(ty) {
            None => matches!(self.plain(ty), Type::String),
            Some(TypeDefKind::Option(inner)) => self.is_passed_by_reference(inner),
            Some(TypeDefKind::List(_)) => true,
            Some(TypeDefKind::Record(record)) => {
                record.fields.iter().any(|field| self.is_passed_by_reference(&field.ty))
            }
            Some(TypeDefKind::Variant(variant)) => {
                let mut payloads = variant.cases.iter().filter_map(|case| case.ty.as_ref());
                payloads.any(|ty| self.is_passed_by_reference(ty))
            }
            Some(_) => false,
        }
    }
}

/// Is this an enumeration to which POD may add? Then its last case holds any other code.
#[must_use]
pub fn is_open(variant: &Variant) -> bool {
    variant.cases.split_last().is_some_and(|(last, cases)| {
        last.name == "other"
            && matches!(last.ty, Some(Type::String))
            && cases.iter().all(|case| case.ty.is_none())
    })
}
