//! The commands for whoever keeps the books.

use clap::{Args, ValueEnum};

use super::Store;
use crate::period::Bound;

/// Print what runs did on the platform, line by line, for the books
///
/// Every effect with what it acted on, what it was paid from, what really moved, POD's reference number
/// and how it is known: answered by POD, or read on the platform afterwards. Doubts, and what persons
/// decided of them, are lines of kinds of their own. Each rial is in one line, and counts for the day
/// on which its call began. Dry runs, and runs on the platform in their process, are not in it.
#[derive(Args, Debug)]
#[command(after_help = STATEMENT_EXAMPLES)]
pub struct Statement {
    /// Of calls that began then or later: a day, Jalali (1399/03/01) or ISO (2020-05-21), one with a
    /// time, or how long ago (36h, 7d) [default: from the beginning]
    #[arg(long, value_name = "WHEN")]
    pub from: Option<Bound>,
    /// Up to then: a day is in it whole, a time of day is its end and not in it [default: up to now]
    #[arg(long, value_name = "WHEN")]
    pub to: Option<Bound>,
    /// For this account [default: all]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: StatementFormat,
    #[command(flatten)]
    pub store: Store,
}

const STATEMENT_EXAMPLES: &str = "\
Examples:
  podhost statement --from 1399/03/01 --to 1399/03/31
  podhost statement --from 2020-05-21 --account bakery --format csv > khordad.csv
  podhost statement --from 7d --format json

Exit code 3: the journal of some run cannot be read, so it is not in the statement.";

/// How a statement is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum StatementFormat {
    /// For people
    Table,
    /// For spreadsheets; the sums go to stderr
    Csv,
    /// One JSON object: {"lines", "sums", "left_out", "unreadable"}
    Json,
}

/// List all calls of which nobody knows whether they took effect, the oldest first
///
/// Over the whole store, with the rials that each of them holds, and the command that goes on with it:
/// a run that was cut off is resumed, which looks into its doubts; what that cannot prove, a person
/// settles.
#[derive(Args, Debug)]
#[command(after_help = DOUBTS_EXAMPLES)]
pub struct Doubts {
    /// For this account [default: all]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Of the policy with this name [default: all]
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Print one JSON object: {"doubts": [...], "rials", "unreadable"}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub store: Store,
}

const DOUBTS_EXAMPLES: &str = "\
Examples:
  podhost doubts
  podhost doubts --account bakery --json

Exit code 3: the journal of some run cannot be read, so its doubts are not known.";
