//! Who may borrow under a contract, and how much: as a table that the grantor uploads.
//!
//! S4 links a sample file, but does not say what is in it. Here a row names the columns: at least
//! one that tells who, and the amount; above it there may be a title. Every row below is done, or
//! not, by itself, and the answer is the same table with what came of each.

use pod_platform::files::File;

use super::{
    columns::{Column, WHO, amount},
    contract::{Contract, credit, set_credit},
    table::{Cell, Row, Table},
};
use crate::{
    files::{self, Record},
    parties::Parties,
    service::{Context, Refusal},
};

/// By which a user is named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Name {
    UserId(u64),
    CellphoneNumber(String),
    NationalCode(String),
    Username(String),
}

impl Name {
    fn owner(&self, parties: &Parties) -> Option<i64> {
        match self {
            Self::UserId(id) => i64::try_from(*id).ok().filter(|id| parties.is_user(*id)),
            Self::CellphoneNumber(number) => parties.by_cellphone_number(number),
            // A spreadsheet takes a code's leading zeros away.
            Self::NationalCode(code) => parties.by_national_code(&format!("{code:0>10}")),
            Self::Username(name) => parties.by_username(name),
        }
    }
}

/// Why names are nobody's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Nameless {
    /// None is given.
    NoName,
    /// This one of them is nobody's.
    Unknown(usize),
    /// They are different users'.
    Different,
}

/// The user who is meant by all of these names.
pub(crate) fn meant(names: &[Name], parties: &Parties) -> Result<i64, Nameless> {
    let mut meant = None;
    for (index, name) in names.iter().enumerate() {
        let user = name.owner(parties).ok_or(Nameless::Unknown(index))?;
        if *meant.get_or_insert(user) != user {
            return Err(Nameless::Different);
        }
    }
    meant.ok_or(Nameless::NoName)
}

/// Sets what the rows of an uploaded table say, and keeps the table of what came of it.
pub(crate) async fn update(
    context: &mut Context<'_>,
    contract: &Contract,
    file: &Record,
) -> Result<File, Refusal> {
    let (mut table, header) = read(&file.content)?;
    let width = table.rows.iter().skip(header.row).map(|row| row.cells.len()).max().unwrap_or(0);
    for (index, row) in table.rows.iter_mut().enumerate().skip(header.row) {
        let results = if index == header.row {
            ["result".to_owned(), "currentCredit".to_owned()]
        } else {
            let (user, result) = update_member(context, contract, &header, row).await?;
            let credit = match user {
                Some(user) => credit(context.connection, contract.id, user).await?,
                None => None,
            };
            [result, credit.map(|credit| credit.to_string()).unwrap_or_default()]
        };
        row.cells.resize(width, Cell::default());
        row.cells.extend(results.map(Cell::of));
    }
    let content = table.write(context.now)?;
    files::keep(context, format!("result-{}", table.file_name(&file.name)), content).await
}

/// The row that names the columns.
struct Header {
    /// Its place among the rows.
    row: usize,
    names: Vec<String>,
    columns: Vec<Option<Column>>,
}

impl Header {
    /// A row, if it names what is needed: who, and how much.
    fn of(row: usize, cells: &[Cell]) -> Option<Self> {
        let names: Vec<String> = cells.iter().map(|cell| cell.text.clone()).collect();
        let columns: Vec<_> = names.iter().map(|name| Column::named(name)).collect();
        let has = |wanted: &[Column]| columns.iter().flatten().any(|one| wanted.contains(one));
        (has(&WHO) && has(&[Column::Amount, Column::Tomans])).then_some(Self {
            row,
            names,
            columns,
        })
    }

    /// Refuses columns of which nobody knows which is meant, or that hold something else.
    fn check(&self) -> Result<(), Refusal> {
        for (index, column) in self.columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let name = self.names.get(index).map_or("", String::as_str);
            if *column == Column::Tomans {
                return Err(refused(format!("amounts in rials, not in tomans as in `{name}`")));
            }
            if self.columns.iter().skip(index + 1).any(|other| *other == Some(*column)) {
                return Err(refused(format!("one column only with what `{name}` holds")));
            }
        }
        Ok(())
    }

    /// The cell of a column in a row, and where it stands; none, if there is nothing in it.
    fn cell<'a>(&self, row: &'a Row, column: Column) -> Option<(&'a Cell, String)> {
        let index = self.columns.iter().position(|known| *known == Some(column))?;
        let cell = row.cells.get(index).filter(|cell| !cell.is_empty())?;
        Some((cell, row.place_of(index, self.names.get(index).map_or("", String::as_str))))
    }
}

/// The table of a file, and the row of it that names the columns.
fn read(content: &[u8]) -> Result<(Table, Header), Refusal> {
    let readings = Table::readings(content)
        .map_err(|reason| refused(format!("a table as CSV, XLSX, XLSB, XLS or ODS: {reason}")))?;
    let mut begins = None;
    for table in readings {
        let mut rows = table.rows.iter().enumerate();
        if let Some(header) = rows.find_map(|(index, row)| Header::of(index, &row.cells)) {
            header.check()?;
            return Ok((table, header));
        }
        begins = begins.or_else(|| {
            let first = table.rows.first()?;
            Some(first.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(", "))
        });
    }
    Err(refused(match begins {
        None => "a table as CSV, XLSX, XLSB, XLS or ODS: it is empty".to_owned(),
        Some(first) => format!(
            "a row that names the column amount (مبلغ) and one of userId (شناسه کاربر), \
             cellphoneNumber (شماره موبایل), nationalCode (کد ملی) and username (نام کاربری); the \
             first row is `{first}`"
        ),
    }))
}

fn refused(expected: String) -> Refusal {
    Refusal::argument("fileId", expected)
}

/// Does what one row says. Whom it means, if anybody, and what came of it.
async fn update_member(
    context: &mut Context<'_>,
    contract: &Contract,
    header: &Header,
    row: &Row,
) -> Result<(Option<i64>, String), Refusal> {
    let expected = header.names.len();
    if let Some(extra) = row.cells.iter().skip(expected).find(|cell| !cell.is_empty()) {
        let (place, extra) = (row.place(), &extra.text);
        let reason = format!(
            "{place}: `{extra}` stands behind the last of the {expected} columns; if it is a part \
             of the value before, put that in quotes"
        );
        return Ok((None, reason));
    }
    let (mut names, mut places) = (Vec::new(), Vec::new());
    for column in WHO {
        let Some((cell, place)) = header.cell(row, column) else { continue };
        match column.name(cell) {
            Some(name) => names.push(name),
            None => return Ok((None, unexpected(cell, &place, column))),
        }
        places.push((cell, place));
    }
    let user = match meant(&names, context.parties) {
        Ok(user) => user,
        Err(Nameless::Unknown(index)) => {
            let (text, place) = places
                .get(index)
                .map_or(("", ""), |(cell, place)| (cell.text.as_str(), place.as_str()));
            return Ok((None, format!("{place}: `{text}` is no user's")));
        }
        Err(Nameless::Different) => {
            return Ok((None, format!("{}: the names are different users'", row.place())));
        }
        Err(Nameless::NoName) => return Ok((None, format!("{}: no user is named", row.place()))),
    };
    if context.parties.owns(user, contract.business_id) {
        return Ok((None, format!("{}: the grantor does not lend to itself", row.place())));
    }
    let Some((cell, place)) = header.cell(row, Column::Amount) else {
        return Ok((Some(user), format!("{}: no amount is given", row.place())));
    };
    let Some(rials) = amount(cell) else {
        return Ok((Some(user), unexpected(cell, &place, Column::Amount)));
    };
    set_credit(context.connection, contract.id, user, rials.0.cast_signed()).await?;
    Ok((Some(user), "done".to_owned()))
}

/// Why a cell is not read: where it stands, what is in it, and what is expected.
fn unexpected(cell: &Cell, place: &str, column: Column) -> String {
    let (text, expected) = (&cell.text, column.expected());
    match &cell.other {
        Some(other) => format!("{place}: `{text}` is {other}; expected {expected}"),
        None => format!("{place}: `{text}` is not {expected}"),
    }
}
