//! Spreadsheets: the first sheet that their author sees.

use std::io::Cursor;

use calamine::{
    Data, Range, Reader as _, SheetType, SheetVisible, Sheets, Xls, open_workbook_auto_from_rs,
    open_workbook_from_rs,
};
use pod_platform::Instant;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::{Cell, Place, Row};

/// Reads the first visible sheet.
pub(super) fn read(content: &[u8]) -> Result<Vec<Row>, String> {
    let file = Cursor::new(content);
    let mut workbook = if content.starts_with(b"PK") {
        open_workbook_auto_from_rs(file)
            .map_err(|_| "it is an archive, but no XLSX, XLSB or ODS".to_owned())?
    } else {
        // The error of the old format says so if the file is locked by a password.
        Sheets::Xls(open_workbook_from_rs::<Xls<_>, _>(file).map_err(|error| error.to_string())?)
    };
    let mut sheets = workbook.sheets_metadata().iter();
    let sheet = sheets
        .find(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .ok_or("it has no visible sheet")?;
    let name = sheet.name.clone();
    let values = workbook.worksheet_range(&name).map_err(|error| error.to_string())?;
    let formulas = workbook.worksheet_formula(&name).map_err(|error| error.to_string())?;
    Ok(rows(&values, &formulas))
}

/// A formula whose value is missing may stand outside of the cells that have one.
fn rows(values: &Range<Data>, formulas: &Range<String>) -> Vec<Row> {
    let starts = [values.start(), formulas.start()].into_iter().flatten();
    let ends = [values.end(), formulas.end()].into_iter().flatten();
    let bounds = starts
        .reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)))
        .zip(ends.reduce(|one, other| (one.0.max(other.0), one.1.max(other.1))));
    let Some(((top, first), (bottom, last))) = bounds else { return Vec::new() };
    let row = |row| {
        let cell = |column| {
            let place = (row, column);
            let formula = formulas.get_value(place).filter(|formula| !formula.is_empty());
            cell(values.get_value(place).unwrap_or(&Data::Empty), formula)
        };
        Row { cells: (first..=last).map(cell).collect(), place: Place::Cells { row, first } }
    };
    (top..=bottom).map(row).collect()
}

/// A cell as its author sees it: whole numbers without a fraction.
fn cell(value: &Data, formula: Option<&String>) -> Cell {
    if let Some(formula) = formula
        && is_nothing(value)
    {
        // Programs that do not compute write 0, or nothing.
        let formula = formula.trim_start_matches('=');
        return Cell {
            text: format!("={formula}"),
            other: Some(
                "a formula that was saved without its value, or with 0: save the file in a \
                 spreadsheet program, or write the number"
                    .to_owned(),
            ),
        };
    }
    let (text, other) = match value {
        Data::DateTime(at) if at.is_datetime() => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            (format!("{year:04}-{month:02}-{day:02}"), Some("a date"))
        }
        Data::DateTimeIso(text) => (text.clone(), Some("a date")),
        Data::DateTime(_) | Data::DurationIso(_) => (value.to_string(), Some("a length of time")),
        Data::Bool(_) => (value.to_string(), Some("true or false")),
        Data::Error(_) => (value.to_string(), Some("an error of the spreadsheet")),
        Data::Int(_) | Data::Float(_) | Data::String(_) | Data::Empty => (value.to_string(), None),
    };
    Cell { text: text.trim().to_owned(), other: other.map(str::to_owned) }
}

fn is_nothing(value: &Data) -> bool {
    match value {
        Data::Empty | Data::Int(0) => true,
        Data::Float(number) => *number == 0.0,
        Data::String(text) => text.is_empty(),
        _ => false,
    }
}

pub(super) fn write(rows: &[Row], at: Instant) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The platform's own time, so that the same calls make the same file.
    let seconds = i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX);
    let created = ExcelDateTime::from_timestamp(seconds)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = workbook.add_worksheet();
    for (row, Row { cells, .. }) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, &cell.text)?;
        }
    }
    workbook.save_to_buffer()
}
