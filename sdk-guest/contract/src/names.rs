//! The contract's names, as wit-bindgen, scripts and POD spell them.

/// A type or a case in the bindings.
#[must_use]
pub fn pascal(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters.flat_map(char::to_lowercase)).collect::<String>()
    };
    name.split('-').map(capitalised).collect()
}

/// A function, field or module; also its name in scripts.
#[must_use]
pub fn snake(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// A snake_case name in the bindings, where Rust's keywords get an underscore.
#[must_use]
pub fn field(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
        "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod",
        "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait",
        "true", "type", "unsafe", "use", "where", "while", "yield",
    ];
    let escape = if KEYWORDS.contains(&name) { "_" } else { "" };
    format!("{name}{escape}")
}

/// POD's own spelling of an open enumeration's case.
#[must_use]
pub fn code(case: &str) -> String {
    case.replace('-', "_").to_uppercase()
}
