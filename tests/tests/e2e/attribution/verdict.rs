//! A receipt against the deeds.

use std::fmt;

use pod_emulator::Deed;
use pod_host::{Receipt, Status};

use super::town::Town;

/// What a receipt says of a call, if it is true.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Told {
    Claimed,
    Denied,
    Unknown,
}

/// What is wrong with a receipt.
#[derive(Clone, Debug)]
pub enum Wrong {
    /// It has an effect that none of the run's calls had.
    FalseClaim,
    /// One of the run's calls had an effect of which it says nothing.
    FalseDenial,
    /// Two of the run's calls had the effect of one.
    Twice,
    /// What it says contradicts itself, or is not how much it was.
    Inconsistent(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FalseClaim => f.write_str("FALSE CLAIM: none of the run's calls did it"),
            Self::FalseDenial => f.write_str("FALSE DENIAL: one of the run's calls did it"),
            Self::Twice => f.write_str("TWICE: several of the run's calls did it"),
            Self::Inconsistent(what) => write!(f, "INCONSISTENT: {what}"),
        }
    }
}

/// What a receipt says of the one call that its run made, and whether that is so.
pub async fn of_one_call(
    town: &Town,
    receipt: &Receipt,
    service: &str,
    moves: Option<u64>,
) -> Result<Told, (Wrong, Vec<Deed>)> {
    town.has_landed().await;
    let deeds = town.own_deeds().await;
    weigh(receipt, service, moves, &deeds).map_err(|wrong| (wrong, deeds))
}

/// What a receipt says of the one call that its run made, against what its calls did.
pub fn weigh(
    receipt: &Receipt,
    service: &str,
    moves: Option<u64>,
    deeds: &[Deed],
) -> Result<Told, Wrong> {
    let wrong = |what: String| Err(Wrong::Inconsistent(what));
    if receipt.effects.iter().any(|effect| effect.service != service)
        || deeds.iter().any(|deed| deed.service != service)
    {
        return wrong("another service than the one that was called".to_owned());
    }
    let (claims, doubts, done) = (receipt.effects.len(), receipt.doubts.len(), deeds.len());
    let told = match (claims, doubts) {
        (1, 0) => Told::Claimed,
        (0, 0) => Told::Denied,
        (0, 1) => Told::Unknown,
        _ => return wrong(format!("{claims} effects and {doubts} doubts of one call")),
    };
    match (told, done) {
        // A file without its hash is nobody's; POD sends an SMS as often as it is asked.
        (_, 2..) if service != "uploadFile" => return Err(Wrong::Twice),
        (Told::Claimed, 0) => return Err(Wrong::FalseClaim),
        (Told::Denied, 1..) => return Err(Wrong::FalseDenial),
        _ => {}
    }
    if (receipt.status == Status::UnknownOutcome) != (told == Told::Unknown) {
        return wrong(format!("its status is {:?}", receipt.status));
    }
    let claimed: u64 = receipt.effects.iter().map(|effect| effect.rials.0).sum();
    if receipt.meters.rials.0 != claimed {
        return wrong(format!("it charges {} and claims {claimed}", receipt.meters.rials));
    }
    let held: u64 = receipt.doubts.iter().map(|doubt| doubt.rials.0).sum();
    if let Some(moves) = moves {
        if told == Told::Claimed && claimed != moves {
            return wrong(format!("it claims {claimed} rials, and {moves} were moved"));
        }
        if told == Told::Unknown && held < moves {
            return wrong(format!("it holds {held} rials, and {moves} may have been moved"));
        }
    }
    Ok(told)
}
