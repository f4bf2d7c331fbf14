//! One cell of the matrix: the state before, what is lost of the call, and what happens until it is
//! looked into.

use std::{fmt, sync::Arc, time::Duration};

use pod_emulator::Deed;
use pod_host::{Point, Receipt};
use podhost_tests::mortal::{Gate, Life};
use serde_json::{Value, json};

use super::{
    cases::Case,
    town::{LANDING_WINDOW, Reads, Town, run_in},
    verdict::{Told, Wrong, of_one_call, weigh},
};

/// Time passes between what happened before and the run, but less than clocks may differ by.
const BEFORE: Duration = Duration::from_secs(1);

/// Time passes after the landing window, and more than clocks may differ by.
const BEYOND: Duration = Duration::from_secs(6);

/// How things stand before the call.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    Open,
    /// An earlier run of ours was answered.
    ByUs,
    /// The answer to an earlier run of ours was lost.
    LostByUs,
    /// What an earlier run of ours called lands later than its landing window.
    LandsByUs,
    /// One of the case's acts was.
    By(usize),
}

/// What happens until the call is looked into.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Until {
    /// Nothing: it is looked into at once.
    InTime,
    /// The landing window is over.
    TheWindowIsOver,
    /// One of the case's acts takes place.
    Another(usize),
}

impl State {
    /// Whoever brought it about.
    pub fn kind(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::ByUs => 1,
            Self::LostByUs | Self::LandsByUs => 2,
            Self::By(_) => 3,
        }
    }
}

/// What is lost.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Loss {
    /// Nothing: it is answered.
    Nothing,
    UnansweredBefore,
    UnansweredAfter,
    LandsWithin,
    LandsLater,
    CodeBefore(u16),
    CodeAfter(u16),
    StatusBefore(u16),
    StatusAfter(u16),
    ResetBefore,
    ResetAfter,
    /// The host is killed when its intent is on the disk.
    KilledBefore,
    /// The host is killed when POD has answered.
    KilledAfter,
    /// It was not answered, and then the host is killed.
    KilledUnansweredBefore,
    KilledUnansweredAfter,
}

/// Losses that look alike to whoever looks into them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    Answered,
    NotMade,
    Made,
    Lands,
    LandsLater,
    KilledNotMade,
    KilledMade,
}

impl Loss {
    pub const ALL: [Self; 19] = [
        Self::Nothing,
        Self::UnansweredBefore,
        Self::UnansweredAfter,
        Self::LandsWithin,
        Self::LandsLater,
        Self::CodeBefore(227),
        Self::CodeAfter(227),
        Self::CodeBefore(378),
        Self::CodeAfter(378),
        Self::CodeBefore(999),
        Self::CodeAfter(999),
        Self::StatusBefore(502),
        Self::StatusAfter(502),
        Self::ResetBefore,
        Self::ResetAfter,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::KilledUnansweredBefore,
        Self::KilledUnansweredAfter,
    ];

    pub fn kind(self) -> Kind {
        match self {
            Self::Nothing => Kind::Answered,
            Self::UnansweredBefore
            | Self::CodeBefore(_)
            | Self::StatusBefore(_)
            | Self::ResetBefore => Kind::NotMade,
            Self::UnansweredAfter
            | Self::CodeAfter(_)
            | Self::StatusAfter(_)
            | Self::ResetAfter => Kind::Made,
            Self::LandsWithin => Kind::Lands,
            Self::LandsLater => Kind::LandsLater,
            Self::KilledBefore | Self::KilledUnansweredBefore => Kind::KilledNotMade,
            Self::KilledAfter | Self::KilledUnansweredAfter => Kind::KilledMade,
        }
    }

    fn fault(self) -> Option<Value> {
        let window = LANDING_WINDOW.as_millis() as u64;
        Some(match self {
            Self::Nothing | Self::KilledBefore | Self::KilledAfter => return None,
            Self::UnansweredBefore | Self::KilledUnansweredBefore => {
                json!({ "unanswered": "before" })
            }
            Self::UnansweredAfter | Self::KilledUnansweredAfter => json!({ "unanswered": "after" }),
            Self::LandsWithin => {
                json!({ "unanswered": "before", "landsAfterMilliseconds": window / 4 })
            }
            Self::LandsLater => {
                json!({ "unanswered": "before", "landsAfterMilliseconds": 2 * window })
            }
            Self::CodeBefore(code) => json!({ "errorCode": code }),
            Self::CodeAfter(code) => json!({ "errorCode": code, "answered": "after" }),
            Self::StatusBefore(status) => json!({ "httpStatus": status }),
            Self::StatusAfter(status) => json!({ "httpStatus": status, "answered": "after" }),
            Self::ResetBefore => json!({ "reset": "before" }),
            Self::ResetAfter => json!({ "reset": "after" }),
        })
    }

    /// Where the host is killed.
    fn kills_at(self) -> Option<Point> {
        match self {
            Self::KilledBefore => Some(Point::AfterIntent),
            Self::KilledAfter | Self::KilledUnansweredBefore | Self::KilledUnansweredAfter => {
                Some(Point::AfterEffect)
            }
            _ => None,
        }
    }
}

/// A cell.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    pub case: &'a Case,
    pub state: State,
    pub loss: Loss,
    pub until: Until,
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let act = |index: usize| &self.case.acts[index].name;
        write!(f, "{} | before: ", self.case.name)?;
        match self.state {
            State::Open => write!(f, "open")?,
            State::ByUs => write!(f, "already by us")?,
            State::LostByUs => write!(f, "an attempt of ours, unanswered")?,
            State::LandsByUs => write!(f, "an attempt of ours, which lands later")?,
            State::By(index) => write!(f, "already: {}", act(index))?,
        }
        write!(f, " | {:?} | ", self.loss)?;
        match self.until {
            Until::InTime => write!(f, "looked at in time"),
            Until::TheWindowIsOver => write!(f, "looked at after the landing window"),
            Until::Another(index) => write!(f, "in between: {}", act(index)),
        }
    }
}

impl Cell<'_> {
    /// Plays it: what the receipt says, or what is wrong with it, in words.
    pub async fn play(&self) -> Result<Told, String> {
        let case = self.case;
        let mut town = Town::start().await;
        if case.unreadable {
            town.reads = Reads::UpToACeiling;
        }
        for call in &case.before {
            town.call(call).await.unwrap_or_else(|error| panic!("{self}: {call:?}: {error}"));
        }
        let earlier = match self.state {
            State::Open => None,
            State::ByUs => Some(Loss::Nothing),
            State::LostByUs => Some(Loss::UnansweredAfter),
            State::LandsByUs => Some(Loss::LandsLater),
            State::By(act) => {
                self.act(&mut town, act).await;
                None
            }
        };
        let earlier = match earlier {
            None => None,
            Some(loss) => {
                let line = town.draw_a_line().await;
                if let Some(fault) = loss.fault() {
                    town.fault(case.service, fault).await;
                }
                Some((line, loss, town.run(self.options(&town)).await))
            }
        };
        town.mortal.pod.advance(BEFORE).await.expect("the clock moves");
        let line = town.draw_a_line().await;
        if let Some(fault) = self.loss.fault() {
            town.fault(case.service, fault).await;
        }
        let receipt = match self.loss.kills_at() {
            Some(point) => self.killed(&mut town, point).await,
            None => self.halted(&mut town).await,
        };
        let told = of_one_call(&town, &receipt, case.service, case.moves).await;
        if let Some((from, loss, receipt)) = earlier {
            let deeds = town.own_deeds_between(from, line).await;
            let told = weigh(&receipt, case.service, case.moves, &deeds);
            let told =
                told.map_err(|wrong| in_words(&wrong, "the earlier run's ", &receipt, &deeds))?;
            if loss == Loss::Nothing && told != Told::Claimed {
                return Err(format!("the earlier run does nothing: {}", shown(&receipt)));
            }
        }
        told.map_err(|(wrong, deeds)| in_words(&wrong, "", &receipt, &deeds))
    }

    fn options(&self, town: &Town) -> pod_host::RunOptions {
        town.options(&[(&*self.case.function, self.case.request.clone())])
    }

    /// Somebody else's doing. It may be too late for it.
    async fn act(&self, town: &mut Town, act: usize) {
        // What was to go wrong with our call must not go wrong with others'.
        town.mortal.pod.clear_faults().await.expect("they can be taken away");
        for call in self.case.calls_of(&self.case.acts[act]) {
            if town.call(&call).await.is_err() {
                break;
            }
        }
    }

    async fn meanwhile(&self, town: &mut Town) {
        match self.until {
            Until::InTime => {}
            Until::TheWindowIsOver => {
                if self.loss == Loss::LandsWithin {
                    town.has_landed().await;
                }
                town.mortal.pod.advance(LANDING_WINDOW + BEYOND).await.expect("the clock moves");
            }
            Until::Another(act) => self.act(town, act).await,
        }
    }

    /// The host dies at the point, and the run is gone on with later.
    async fn killed(&self, town: &mut Town, point: Point) -> Receipt {
        let (options, reads) = (self.options(town), town.reads);
        let kills = move |_, at| at == point;
        let ended =
            town.mortal.live(kills, async move |life| run_in(life, options, reads).await).await;
        self.meanwhile(town).await;
        match ended {
            Some(receipt) => receipt,
            None => {
                let go_on = async |life: Life| life.go_on().await.expect("the run was cut off");
                town.mortal.live_on(go_on).await
            }
        }
    }

    /// The host stops where the first attempt has come to an end, until it is let go.
    async fn halted(&self, town: &mut Town) -> Receipt {
        let (options, reads) = (self.options(town), town.reads);
        if self.until == Until::InTime {
            return town.run(options).await;
        }
        let (gate, keeper) = Gate::at(Point::AfterEffect);
        let mortal = Arc::clone(&town.mortal);
        let live = mortal.live(keeper, async move |life| run_in(life, options, reads).await);
        tokio::pin!(live);
        let ended = tokio::select! {
            // What is refused at once is not in doubt.
            ended = &mut live => ended,
            () = gate.is_reached() => {
                self.meanwhile(town).await;
                gate.open();
                live.await
            }
        };
        ended.expect("nobody kills it")
    }
}

fn in_words(wrong: &Wrong, whose: &str, receipt: &Receipt, deeds: &[Deed]) -> String {
    format!("{wrong}\n    {whose}receipt: {}\n    {whose}deeds: {deeds:?}", shown(receipt))
}

/// What a person reads of a receipt.
fn shown(receipt: &Receipt) -> String {
    let Receipt { status, effects, doubts, denied, meters, output, error, .. } = receipt;
    let rials = meters.rials.0;
    format!(
        "{status:?}, charged {rials}, effects {effects:?}, doubts {doubts:?}, denied {denied:?}, \
         output {output}, error {error:?}"
    )
}
