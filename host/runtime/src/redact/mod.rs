//! What nobody should read in a text: secrets and card numbers.

mod cards;
mod mask;

pub(crate) use cards::without_cards;
pub(crate) use mask::Mask;
