//! uploadFile and getFile.

use pod_platform::{
    files::{File, FileContent, GetFileRequest, UploadFileRequest},
    types::PlatformErrorKind as Kind,
};

use crate::{
    files::{self, Record},
    fork::Reads,
    service::{Context, Handle, Refusal},
};

impl Handle for UploadFileRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<File, Refusal> {
        files::keep(context, self.file_name, self.content).await
    }
}

impl Handle for GetFileRequest {
    const READS: Reads = Reads::ThereUnless { field: "fileId", table: None };

    async fn handle(self, context: &mut Context<'_>) -> Result<FileContent, Refusal> {
        let file = Record::opened(context.connection, self.file_id, &self.hash_code)
            .await?
            .ok_or(Kind::NotFound)?;
        if context.fork.is_some() && file.name.is_empty() {
            return Err(Refusal::unknown("what POD would write into this file is not known"));
        }
        let content_type = Some(file.content_type().to_owned());
        Ok(FileContent { content_type, content: file.content })
    }
}
