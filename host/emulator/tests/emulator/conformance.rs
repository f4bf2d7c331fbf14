//! `docs/conformance.md` is what it says it is: every statement of POD's documents has a source,
//! and a test that is there or a reason; and no service is without a statement.

use std::{collections::BTreeMap, fs, path::Path};

use pod_platform::{Route, Row, Service, ServiceVisitor, catalogue, visit_services};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const DOCUMENT: &str = "docs/conformance.md";

/// The documents, then what only POD's public clients tell.
const SOURCES: [&str; 6] = ["S0", "S1", "S2", "S3", "S4", "C"];

/// Where the sources of the test programs are that are named.
const PROGRAMS: [(&str, &str); 5] = [
    ("emulator", "host/emulator/tests/emulator"),
    ("platform", "host/platform/tests/platform"),
    ("e2e", "tests/tests/e2e"),
    ("bill", "host/values/tests/bill.rs"),
    ("jalali", "host/values/tests/jalali.rs"),
];

const REASON: &str = "not there, because ";

/// A row of a table.
struct Statement {
    id: String,
    says: String,
    source: String,
    held: String,
}

impl Statement {
    fn is_held(&self) -> bool {
        !self.held.starts_with(REASON)
    }
}

fn document() -> String {
    fs::read_to_string(Path::new(ROOT).join(DOCUMENT)).unwrap()
}

/// The rows whose first cell is an id of this kind, such as `S1.7`.
fn rows(document: &str, kinds: &[&str]) -> Vec<Statement> {
    let mut rows = Vec::new();
    for (line, text) in document.lines().enumerate() {
        let Some(row) = text.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            continue;
        };
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let is_id = |kind: &str| {
            let number = cells[0].strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        if !kinds.iter().any(|kind| is_id(kind)) {
            continue;
        }
        let [id, says, source, held] = cells[..] else {
            panic!("{DOCUMENT}:{}: a row has 4 cells, not {}", line + 1, cells.len())
        };
        let owned = |cell: &str| cell.to_owned();
        rows.push(Statement {
            id: owned(id),
            says: owned(says),
            source: owned(source),
            held: owned(held),
        });
    }
    rows
}

fn statements() -> Vec<Statement> {
    rows(&document(), &SOURCES)
}

#[test]
fn statements_are_numbered_in_the_order_of_their_documents() {
    let mut expected: Vec<String> = Vec::new();
    let found = statements();
    for source in SOURCES {
        let of = format!("{source}.");
        let count = found.iter().filter(|statement| statement.id.starts_with(&of)).count();
        assert!(count > 0, "nothing is said of {source}");
        expected.extend((1..=count).map(|number| format!("{source}.{number}")));
    }
    let ids: Vec<&str> = found.iter().map(|statement| statement.id.as_str()).collect();
    assert_eq!(ids, expected);
    let decisions = rows(&document(), &["D"]);
    for (number, decision) in (1..).zip(&decisions) {
        assert_eq!(decision.id, format!("D.{number}"));
    }
    assert!(!decisions.is_empty());
}

#[test]
fn every_statement_has_a_source() {
    for Statement { id, says, source, .. } in statements() {
        let document = id.split_once('.').unwrap().0;
        assert!(!says.is_empty(), "{id} says nothing");
        let place = source.strip_prefix(document).filter(|rest| rest.starts_with(' '));
        assert!(
            place.is_some_and(|place| place.trim().len() > 2),
            "{id}: its source begins with {document} and a place in it, not `{source}`"
        );
    }
}

#[test]
fn the_head_counts_what_is_there() {
    let text = document();
    let (clients, statements): (Vec<_>, Vec<_>) =
        statements().into_iter().partition(|statement| statement.id.starts_with("C."));
    let held = statements.iter().filter(|statement| statement.is_held()).count();
    for told in [
        format!("**{} statements**", statements.len()),
        format!("**{held} are held by a test**"),
        format!("**{} are not there**", statements.len() - held),
        format!("**{} more**", clients.len()),
        format!("**{} times**", rows(&text, &["D"]).len()),
    ] {
        assert!(text.contains(&told), "the head of {DOCUMENT} has to say {told}");
    }
}

#[test]
fn what_holds_a_statement_is_there() {
    let mut faults = Vec::new();
    let mut sources = BTreeMap::new();
    for Statement { id, held, .. } in rows(&document(), &["S0", "S1", "S2", "S3", "S4", "C", "D"]) {
        if let Some(reason) = held.strip_prefix(REASON) {
            if reason.len() < 10 {
                faults.push(format!("{id}: a reason is a sentence, not `{reason}`"));
            }
            continue;
        }
        for cell in held.split(", ") {
            let test = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
            match test.map(|test| find(&mut sources, test)) {
                Some(Ok(())) => {}
                Some(Err(fault)) => faults.push(format!("{id}: {fault}")),
                None => faults.push(format!("{id}: neither `tests` nor a reason: {cell}")),
            }
        }
    }
    assert!(faults.is_empty(), "{DOCUMENT}:\n{}", faults.join("\n"));
}

/// Is this the path of a test, as its program names it, behind the program's name?
fn find(sources: &mut BTreeMap<String, String>, test: &str) -> Result<(), String> {
    let missing = |what: &str| Err(format!("`{test}`: {what}"));
    let Some((program, path)) = test.split_once("::") else { return missing("no program") };
    let Some((_, place)) = PROGRAMS.iter().find(|(name, _)| *name == program) else {
        return missing("no program of this name is known here");
    };
    let mut read = |file: String| {
        let text = sources.entry(file).or_insert_with_key(|file| {
            fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_default()
        });
        text.clone()
    };
    let (text, function) = match path.rsplit_once("::") {
        None => (read((*place).to_owned()), path),
        Some((modules, function)) => {
            let first = modules.split("::").next().unwrap_or_default();
            if !read(format!("{place}/main.rs")).contains(&format!("mod {first};")) {
                return missing("no such module in its program");
            }
            (read(format!("{place}/{}.rs", modules.replace("::", "/"))), function)
        }
    };
    let Some((before, _)) = text.split_once(&format!("fn {function}(")) else {
        return missing("no such function");
    };
    let (above, _) = before.rsplit_once('\n').unwrap_or_default();
    let above = above.lines().rev().map(str::trim);
    let mut attributes = above.take_while(|line| line.starts_with('#') || line.starts_with("//"));
    if attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test")) {
        Ok(())
    } else {
        missing("no test")
    }
}

#[test]
fn every_service_of_the_catalogue_is_spoken_of() {
    struct Spoken {
        texts: Vec<String>,
        missing: Vec<&'static str>,
    }

    impl Spoken {
        fn look(&mut self, row: &Row) {
            let path = match row.route {
                Route::Path { path, .. } | Route::Upload { path } | Route::Download { path } => {
                    path
                }
                Route::Product(_) | Route::Link { .. } => row.name,
            };
            let names = [format!("`{}`", row.name), format!("`{path}`")];
            if !self.texts.iter().any(|text| names.iter().any(|name| text.contains(name))) {
                self.missing.push(row.name);
            }
        }
    }

    impl ServiceVisitor for Spoken {
        fn visit<S: Service>(&mut self) {
            self.look(S::ROW);
        }
    }

    let texts = statements().into_iter().map(|statement| statement.says).collect();
    let mut spoken = Spoken { texts, missing: Vec::new() };
    visit_services(&mut spoken);
    spoken.look(&catalogue::GET_OTT);
    assert!(spoken.missing.is_empty(), "no statement of {DOCUMENT} names {:?}", spoken.missing);
}
