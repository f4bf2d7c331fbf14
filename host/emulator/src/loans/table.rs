//! Tables in files: CSV and XLSX, read and written as rows of texts.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use pod_platform::Instant;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::service::Refusal;

/// How every XLSX file begins: it is a ZIP archive.
const ZIP: &[u8] = b"PK\x03\x04";

/// The rows of a file's only table, or of its first sheet. Empty ones are left out.
pub(super) struct Table {
    pub(super) rows: Vec<Vec<String>>,
    format: Format,
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Xlsx,
}

impl Table {
    /// Reads a file, or tells why that is not possible.
    pub(super) fn read(content: &[u8]) -> Result<Self, String> {
        let (mut rows, format) = if content.starts_with(ZIP) {
            (read_xlsx(content).map_err(|error| error.to_string())?, Format::Xlsx)
        } else {
            (read_csv(content).map_err(|error| error.to_string())?, Format::Csv)
        };
        rows.retain(|row: &Vec<String>| row.iter().any(|cell| !cell.is_empty()));
        Ok(Self { rows, format })
    }

    /// Writes a file of the kind that was read.
    pub(super) fn write(&self, at: Instant) -> Result<Vec<u8>, Refusal> {
        match self.format {
            Format::Csv => self.write_csv().map_err(Refusal::Internal),
            Format::Xlsx => self.write_xlsx(at).map_err(|error| Refusal::Internal(error.into())),
        }
    }

    fn write_csv(&self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in &self.rows {
            writer.write_record(row)?;
        }
        Ok(writer.into_inner()?)
    }

    fn write_xlsx(&self, at: Instant) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        // The platform's own time, so that the same calls make the same file.
        let seconds = i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX);
        let created = ExcelDateTime::from_timestamp(seconds)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        let sheet = workbook.add_worksheet();
        for (row, cells) in (0..).zip(&self.rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell)?;
            }
        }
        workbook.save_to_buffer()
    }
}

fn read_csv(content: &[u8]) -> Result<Vec<Vec<String>>, csv::Error> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(content)
        .records()
        .map(|record| Ok(record?.iter().map(str::to_owned).collect()))
        .collect()
}

fn read_xlsx(content: &[u8]) -> Result<Vec<Vec<String>>, calamine::XlsxError> {
    let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(content))?;
    let sheet = workbook.worksheet_range_at(0).transpose()?.unwrap_or_default();
    Ok(sheet.rows().map(|row| row.iter().map(text).collect()).collect())
}

/// A cell as its author sees it: whole numbers without a fraction.
fn text(cell: &Data) -> String {
    cell.to_string().trim().to_owned()
}
