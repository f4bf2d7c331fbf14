//! What stays unknown, as a table: it stands in `docs/attribution.md`, and is held to there.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use podhost_tests::project;

use super::{
    cell::{Cell, Kind},
    verdict::Told,
};

const FILE: &str = "docs/attribution.md";
const BEGIN: &str =
    "<!-- What stays unknown: generated, see tests/tests/e2e/attribution/table.rs -->\n";
const END: &str = "<!-- End of what stays unknown -->\n";

const KINDS: [(Kind, &str); 7] = [
    (Kind::Answered, "answered"),
    (Kind::NotMade, "lost before"),
    (Kind::Made, "lost after"),
    (Kind::Lands, "lands late"),
    (Kind::LandsLater, "lands too late"),
    (Kind::KilledNotMade, "killed before"),
    (Kind::KilledMade, "killed after"),
];

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    unknown: u64,
    all: u64,
}

/// How many cells of each case and each kind of loss end unknown.
#[derive(Debug, Default)]
pub struct Table(BTreeMap<(String, Kind), Count>);

impl Table {
    pub fn count(&mut self, cell: &Cell<'_>, told: Told) {
        let count = self.0.entry((cell.case.name.clone(), cell.loss.kind())).or_default();
        count.all += 1;
        count.unknown += u64::from(told == Told::Unknown);
    }

    /// A row for each case; a column for each kind of loss.
    pub fn markdown(&self) -> String {
        let mut text = "| call | unknown |".to_owned();
        KINDS.iter().for_each(|(_, name)| write!(text, " {name} |").expect("a text"));
        text.push_str("\n|---|---|");
        text.push_str(&"---|".repeat(KINDS.len()));
        text.push('\n');
        let mut names: Vec<&String> = self.0.keys().map(|(name, _)| name).collect();
        names.dedup();
        for name in names {
            let of = |kind| self.0.get(&(name.clone(), kind)).copied().unwrap_or_default();
            let (mut unknown, mut all) = (0, 0);
            let mut row = String::new();
            for (kind, _) in KINDS {
                let count = of(kind);
                unknown += count.unknown;
                all += count.all;
                write!(row, " {} |", share(count)).expect("a text");
            }
            writeln!(text, "| {name} | {} |{row}", share(Count { unknown, all })).expect("a text");
        }
        text
    }

    /// Compares it with what the page says, or writes the page. Where only some cells were played,
    /// nothing may be unknown of which the page says that it never is.
    pub fn hold(&self, is_all: bool) {
        let kept = fs::read_to_string(project(FILE)).expect("the page");
        let begin = kept.find(BEGIN).expect("the table begins") + BEGIN.len();
        let end = kept.find(END).expect("the table ends");
        let (before, rest) = kept.split_at(begin);
        let (table, after) = rest.split_at(end - begin);
        let updates = std::env::var_os("UPDATE_ATTRIBUTION").is_some();
        if is_all || updates {
            let new = format!("\n{}\n", self.markdown());
            if updates {
                fs::write(project(FILE), format!("{before}{new}{after}")).expect("it is written");
            } else {
                assert_eq!(table, new, "{FILE} says something else");
            }
            return;
        }
        for ((name, kind), count) in &self.0 {
            let column = 3 + KINDS.iter().position(|(of, _)| of == kind).expect("a column");
            let row = table.lines().find(|row| row.starts_with(&format!("| {name} |")));
            let row = row.unwrap_or_else(|| panic!("{FILE} has no row of {name}"));
            let cell = row.split('|').nth(column).expect("a cell").trim();
            assert!(
                count.unknown == 0 || cell != share(Count { unknown: 0, all: 1 }),
                "{FILE} says that {name} is never unknown in this column: {kind:?}"
            );
        }
    }
}

fn share(count: Count) -> String {
    match count {
        Count { all: 0, .. } => "–".to_owned(),
        Count { unknown: 0, .. } => "0".to_owned(),
        // Rounded up: little is not nothing.
        Count { unknown, all } => format!("{} %", (100 * unknown).div_ceil(all)),
    }
}
