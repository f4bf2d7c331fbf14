//! What the real platform showed of a thing, with what has changed of it here since.

use pod_platform::wire::lenient::{self, Item};
use serde::Serialize;
use serde_json::{Map, Value};

/// The thing as it was `upstream`, but for the fields that are not shown `now` as they were shown
/// `before` anything changed here. So fields that the emulator has no column for stay as they are.
pub(crate) fn overlay<T: Item>(upstream: &T, before: &T, now: &T) -> Result<T, serde_json::Error> {
    let (mut shown, before, now) = (fields(upstream)?, fields(before)?, fields(now)?);
    shown.retain(|field, _| now.contains_key(field) || !before.contains_key(field));
    for (field, value) in now {
        if before.get(&field) != Some(&value) {
            shown.insert(field, value);
        }
    }
    lenient::item(&serde_json::to_string(&shown)?)
}

fn fields(thing: &impl Serialize) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(thing)?)
}
