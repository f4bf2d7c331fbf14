//! All that podhost prints.
//!
//! Much of what a command shows somebody else wrote: a policy its name, its answer and its log; POD
//! its messages; a payer a description; a person a note. On a terminal such words could erase what
//! stands before them, change the order in which an amount is read, or pose as a line of the host's.
//! So every word passes here, and nothing else in this program writes to stdout or stderr (clippy is
//! told to refuse it):
//!
//! ```text
//! say!("run {run}: {}", foreign(&policy.name));    // a line on stdout
//! tell!("Resuming run {run}");                     // a line on stderr
//! terminal::error(&format!("{error:#}"));          // "podhost: …" on stderr
//! terminal::json(&receipt)?;                       // one JSON object on stdout, for programs
//!
//! let mut page = Page::default();                  // several lines, tables, others' texts
//! put!(page, "run {run}");
//! let mut table = Table::new(["service", "rials"]).numbers(&[1]);
//! table.row([&effect.service, &rials]);            // cells are foreign words by themselves
//! page.table(table);
//! let mut said = Page::default();
//! said.text(&output);                              // somebody else's lines …
//! page.quoted("policy", said);                     // … each as `policy │ …`
//! terminal::print(&page);
//! ```
//!
//! One line stays one line, whatever is in it: a format's own line breaks, too, are shown as `⏎`. What
//! is not wrapped in [`foreign`] is made harmless all the same; [`foreign`] in addition bounds its
//! length, and isolates Persian words, so that an amount beside them reads as it is written.
//!
//! Whoever reads may have gone: a closed pipe is no error, and changes no exit code. A disk that is
//! full is one.

mod page;
mod table;
mod text;

use std::{
    fmt,
    io::{self, ErrorKind, IsTerminal as _, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use serde::Serialize;

pub use self::{
    page::Page,
    table::Table,
    text::{foreign, harmless, source, toml},
};
use crate::exit::{Failure, Status};

/// Prints a line on stdout; others' words in it are [`foreign`].
#[macro_export]
macro_rules! say {
    () => { $crate::terminal::say(::std::format_args!("")) };
    ($($words:tt)*) => { $crate::terminal::say(::std::format_args!($($words)*)) };
}

/// Prints a line on stderr; others' words in it are [`foreign`].
#[macro_export]
macro_rules! tell {
    ($($words:tt)*) => { $crate::terminal::tell(::std::format_args!($($words)*)) };
}

/// Adds a line to a [`Page`]; others' words in it are [`foreign`].
#[macro_export]
macro_rules! put {
    ($page:expr) => { $page.line(::std::format_args!("")) };
    ($page:expr, $($words:tt)*) => { $page.line(::std::format_args!($($words)*)) };
}

/// How many columns a terminal has that does not say it.
const COLUMNS: usize = 80;

/// Could something not be written, though somebody would have read it?
static FAILED: AtomicBool = AtomicBool::new(false);

/// A line on stdout. [`say!`] is shorter.
pub fn say(words: fmt::Arguments<'_>) {
    let mut page = Page::default();
    page.line(words);
    print(&page);
}

/// A line on stderr. [`tell!`] is shorter.
pub fn tell(words: fmt::Arguments<'_>) {
    let mut page = Page::default();
    page.line(words);
    print_to(Stream::Err, &page);
}

/// A page on stdout.
pub fn print(page: &Page) {
    print_to(Stream::Out, page);
}

/// A failure on stderr, with others' words in it. Lines after the first are indented.
pub fn error(message: &str) {
    let mut page = Page::default();
    page.indented("podhost: ", message);
    print_to(Stream::Err, &page);
}

/// What somebody else says, on stderr, with the name of whoever says it before each line.
pub fn quote(whose: &'static str, text: &str) {
    let mut said = Page::default();
    said.text(text);
    let mut page = Page::default();
    page.quoted(whose, said);
    print_to(Stream::Err, &page);
}

/// A JSON object for programs, on stdout. If a terminal shows it, it is written without letters
/// that would not be seen there.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(Failure::platform)?;
    let json = if Stream::Out.is_terminal() { text::json(&json) } else { json };
    Stream::Out.write(&format!("{json}\n"));
    Ok(())
}

/// A text that this program made itself, as it is, on stdout.
pub fn verbatim(text: &str) {
    Stream::Out.write(text);
}

/// Lines with colours, on stderr. Others' words in them are [`source`] or [`foreign`].
pub fn coloured_error(lines: &str) {
    Stream::Err.write(&text::coloured(lines));
}

/// The usage, or what is wrong with it, as clap writes it.
pub fn usage(error: &clap::Error) {
    let stream = if error.use_stderr() { Stream::Err } else { Stream::Out };
    let styled = error.render();
    if stream.is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        stream.write(&text::coloured(&styled.ansi().to_string()));
    } else {
        stream.write(&text::coloured(&styled.to_string()));
    }
}

/// Does a person look at stderr?
pub fn is_watched() -> bool {
    Stream::Err.is_terminal()
}

/// How the program ends: badly, if it ended well and could not say so.
pub fn ended(status: Status) -> Status {
    match status {
        Status::Done if FAILED.load(Ordering::Relaxed) => Status::Platform,
        status => status,
    }
}

/// Where `tracing` writes: an event is a line.
#[derive(Clone, Copy, Default)]
pub struct Events;

impl Write for Events {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        tell(format_args!("{}", text.trim_end_matches('\n')));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn print_to(stream: Stream, page: &Page) {
    let mut text = page.lines(stream.width()).join("\n");
    if !page.is_empty() {
        text.push('\n');
    }
    stream.write(&text);
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

#[expect(clippy::disallowed_methods, reason = "all that is printed passes here")]
impl Stream {
    fn write(self, text: &str) {
        let written = match self {
            Self::Out => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            }
            Self::Err => io::stderr().lock().write_all(text.as_bytes()),
        };
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                let is_first = !FAILED.swap(true, Ordering::Relaxed);
                if let (Self::Out, true) = (self, is_first) {
                    Self::Err.write(&format!("podhost: stdout cannot be written: {error}\n"));
                }
            }
            _ => {}
        }
    }

    fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    /// How many columns a terminal has; none, if it is none.
    fn width(self) -> Option<usize> {
        if !self.is_terminal() {
            return None;
        }
        let size = match self {
            Self::Out => terminal_size::terminal_size_of(io::stdout()),
            Self::Err => terminal_size::terminal_size_of(io::stderr()),
        };
        Some(size.map_or(COLUMNS, |(terminal_size::Width(columns), _)| usize::from(columns)))
    }
}
