//! Tests of the crate through its public interface: a topic a module.

mod answers;
mod common;
mod effects;
mod errors;
mod evidence;
mod reference;
mod requests;
mod routes;
mod rules;
mod samples;
mod spellings;
mod strange_items;
