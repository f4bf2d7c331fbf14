//! Idempotency keys: the caller's own name for a run. The same request under the same key is run once.

use crate::error::Error;

/// How long a key may be, in bytes.
const LONGEST: usize = 200;

/// Can a run have this key? An empty one, as of a variable that is not set, would make one run of
/// all that have it.
///
/// # Errors
/// [`Error::Input`], if it cannot.
pub fn check_key(key: &str) -> Result<(), Error> {
    let refuse = |reason: String| {
        let what = "a key is your own name for one request, such as 1399-03-salaries";
        Err(Error::Input(format!("{reason}: {what}")))
    };
    if key.trim().is_empty() {
        return refuse("the key is empty".to_owned());
    }
    if key.trim() != key {
        return refuse(format!("the key `{key}` begins or ends with a blank"));
    }
    if key.chars().any(char::is_control) {
        return refuse(format!("the key {key:?} has a character that nobody sees"));
    }
    if key.len() > LONGEST {
        return refuse(format!("the key has {} bytes, and may have {LONGEST}", key.len()));
    }
    Ok(())
}
