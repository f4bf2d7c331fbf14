//! Tests of the command as its users see it: a topic a module.

mod accounts;
mod bad_accounts;
mod bad_input;
mod build_command;
mod common;
mod deciders;
mod dry_run;
mod durable;
mod grants;
mod help;
mod paused;
mod run;
mod sandbox;
mod secrecy;
mod sharing;
mod stopping;
mod store;
mod terminal;
