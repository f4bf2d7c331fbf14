//! Text with separated values, in the encodings and with the separators that shops' programs use.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1256};

use super::{Cell, Format, Place, Row, Table};

/// What may stand between two values.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A first line by which a file tells Excel its separator.
const TELLS_SEPARATOR: &str = "sep=";

/// A file that says that it is in UTF-8.
const MARK: &str = "\u{feff}";

/// The tables that a text may be: one, if it tells its separator.
pub(super) fn read(content: &[u8]) -> Result<Vec<Table>, String> {
    let (text, marked) = decode(content)?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (told, body, lines_before) = match told_separator(&text) {
        Some((separator, body)) => (Some(separator), body, 1),
        None => (None, text.as_str(), 0),
    };
    let separators = told.map_or(SEPARATORS.to_vec(), |separator| vec![separator]);
    let table = |separator| {
        let rows = rows(body, separator, lines_before).map_err(|error| error.to_string())?;
        Ok(Table { rows, format: Format::Separated { separator, marked } })
    };
    separators.into_iter().map(table).collect()
}

/// The separator that a text tells, and what comes behind.
fn told_separator(text: &str) -> Option<(u8, &str)> {
    let (first, body) = text.split_once('\n')?;
    let told = first.trim_matches('"').strip_prefix(TELLS_SEPARATOR)?;
    match told.as_bytes() {
        [separator] => Some((*separator, body)),
        _ => None,
    }
}

fn rows(text: &str, separator: u8, lines_before: usize) -> Result<Vec<Row>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let (mut counted, mut line) = (0, lines_before + 1);
    for record in reader.records() {
        let record = record?;
        // The reader's own count stops before the empty lines that it passes over.
        let begun = record.position().map_or(counted, |position| {
            usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len())
        });
        let passed = text
            .get(begun..)
            .map_or(0, |rest| rest.bytes().take_while(|byte| *byte == b'\n').count());
        let start = begun + passed;
        line += text.get(counted..start).map_or(0, |passed| passed.matches('\n').count());
        counted = start;
        rows.push(Row { cells: record.iter().map(Cell::of).collect(), place: Place::Line(line) });
    }
    Ok(rows)
}

/// The text of a file, and whether it has to be marked as Unicode when it is written again.
///
/// What has no mark and is not UTF-8 was written by a program that knows but one code page: in a
/// Persian or Arabic Windows, 1256.
fn decode(content: &[u8]) -> Result<(String, bool), String> {
    let encoding = match Encoding::for_bom(content) {
        Some((encoding, mark)) => return decode_as(encoding, content.get(mark..).unwrap_or(&[])),
        None if content.contains(&0) => without_mark(content),
        None => match std::str::from_utf8(content) {
            Ok(text) => return Ok((text.to_owned(), false)),
            Err(_) => WINDOWS_1256,
        },
    };
    decode_as(encoding, content)
}

/// UTF-16, whose Latin letters, digits and separators have a zero before or behind them.
fn without_mark(content: &[u8]) -> &'static Encoding {
    let zeros =
        |first: usize| content.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    if zeros(0) > zeros(1) { UTF_16BE } else { UTF_16LE }
}

fn decode_as(encoding: &'static Encoding, content: &[u8]) -> Result<(String, bool), String> {
    encoding
        .decode_without_bom_handling_and_without_replacement(content)
        .map(|text| (text.into_owned(), true))
        .ok_or_else(|| format!("it seems to be {}, but is not", encoding.name()))
}

pub(super) fn write(
    rows: &[Row],
    separator: u8,
    marked: bool,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let start = if marked { MARK } else { "" };
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .delimiter(separator)
        .from_writer(start.as_bytes().to_vec());
    for row in rows {
        writer.write_record(row.cells.iter().map(|cell| &cell.text))?;
    }
    Ok(writer.into_inner()?)
}
