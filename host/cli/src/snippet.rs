//! A mistake shown where it stands in its file, like a compiler does.

use std::path::Path;

use miette::{
    GraphicalReportHandler, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents, Report,
    SourceCode, SourceSpan, SpanContents,
};
use pod_host::{Place, read_file};

use crate::shown::shown;

/// Of a larger file no line is shown, in bytes.
const LARGEST: u64 = 16 << 20;

/// Prints the message with the file's line. False, if the file cannot be read (any more).
pub fn print(path: &Path, place: Place, message: &str) -> bool {
    // What cannot be read twice, such as a pipe, is not read again.
    let text = read_file(path, LARGEST).ok().and_then(|text| String::from_utf8(text).ok());
    let Some(text) = text else { return false };
    let (text, message) = (shown(&text), shown(message));
    let source = Source { name: path.display().to_string(), text };
    let (offset, length) = span(&source.text, place);
    // The first line is the sentence; it names the place, too, for those who search for it.
    let at = format!("{}:{}:{}", path.display(), place.line, place.column);
    let mut lines = message.lines();
    let label = lines.next().unwrap_or_default();
    let diagnostic = MietteDiagnostic::new(format!("{at}: {label}"))
        .with_label(LabeledSpan::underline((offset, length)));
    let diagnostic = match lines.collect::<Vec<_>>().join("\n") {
        rest if rest.is_empty() => diagnostic,
        rest => diagnostic.with_help(rest),
    };
    let report = Report::new(diagnostic).with_source_code(source);
    let handler = if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        GraphicalReportHandler::new()
    } else {
        GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
    };
    let mut text = String::new();
    if handler.render_report(&mut text, report.as_ref()).is_err() {
        return false;
    }
    eprint!("{text}");
    true
}

/// A file whose columns are counted in characters, as the sentence counts them; miette alone counts
/// bytes.
struct Source {
    name: String,
    text: String,
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
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
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
