//! Every mutating service, whatever was so before, whatever is lost, and whoever acts in between.
//!
//! All cells are many; by default as many are drawn as a machine with two cores plays in two minutes,
//! of each service and each kind of loss some.
//!
//! - `PODHOST_MATRIX=all`: all cells, and `docs/attribution.md` is held to what they say; with
//!   `UPDATE_ATTRIBUTION=1`, it is written.
//! - `PODHOST_SEED`: what is drawn.
//! - `PODHOST_CELL`: only cells whose names hold this text, and what each comes to.
//! - `PODHOST_SHOW_UNKNOWN`: names the cells that end unknown.

use std::{any::Any, collections::BTreeMap, panic::AssertUnwindSafe, time::Instant};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use pod_host::Digest;

use super::{
    cases::{Case, cases},
    cell::{Cell, Loss, State, Until},
    table::Table,
    town::Town,
    verdict::Told,
};

/// How many cells are played at once: they mostly wait.
const AT_ONCE: usize = 10;

/// Of each call, kind of state and kind of loss, so many cells are drawn.
const DRAWN: usize = 1;

fn all(case: &Case) -> Vec<Cell<'_>> {
    let acts = 0..case.acts.len();
    let states = [State::Open, State::ByUs, State::LostByUs, State::LandsByUs]
        .into_iter()
        .chain(acts.clone().map(State::By));
    let untils = [Until::InTime, Until::TheWindowIsOver].into_iter();
    let others = acts.filter(|act| !case.acts[*act].is_of_the_same_author());
    let untils: Vec<Until> = untils.chain(others.map(Until::Another)).collect();
    let mut cells = Vec::new();
    for state in states {
        for loss in Loss::ALL {
            let answered = loss == Loss::Nothing;
            // Nothing is looked into.
            let untils = if answered { &untils[..1] } else { &untils[..] };
            cells.extend(untils.iter().map(|&until| Cell { case, state, loss, until }));
        }
    }
    cells
}

/// Some of the cells, by a seed: all services, states and kinds of loss are among them.
fn drawn(cells: Vec<Cell<'_>>, seed: u64) -> Vec<Cell<'_>> {
    let mut groups: BTreeMap<_, Vec<(Digest, Cell<'_>)>> = BTreeMap::new();
    for cell in cells {
        let rank = Digest::of(&[&seed.to_le_bytes(), cell.to_string().as_bytes()]);
        let group = (cell.case.name.clone(), cell.state.kind(), cell.loss.kind());
        groups.entry(group).or_default().push((rank, cell));
    }
    let first = |mut group: Vec<(Digest, _)>| {
        group.sort_by_key(|(rank, _)| rank.0);
        group.truncate(DRAWN);
        group.into_iter().map(|(_, cell)| cell)
    };
    groups.into_values().flat_map(first).collect()
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_tell_whose_doing_it_was() {
    let cases = cases();
    let is_all = std::env::var("PODHOST_MATRIX").is_ok_and(|form| form == "all");
    let only = std::env::var("PODHOST_CELL").ok();
    let seed = number("PODHOST_SEED").unwrap_or(1);
    let mut cells: Vec<Cell<'_>> = cases.iter().flat_map(all).collect();
    let of_all = cells.len();
    if let Some(text) = &only {
        cells.retain(|cell| cell.to_string().contains(text.as_str()));
    } else if !is_all {
        cells = drawn(cells, seed);
    }
    println!("{} of {of_all} cells, PODHOST_SEED={seed}", cells.len());

    let began = Instant::now();
    let shows_unknown = std::env::var_os("PODHOST_SHOW_UNKNOWN").is_some();
    let mut table = Table::default();
    let mut wrong = Vec::new();
    // Its script is compiled once, not by everybody who finds it missing.
    let town = Town::start().await;
    town.run(town.options(&[])).await;
    let mut played = stream::iter(cells)
        .map(|cell| async move {
            let played = AssertUnwindSafe(cell.play()).catch_unwind().await;
            (cell, played.unwrap_or_else(|panic| Err(message(&*panic))))
        })
        .buffer_unordered(AT_ONCE);
    while let Some((cell, told)) = played.next().await {
        match told {
            Ok(told) => {
                if only.is_some() || shows_unknown && told == Told::Unknown {
                    println!("{told:?}: {cell}");
                }
                table.count(&cell, told);
            }
            Err(what) => wrong.push(format!("{cell}\n    {what}")),
        }
    }
    println!("played in {:?}\n{}", began.elapsed(), table.markdown());
    wrong.sort();
    assert!(wrong.is_empty(), "{} receipts are wrong:\n{}", wrong.len(), wrong.join("\n"));
    table.hold(is_all && only.is_none());
}
