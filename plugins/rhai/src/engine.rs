//! What a script may do at all.
//!
//! The sandbox bounds time and memory, for scripts as for any policy. The limits here are on what
//! would end in a trap, nesting, so that a script learns of it in a sentence. Two settings are
//! stricter than Rhai's own, because scripts move money: a variable that does not exist is found
//! when the script is loaded, and reading a key that an object map does not have is an error, not
//! `()`. (`map.get("key")` answers `()`; the maps that the host gives always have all their keys.)

use pod_sdk::log::Level;
use rhai::{Dynamic, Engine};

use crate::{rules, values};

/// Any seed will do, as long as it is always the same: a build's snapshots and its fuel must be
/// reproducible.
const HASHING_SEED: [u64; 4] = [0x706f_6468, 0x6f73_7420, 0x7268_6169, 0x2073_6565];

/// Functions that call one another.
const MAX_CALL_LEVELS: usize = 64;
/// Expressions within one another, outside of functions and within.
const MAX_EXPRESSION_DEPTH: usize = 64;
const MAX_FUNCTION_EXPRESSION_DEPTH: usize = 32;

/// Where a script's own lines go.
pub type Log = fn(Level, &str);

/// An engine that has everything but a world's capabilities.
#[must_use]
pub fn engine(log: Log) -> Engine {
    // An error says that it is set already: to this value, because nobody else sets it.
    let _ = rhai::config::hashing::set_hashing_seed(Some(HASHING_SEED));

    let mut engine = Engine::new();
    engine
        .set_max_call_levels(MAX_CALL_LEVELS)
        .set_max_expr_depths(MAX_EXPRESSION_DEPTH, MAX_FUNCTION_EXPRESSION_DEPTH)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .disable_symbol("eval")
        .on_print(move |text| log(Level::Info, text))
        .on_debug(move |text, _, position| match position.line() {
            Some(line) => log(Level::Debug, &format!("line {line}: {text}")),
            None => log(Level::Debug, text),
        })
        .register_fn("info", move |message: Dynamic| log(Level::Info, &message.to_string()))
        .register_fn("warn", move |message: Dynamic| log(Level::Warn, &message.to_string()));
    values::register(&mut engine);
    rules::register(&mut engine);
    engine
}
