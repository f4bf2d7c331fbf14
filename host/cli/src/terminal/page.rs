//! Lines for people, made ready before any of them is written.

use std::fmt;

use super::{
    table::Table,
    text::{LINE, foreign, line, lines, width_of, wrapped},
};

/// What a broken line goes on after.
const INDENT: &str = "    ";
/// Lines of one text of somebody else's that are shown.
const LINES: usize = 1_000;

/// Lines, tables, and what others wrote.
#[derive(Default)]
pub struct Page(Vec<Part>);

enum Part {
    Line(String),
    Whole(String),
    Table(Table),
    Text(Vec<String>),
    Quoted(&'static str, Page),
}

impl Page {
    /// A line of the host's; others' words in it are [`foreign`](super::foreign). [`put!`](crate::put)
    /// is shorter.
    pub fn line(&mut self, words: fmt::Arguments<'_>) {
        self.0.push(Part::Line(line(&words.to_string())));
    }

    /// A line of the host's that is pasted elsewhere, so it is never broken.
    pub fn whole(&mut self, words: &str) {
        self.0.push(Part::Whole(line(words)));
    }

    pub fn table(&mut self, table: Table) {
        self.0.push(Part::Table(table));
    }

    /// A text of somebody else's, with its lines. It belongs into what is [quoted](Self::quoted).
    pub fn text(&mut self, text: &str) {
        let lines = lines(text);
        let shown = lines.iter().take(LINES);
        let mut shown: Vec<_> = shown.map(|line| foreign(line).within(LINE).to_string()).collect();
        if let Some(more) = lines.len().checked_sub(LINES).filter(|more| *more > 0) {
            shown.push(format!("… {more} more lines"));
        }
        self.0.push(Part::Text(shown));
    }

    /// What somebody else says, whose name stands before each line of it: none of them can be taken
    /// for the host's.
    pub fn quoted(&mut self, whose: &'static str, page: Self) {
        if !page.is_empty() {
            self.0.push(Part::Quoted(whose, page));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lines of the host's of which all but the first are indented.
    pub fn indented(&mut self, first: &str, text: &str) {
        for (index, line) in lines(text).iter().take(LINES).enumerate() {
            let before = if index == 0 { first } else { INDENT };
            self.line(format_args!("{}", format!("{before}{line}").trim_end()));
        }
    }

    /// All lines, of at most this width as far as they can be broken.
    pub(super) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let mut all = Vec::new();
        for part in &self.0 {
            match part {
                Part::Line(line) => push(&mut all, line, width),
                Part::Whole(line) => push(&mut all, line, None),
                Part::Text(text) => text.iter().for_each(|line| push(&mut all, line, width)),
                Part::Table(table) => {
                    table.lines(width).iter().for_each(|line| push(&mut all, line, width));
                }
                Part::Quoted(whose, page) => {
                    let gutter = format!("{} │ ", foreign(whose));
                    let room = width.map(|width| width.saturating_sub(width_of(&gutter)));
                    let quoted = page.lines(room);
                    all.extend(
                        quoted.iter().map(|line| format!("{gutter}{line}").trim_end().to_owned()),
                    );
                }
            }
        }
        all
    }
}

fn push(all: &mut Vec<String>, line: &str, width: Option<usize>) {
    match width {
        Some(width) => all.extend(wrapped(line, width, INDENT)),
        None => all.push(line.to_owned()),
    }
}
