//! Fields that POD sent in another shape are not there for a script: one that asks for such a field is
//! told that it is missing, as it would be of any other that there is not.

use rhai::Map;

/// The keys of such fields, each named in POD's spelling.
pub(crate) fn keys<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(key).collect()
}

/// Takes them out.
pub(crate) fn take_out(map: &mut Map, keys: &[String]) {
    for key in keys {
        map.remove(key.as_str());
    }
}

/// `payableAmount` is `payable_amount` in scripts.
fn key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            key.push('_');
        }
        key.push(letter.to_ascii_lowercase());
    }
    key
}
