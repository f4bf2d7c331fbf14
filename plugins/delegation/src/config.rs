//! The merchant's settings, whose schema stands in policy.toml.

use serde::Deserialize;

/// What the wallet is for.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// May the wallet pay what delegated credit does not?
    pub use_wallet: UseWallet,
    /// Which wallet.
    pub wallet_code: String,
    /// So many rials stay in the wallet.
    pub wallet_floor: u64,
}

impl Default for Config {
    fn default() -> Self {
        let wallet_code = "PODLAND_WALLET".to_owned();
        Self { use_wallet: UseWallet::default(), wallet_code, wallet_floor: 0 }
    }
}

/// May the wallet pay what delegated credit does not?
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum UseWallet {
    /// When no delegated credit is left that could.
    #[default]
    LastResort,
    /// Not a rial.
    Never,
}
