//! Chance that can be repeated.

use sha2::{Digest as _, Sha256};

/// What a draw depends on: not on time, and not on calls of other services.
pub(super) struct Draw<'a> {
    pub(super) seed: u64,
    /// The fault's own number, so that two faults of one service do not happen together.
    pub(super) fault: i64,
    pub(super) service: &'a str,
    pub(super) call: i64,
}

impl Draw<'_> {
    /// Does something of this probability happen?
    pub(super) fn happens(&self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// Between 0 and 1, evenly.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what such a number holds")]
    fn fraction(&self) -> f64 {
        let hash = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(self.fault.to_be_bytes())
            .chain_update(self.call.to_be_bytes())
            .chain_update(self.service)
            .finalize();
        let bits = hash.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    fn hits(seed: u64, fault: i64, service: &str, probability: f64) -> Vec<i64> {
        let happens = |call: &i64| Draw { seed, fault, service, call: *call }.happens(probability);
        (1..=1_000).filter(happens).collect()
    }

    #[test]
    fn happens_about_as_often_as_it_should_and_differs_with_everything() {
        let some = hits(1, 1, "payBill", 0.2);
        assert!((150..250).contains(&some.len()), "{}", some.len());
        assert_eq!(some, hits(1, 1, "payBill", 0.2));
        for other in
            [hits(2, 1, "payBill", 0.2), hits(1, 2, "payBill", 0.2), hits(1, 1, "file", 0.2)]
        {
            assert_ne!(some, other);
        }
        assert_eq!(hits(1, 1, "payBill", 1.0).len(), 1_000);
    }
}
