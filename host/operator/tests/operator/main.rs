//! podhost.toml, as whoever embeds the library uses it.

mod connecting;
mod file;
mod grants;
mod secrets;
