//! What a script may do at all.
//!
//! The sandbox bounds time and memory, for scripts as for any policy. The limits here are on what
//! would end in a trap, nesting, so that a script learns of it in a sentence. It is stricter than
//! Rhai's own, because scripts move money: what compares, what asks a function about items, what
//! names a place or bits, and what makes a number another is ours ([`compare`], [`callbacks`],
//! [`places`], [`bits`], [`numbers`]), a variable that does not exist is found when the script is loaded, and reading a key
//! that an object map does not have is an error, not `()`. (`map.get("key")` answers `()`; the maps
//! that the host gives always have all their keys.)

use pod_sdk::log::Level;
use rhai::{
    Dynamic, Engine, EvalAltResult, ImmutableString, Map, Position, def_package,
    packages::{
        ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage,
        BasicMapPackage, BasicMathPackage, BasicStringPackage, BitFieldPackage, LogicPackage,
        MoreStringPackage, Package,
    },
};

use crate::{
    bits, blobs,
    call::{Answer, argument, infallible, unfit},
    callbacks, compare, json, numbers, places, rules, values,
};

/// Any seed will do, as long as it is always the same: a build's snapshots and its fuel must be
/// reproducible.
const HASHING_SEED: [u64; 4] = [0x706f_6468, 0x6f73_7420, 0x7268_6169, 0x2073_6565];

/// Functions that call one another.
const MAX_CALL_LEVELS: usize = 64;
/// Expressions within one another, outside of functions and within.
const MAX_EXPRESSION_DEPTH: usize = 64;
const MAX_FUNCTION_EXPRESSION_DEPTH: usize = 32;

/// Texts of a script that are kept once each.
const MAX_STRINGS_INTERNED: usize = 256;

/// Where a script's own lines go.
pub type Log = fn(Level, &str);

/// An engine that has everything but a world's capabilities.
#[must_use]
pub fn engine(log: Log) -> Engine {
    // An error says that it is set already: to this value, because nobody else sets it.
    let _ = rhai::config::hashing::set_hashing_seed(Some(HASHING_SEED));

    let mut engine = Engine::new_raw();
    Functions::new().register_into_engine(&mut engine);
    engine
        .set_max_strings_interned(MAX_STRINGS_INTERNED)
        .set_max_call_levels(MAX_CALL_LEVELS)
        .set_max_expr_depths(MAX_EXPRESSION_DEPTH, MAX_FUNCTION_EXPRESSION_DEPTH)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .disable_symbol("eval")
        // It takes a value of another kind for none of its cases, without a word.
        .disable_symbol("switch")
        .on_print(move |text| log(Level::Info, text))
        .on_debug(move |text, _, position| match position.line() {
            Some(line) => log(Level::Debug, &format!("line {line}: {text}")),
            None => log(Level::Debug, text),
        })
        .register_fn("info", move |message: Dynamic| log(Level::Info, &message.to_string()))
        .register_fn("warn", move |message: Dynamic| log(Level::Warn, &message.to_string()));
    engine.register_fn("exit", || exit(Dynamic::UNIT)).register_fn("exit", exit);
    compare::register(&mut engine);
    callbacks::register(&mut engine);
    places::register(&mut engine);
    numbers::register(&mut engine);
    bits::register(&mut engine);
    blobs::register(&mut engine);
    json_functions(&mut engine);
    values::register(&mut engine);
    rules::register(&mut engine);
    engine
}

def_package! {
    /// Rhai's own functions, but for those of `LanguageCorePackage`: its `sleep` is a trap in a
    /// sandbox, and its `parse_json` is replaced; and for those of `BasicBlobPackage`, which take what
    /// is not there for 0. What else of them is of use is registered one by one.
    Functions(_module): ArithmeticPackage, BasicStringPackage, BasicIteratorPackage, BasicFnPackage,
        BitFieldPackage, LogicPackage, BasicMathPackage, BasicArrayPackage,
        BasicMapPackage, MoreStringPackage
    {}
}

/// Ends the run with an answer.
fn exit(answer: Dynamic) -> Answer {
    Err(Box::new(EvalAltResult::Exit(answer, Position::NONE)))
}

/// JSON by `serde_json`: what a script writes is JSON, and what it reads is what was written.
fn json_functions(engine: &mut Engine) {
    const TO_JSON: &str = "to_json";
    const PARSE_JSON: &str = "parse_json";

    fn to_json(value: Dynamic) -> Answer {
        infallible(TO_JSON, argument::<serde_json::Value>(TO_JSON, "value", value)?.to_string())
    }

    engine
        .register_fn(TO_JSON, to_json)
        // A function for just this type would be found first.
        .register_fn(TO_JSON, |map: Map| to_json(Dynamic::from_map(map)))
        .register_fn(PARSE_JSON, |text: ImmutableString| {
            json::read_exactly(&text).map_err(|mismatch| unfit(PARSE_JSON, "text", mismatch))
        });
}
