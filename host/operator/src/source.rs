//! Where a secret is: in an environment variable, in a file that only its owner can read, or with
//! a program that prints it. It is read when it is needed, and shown nowhere.

use std::{
    env::{self, VarError},
    fs::File,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use pod_platform::{Secret, without_byte_order_mark};

use crate::{
    error::{FieldError, Reason},
    fields::{Field, Spot},
};

/// The largest secret, in bytes: an export of all API keys is much smaller.
const LARGEST: u64 = 1024 * 1024;

/// Where a secret is.
#[derive(Clone, Debug)]
pub struct Source {
    /// The field that says so.
    spot: Spot,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Environment(String),
    File(PathBuf),
    Command(Vec<String>),
}

impl Source {
    /// The kinds of sources, as they are written.
    pub const KINDS: [&str; 3] = ["env", "file", "command"];

    /// Reads where it is, not the secret.
    pub fn of(field: &Field<'_>) -> Result<Self, FieldError> {
        let spot = field.spot.clone();
        let name = spot.name();
        if field.is_text() {
            return Err(spot.wrong(format!(
                "a secret is not written into this file: put it in an environment variable and \
                 write {name} = {{ env = \"VARIABLE\" }}, or in a file that only you can read and \
                 write {name} = {{ file = \"PATH\" }}, or name a program that prints it, {name} = \
                 {{ command = [\"PROGRAM\", \"ARGUMENT\"] }}"
            )));
        }
        let place = field.table()?.read(|fields| {
            let [env, file, command] = Self::KINDS.map(|kind| fields.take(kind));
            match (env, file, command) {
                (Some(name), None, None) => Ok(Place::Environment(name.text()?.to_owned())),
                (None, Some(path), None) => Ok(Place::File(spot.folder().join(path.text()?))),
                (None, None, Some(words)) => {
                    let list = words.list()?;
                    let list: Result<Vec<_>, _> =
                        list.iter().map(|word| Ok(word.text()?.to_owned())).collect();
                    let list = list?;
                    if list.is_empty() {
                        return Err(words.spot.wrong("must name a program"));
                    }
                    Ok(Place::Command(list))
                }
                _ => Err(spot.wrong(
                    "must be one of { env = \"VARIABLE\" }, { file = \"PATH\" } and { command = \
                     [\"PROGRAM\", \"ARGUMENT\"] }",
                )),
            }
        })?;
        Ok(Self { spot, place })
    }

    /// Reads the secret, a text of any shape.
    pub fn read(&self) -> Result<Secret, FieldError> {
        let read = match &self.place {
            Place::Environment(name) => variable(name),
            Place::File(path) => file(path),
            Place::Command(words) => printed(words, &self.spot.folder()),
        };
        let secret = read.map_err(|reason| self.wrong(reason))?;
        if secret.expose().trim().is_empty() { Err(self.wrong("it is empty")) } else { Ok(secret) }
    }

    /// Reads a token or a key, which is one word.
    pub fn read_word(&self) -> Result<Secret, FieldError> {
        word(&self.read()?).map_err(|reason| self.wrong(reason))
    }

    /// What is wrong with the secret, in words that do not show it.
    pub fn wrong(&self, reason: impl Into<Reason>) -> FieldError {
        let place = match &self.place {
            Place::Environment(name) => format!("the environment variable {name}"),
            Place::File(path) => path.display().to_string(),
            Place::Command(words) => format!("the command {}", words[0]),
        };
        self.spot.wrong(reason.into().of(place))
    }
}

/// The secret without what surrounds it, such as the end of a file's line.
pub fn word(secret: &Secret) -> Result<Secret, &'static str> {
    let word = secret.expose().trim();
    if word.is_empty() {
        return Err("it is empty");
    }
    if !word.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("one word of ASCII characters is expected");
    }
    Ok(Secret::new(word))
}

fn variable(name: &str) -> Result<Secret, Reason> {
    // The variable's error shows what it holds.
    env::var(name).map(Secret::new).map_err(|error| match error {
        VarError::NotPresent => "it is not set".into(),
        VarError::NotUnicode(_) => "it is no text".into(),
    })
}

fn file(path: &Path) -> Result<Secret, Reason> {
    let unreadable = |error| Reason::caused("it cannot be read", error);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "others than its owner can use it (mode {mode:04o}): a secret's file is its owner's \
             alone, chmod 600"
        )
        .into());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    text(bytes)
}

/// What a program prints. What it complains of may hold the secret, so nobody sees that.
fn printed(words: &[String], folder: &Path) -> Result<Secret, Reason> {
    let (program, arguments) = words.split_first().ok_or("no program is named")?;
    // A path begins at podhost.toml, a name is looked up.
    let program = if program.contains('/') { folder.join(program) } else { PathBuf::from(program) };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| Reason::caused("it cannot be run", error))?;
    let secret = text(output.stdout)?;
    if output.status.success() {
        Ok(secret)
    } else {
        Err(format!("it ended with {}", output.status).into())
    }
}

fn text(bytes: Vec<u8>) -> Result<Secret, Reason> {
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes").into());
    }
    // The error of what is no text holds it.
    let text = String::from_utf8(bytes).map(Secret::new);
    let text = text.map_err(|_| "it is no text in UTF-8")?;
    Ok(Secret::new(without_byte_order_mark(text.expose())))
}
