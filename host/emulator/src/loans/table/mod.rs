//! Tables in files, as their authors' programs write them: text with separated values, and the
//! spreadsheets XLSX, XLSB, XLS and ODS. They are read as rows of texts, and written again.
//!
//! A cell that shows a number is not always one: a date is a number of days, and a formula may have
//! been saved without its value. Such a cell says what it is, so that nobody takes it for a number.

mod separated;
mod sheet;

use pod_platform::Instant;

use crate::service::Refusal;

/// How the files of spreadsheet programs begin: a ZIP archive, or Microsoft's compound file.
const SPREADSHEETS: [&[u8]; 2] = [b"PK\x03\x04", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"];

/// The rows of a file's only table, or of its first visible sheet. Empty ones are left out.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    format: Format,
}

enum Format {
    Separated {
        separator: u8,
        /// Does the file say at its beginning that it is Unicode? Excel needs that.
        marked: bool,
    },
    Spreadsheet,
}

/// A row, and where it stands in the file.
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    place: Place,
}

enum Place {
    /// Of a text, from 1.
    Line(usize),
    /// Of a sheet, from 0, and the column of the first cell.
    Cells { row: u32, first: u32 },
}

/// A cell as its author sees it.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// What it is, if it is neither a text nor a number.
    pub(super) other: Option<String>,
}

impl Cell {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), other: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.other.is_none()
    }
}

impl Row {
    /// Where the row stands, for people.
    pub(super) fn place(&self) -> String {
        match self.place {
            Place::Line(line) => format!("line {line}"),
            Place::Cells { row, .. } => format!("row {}", u64::from(row) + 1),
        }
    }

    /// Where one of its cells stands, whose column has this name.
    pub(super) fn place_of(&self, index: usize, name: &str) -> String {
        match self.place {
            Place::Line(line) => format!("line {line}, column {name}"),
            Place::Cells { row, first } => {
                let column = u64::from(first) + index as u64;
                format!("cell {}{}", letters(column), u64::from(row) + 1)
            }
        }
    }
}

/// A column as spreadsheets name it: A, …, Z, AA, …
fn letters(mut column: u64) -> String {
    let mut letters = Vec::new();
    loop {
        // Less than 26.
        letters.insert(0, char::from(b'A' + (column % 26) as u8));
        match (column / 26).checked_sub(1) {
            Some(rest) => column = rest,
            None => return letters.into_iter().collect(),
        }
    }
}

impl Table {
    /// The ways in which a file can be read as a table: one for each separator that its values may
    /// have. Fails with the reason why it is none.
    pub(super) fn readings(content: &[u8]) -> Result<Vec<Self>, String> {
        let mut readings = if SPREADSHEETS.iter().any(|start| content.starts_with(start)) {
            vec![Self { rows: sheet::read(content)?, format: Format::Spreadsheet }]
        } else {
            separated::read(content)?
        };
        for table in &mut readings {
            table.rows.retain(|row| !row.cells.iter().all(Cell::is_empty));
        }
        Ok(readings)
    }

    /// The name of the written file, for a file of this name that was read: all spreadsheets are
    /// written as XLSX.
    pub(super) fn file_name(&self, read: &str) -> String {
        let stem = match (&self.format, read.rsplit_once('.')) {
            (Format::Separated { .. }, _) => return read.to_owned(),
            (Format::Spreadsheet, Some((stem, _))) => stem,
            (Format::Spreadsheet, None) => read,
        };
        format!("{stem}.xlsx")
    }

    /// Writes a file: separated as it was, in UTF-8, or a spreadsheet.
    pub(super) fn write(&self, at: Instant) -> Result<Vec<u8>, Refusal> {
        match self.format {
            Format::Separated { separator, marked } => {
                separated::write(&self.rows, separator, marked).map_err(Refusal::Internal)
            }
            Format::Spreadsheet => {
                sheet::write(&self.rows, at).map_err(|error| Refusal::Internal(error.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_are_named_as_in_a_spreadsheet() {
        let names = [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")];
        for (column, name) in names {
            assert_eq!(letters(column), name);
        }
    }
}
