//! Failures on stderr: one clear sentence, and the line of the file where there is one.

use std::path::Path;

use pod_host::{BadFile, Place, RunError};

use crate::{exit::Failure, snippet};

pub fn failure(failure: &Failure) {
    let error = &failure.error;
    let bad_file =
        error.downcast_ref::<BadFile>().or_else(|| match error.downcast_ref::<pod_host::Error>() {
            Some(pod_host::Error::BadFile(bad_file)) => Some(bad_file),
            _ => None,
        });
    if let Some(BadFile { path, place: Some(place), message }) = bad_file
        && snippet::print(path, *place, message)
    {
        return;
    }
    eprintln!("podhost: {error:#}");
}

pub fn run_error(error: &RunError) {
    if let RunError::Policy { message, file: Some(file), line: Some(line), column: Some(column) } =
        error
        && snippet::print(Path::new(file), Place { line: *line, column: *column }, message)
    {
        return;
    }
    eprintln!("podhost: {error}");
}
