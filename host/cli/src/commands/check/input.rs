//! What a policy takes as its input, for people to read.

use serde_json::Value;

use crate::terminal::Table;

/// The fields of an input, by their policy's schema.
pub fn fields(schema: &Value) -> Table {
    let mut table = Table::new(["input", "is", "left out", "meaning"]);
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.is_some_and(|names| names.iter().any(|known| known == name));
        let left_out = match (&field["default"], is_required) {
            (Value::Null, true) => "refused".to_owned(),
            (Value::Null, false) => "-".to_owned(),
            (default, _) => default.to_string(),
        };
        let meaning = field["description"].as_str().unwrap_or("-");
        table.row([name.as_str(), &kind(field), &left_out, meaning]);
    }
    table
}

/// `integer, minimum 0`
fn kind(field: &Value) -> String {
    let keywords = field.as_object().into_iter().flatten();
    let mut kind: Vec<String> = Vec::new();
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            ("type", Value::String(name)) => kind.insert(0, name.clone()),
            ("default" | "description", _) => {}
            // What is in a list or an object is long: --json has it.
            (_, Value::Object(_)) => kind.push(format!("{keyword} …")),
            (_, Value::Array(values)) if values.iter().any(Value::is_object) => {
                kind.push(format!("{keyword} …"));
            }
            _ => kind.push(format!("{keyword} {value}")),
        }
    }
    if kind.is_empty() { "anything".to_owned() } else { kind.join(", ") }
}
