//! A mistake shown where it stands in its file, like a compiler does.

use std::path::Path;

use miette::{
    GraphicalReportHandler, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents, Report,
    SourceCode, SourceSpan, SpanContents,
};
use pod_host::{Place, read_file};
use pod_platform::without_byte_order_mark;

use crate::terminal::{self, foreign, source};

/// Of a larger file no line is shown, in bytes.
const LARGEST: u64 = 16 << 20;

/// Whose message it is.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Whose {
    Host,
    Policy,
}

/// Prints the message with the file's line. False, if the file cannot be read (any more).
pub fn print(path: &Path, place: Place, message: &str, whose: Whose) -> bool {
    // What cannot be read twice, such as a pipe, is not read again.
    let text = read_file(path, LARGEST).ok().and_then(|text| String::from_utf8(text).ok());
    let Some(text) = text else { return false };
    let name = foreign(path.display()).to_string();
    // The first line is the sentence; it names the place, too, for those who search for it.
    let at = format!("{name}:{}:{}", place.line, place.column);
    let (text, cut) = excerpt(&source(without_byte_order_mark(&text)), place);
    let place = Place { column: place.column - cut.min(place.column), ..place };
    let source = Source { name, text, cut: cut as usize };
    let (offset, length) = span(&source.text, place);
    let mut lines = message.lines().map(|line| foreign(line).within(MESSAGE).to_string());
    let label = lines.next().unwrap_or_default();
    let diagnostic = MietteDiagnostic::new(format!("{at}: {label}"))
        .with_label(LabeledSpan::underline((offset, length)));
    let rest: Vec<String> = lines.collect();
    let diagnostic = match whose {
        Whose::Host if !rest.is_empty() => diagnostic.with_help(rest.join("\n")),
        _ => diagnostic,
    };
    let report = Report::new(diagnostic).with_source_code(source);
    let handler = if terminal::is_watched() {
        GraphicalReportHandler::new()
    } else {
        GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
    };
    let mut text = String::new();
    if handler.render_report(&mut text, report.as_ref()).is_err() {
        return false;
    }
    if whose == Whose::Policy {
        // What a policy says beyond one sentence is not taken for the host's.
        text.extend(rest.iter().map(|line| format!("policy │ {line}\n")));
    }
    terminal::coloured_error(&text);
    true
}

/// A file whose columns are counted in characters, as the sentence counts them; miette alone counts
/// bytes.
struct Source {
    name: String,
    text: String,
    /// Letters that were cut off at the front of the line in question.
    cut: usize,
}

/// Letters of a message that are shown of each of its lines.
const MESSAGE: usize = 1_000;
/// Letters of a line that are shown before and after the place in it.
const AROUND: usize = 120;

/// The text with its long lines cut: of the line in question, what is around the place; and how many
/// letters were cut off before that.
fn excerpt(text: &str, place: Place) -> (String, u32) {
    let mut cut = 0;
    let shown = text.split('\n').zip(1..).map(|(line, number)| {
        let length = line.chars().count();
        let at = if number == place.line { place.column as usize } else { 0 };
        let skipped = if length > 2 * AROUND { at.saturating_sub(AROUND) } else { 0 };
        let mut part: String = line.chars().skip(skipped).take(2 * AROUND).collect();
        if number == place.line {
            cut = skipped as u32;
        }
        if length > skipped + 2 * AROUND {
            part.push('…');
        }
        part
    });
    (shown.collect::<Vec<_>>().join("\n"), cut)
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, lines_before, lines_after)?;
        let before = &self.text[..self.text.floor_char_boundary(contents.span().offset())];
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + self.cut;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            column,
            contents.line_count(),
        )))
    }
}

/// The word that begins at the place, in bytes of the source.
fn span(source: &str, place: Place) -> (usize, usize) {
    let before: usize = source
        .split_inclusive('\n')
        .take(place.line.saturating_sub(1) as usize)
        .map(str::len)
        .sum();
    let line = source[before..].lines().next().unwrap_or_default();
    let column = line.char_indices().nth(place.column.saturating_sub(1) as usize);
    let start = column.map_or(line.len(), |(byte, _)| byte);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let length = line[start..].chars().take_while(|c| word(*c)).map(char::len_utf8).sum();
    (before + start, length)
}
