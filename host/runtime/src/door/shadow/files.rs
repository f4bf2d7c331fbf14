//! Files that exist in a dry run only.

use bytes::Bytes;
use pod_platform::{
    Service as _,
    files::{File, FileContent, GetFileRequest, UploadFileRequest},
    types::{self, PlatformErrorKind as Kind},
    wire::form::Fields,
};

use super::{Act, Answer, FIRST_ID, Refusal, Source, written};

pub(super) struct Kept {
    hash: String,
    /// None: POD would have written it.
    content: Option<Vec<u8>>,
}

impl<S: Source> Act<'_, S> {
    pub(super) fn upload(&mut self) -> Result<Bytes, Refusal> {
        let request = UploadFileRequest::decode(&Fields::from(self.form())).map_err(invalid)?;
        self.keep(Some(request.file_name), Some(request.content))
    }

    /// The answer is the file of what came of it, which only POD could write.
    pub(super) fn update_members(&mut self) -> Result<Bytes, Refusal> {
        let id = self.number("fileId").unwrap_or_default();
        let hash = self.text("hashCode").unwrap_or_default();
        match self.state.files.get(&id) {
            Some(file) if file.hash == hash => {}
            None if id < FIRST_ID => {
                self.assumed.insert("file-is-there");
            }
            _ => {
                let detail = format!("no file {id} with this hash");
                return Err(Refusal::because(Kind::NotFound, detail));
            }
        }
        self.assumed.insert("members-are-accepted");
        self.keep(None, None)
    }

    fn keep(&mut self, name: Option<String>, content: Option<Vec<u8>>) -> Result<Bytes, Refusal> {
        let id = self.new_id();
        let hash = self.reference();
        let size = content.as_ref().map(|content| content.len() as u64);
        self.state.files.insert(id, Kept { hash: hash.clone(), content });
        written(&File { id, name, hash_code: hash, size })
    }

    /// A file of this run; none, if it is one of POD's.
    pub(super) fn read_file(&mut self) -> Result<Option<Answer>, Refusal> {
        let request = GetFileRequest::decode(&Fields::from(self.form())).map_err(invalid)?;
        if request.file_id < FIRST_ID {
            return Ok(None);
        }
        let file = self.state.files.get(&request.file_id);
        let file = file.filter(|file| file.hash == request.hash_code).ok_or(Kind::NotFound)?;
        let content = file
            .content
            .clone()
            .ok_or_else(|| Refusal::unknown("what POD would write into this file is not known"))?;
        let result = written(&FileContent { content_type: None, content })?;
        self.answered(result).map(Some)
    }
}

pub(super) fn invalid(argument: types::InvalidArgument) -> Refusal {
    Refusal::Call(types::Error::InvalidArgument(argument))
}
