//! The contract keeps to the integers that every guest language has. StarlingMonkey gives JavaScript a
//! negative `s64` as 2^64 more, and lets a bare `u32` from 2^31 on leave as another number.

use pod_contract::Contract;
use wit_parser::{Type, TypeDefKind};

/// What a `u32` says: counts, sizes and places, which come nowhere near 2^31. Ids and rials are `u64`.
const SMALL: [&str; 10] = [
    "breathing-period-count",
    "column",
    "installment-id",
    "installments",
    "line",
    "max-breathing-period-count",
    "paid-installment-count",
    "pre-settlement-id",
    "size",
    "sms-content-type",
];

/// The integers that a type is made of, other types' names followed.
fn is_made_of(contract: &Contract, ty: &Type, sought: Type) -> bool {
    let Type::Id(id) = ty else { return *ty == sought };
    match &contract.resolve.types[*id].kind {
        TypeDefKind::Type(ty) | TypeDefKind::Option(ty) | TypeDefKind::List(ty) => {
            is_made_of(contract, ty, sought)
        }
        TypeDefKind::Tuple(tuple) => tuple.types.iter().any(|ty| is_made_of(contract, ty, sought)),
        TypeDefKind::Result(result) => {
            let both = [result.ok, result.err].into_iter().flatten();
            both.into_iter().any(|ty| is_made_of(contract, &ty, sought))
        }
        // Their fields and cases are looked at by themselves.
        TypeDefKind::Record(_) | TypeDefKind::Variant(_) | TypeDefKind::Enum(_) => false,
        kind => panic!("a {} may be made of anything", kind.as_str()),
    }
}

/// Everything in the contract that has a type, by its name: fields, cases, parameters, answers.
fn typed(contract: &Contract) -> Vec<(String, String, Type)> {
    let mut typed = Vec::new();
    for (_, definition) in &contract.resolve.types {
        let owner = definition.name.clone().unwrap_or_default();
        match &definition.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                typed.extend(fields.map(|field| (owner.clone(), field.name.clone(), field.ty)));
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().filter_map(|case| Some((&case.name, case.ty?)));
                typed.extend(cases.map(|(name, ty)| (owner.clone(), name.clone(), ty)));
            }
            _ => {}
        }
    }
    let worlds = contract.resolve.worlds.iter().flat_map(|(_, world)| {
        world.imports.values().chain(world.exports.values()).filter_map(|item| match item {
            wit_parser::WorldItem::Function(function) => Some(function),
            _ => None,
        })
    });
    let interfaces =
        contract.resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
    for function in worlds.chain(interfaces) {
        let parameters = function.params.iter().map(|part| (part.name.clone(), part.ty));
        let answer = function.result.map(|ty| ("its answer".to_owned(), ty));
        let all = parameters.chain(answer);
        typed.extend(all.map(|(name, ty)| (function.name.clone(), name, ty)));
    }
    typed
}

#[test]
fn d8_no_integer_of_the_contract_becomes_another_in_a_guest() {
    let contract = Contract::read();
    let typed = typed(&contract);
    assert!(typed.len() > 300, "the whole contract is looked at: {}", typed.len());
    for (owner, name, ty) in &typed {
        assert!(!is_made_of(&contract, ty, Type::S64), "{owner}: {name} is an s64");
        let is_small = SMALL.contains(&name.as_str());
        assert!(
            is_small || !is_made_of(&contract, ty, Type::U32),
            "{owner}: {name} is a u32: can it reach 2^31? Then it is a u64, else it is SMALL"
        );
    }
}
