//! One-time tokens.
//!
//! A token is the number of the call whose answer carried it, and a code that only this platform
//! can make for that number. So a fresh one costs no write, and only used ones are kept: every
//! answer carries a token, few are ever used.

use sha2::{Digest, Sha256};
use sqlx::{SqliteConnection, query};

/// Makes and recognises one-time tokens.
pub(crate) struct Otts {
    key: [u8; 32],
}

impl Otts {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The token that the answer to call `number` carries.
    pub(crate) fn issue(&self, number: i64) -> String {
        format!("{number:016x}{:032x}", self.code(number))
    }

    /// The number of the call that gave out `ott`; `None` if none did.
    pub(crate) fn recognise(&self, ott: &str) -> Option<i64> {
        let number = i64::from_str_radix(ott.get(..16)?, 16).ok()?;
        (number > 0 && self.issue(number) == ott).then_some(number)
    }

    /// Everything hashed is of a fixed length, so a plain hash with the key in front is enough of a
    /// message authentication code.
    fn code(&self, number: i64) -> u128 {
        let hash =
            Sha256::new().chain_update(self.key).chain_update(number.to_be_bytes()).finalize();
        hash.iter().take(16).fold(0, |code, byte| (code << 8) | u128::from(*byte))
    }
}

/// Uses a token; false if it was used before.
pub(crate) async fn spend(
    connection: &mut SqliteConnection,
    number: i64,
) -> Result<bool, sqlx::Error> {
    let done = query("INSERT OR IGNORE INTO used_otts (number) VALUES (?)")
        .bind(number)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_its_own_only() {
        let otts = Otts::new([7; 32]);
        let ott = otts.issue(42);
        assert_eq!(otts.recognise(&ott), Some(42));
        assert_eq!(Otts::new([8; 32]).recognise(&ott), None);
        for made_up in ["", "1", "٣٣٣٣٣٣٣٣٣٣", &ott[1..], &ott.replace('2', "3")] {
            assert_eq!(otts.recognise(made_up), None, "{made_up}");
        }
    }
}
