//! Words that stand in entries: who writes them and who reads them go by these.

/// How the evidence of an answer begins that goes by more than was read or stated.
pub(crate) const ASSUMED: &str = "assumed: ";
/// How the evidence ends of a call that was in doubt, was sent again, and was done.
pub(crate) const REPEATED: &str = "sent again: done";
/// The function that asks a merchant's own server, as grants name it, too.
pub(crate) const FETCH: &str = "http.fetch";
/// How journals and receipts name what is done there.
pub(crate) const HTTP: &str = "http";
/// The arguments of such a request that name what is done where.
pub(crate) const NAMES_OF_HTTP: [&str; 2] = ["method", "url"];
