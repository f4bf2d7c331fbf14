//! Tests of the command as its users see it: a topic a module.

mod accounts;
mod bad_accounts;
mod bad_input;
mod build_command;
mod common;
mod deciders;
mod dry_run;
mod durable;
mod foreign_text;
mod grants;
mod help;
mod run;
mod sandbox;
mod store;
mod terminal;
