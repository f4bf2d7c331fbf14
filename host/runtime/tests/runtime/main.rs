//! Tests of the crate through its public interface: a topic a module. What needs a platform is in
//! `tests`.

mod budgets;
mod grant_intersection;
mod input;
mod input_schema;
mod journal_entries;
mod settings;
mod settings_bounds;
mod statements;
mod url_patterns;
