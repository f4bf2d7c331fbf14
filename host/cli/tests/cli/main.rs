//! Tests of the command as its users see it: a topic a module.

mod accounts;
mod bad_accounts;
mod bad_input;
mod bound_grants;
mod build_command;
mod checking;
mod common;
mod deciders;
mod dry_run;
mod durable;
mod grants;
mod help;
mod hostile_folders;
mod run;
mod sandbox;
mod store;
mod terminal;
mod untrusted_folders;
mod whose_token;
