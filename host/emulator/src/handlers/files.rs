//! uploadFile and getFile.

use pod_platform::{
    files::{File, FileContent, GetFileRequest, UploadFileRequest},
    types::PlatformErrorKind as Kind,
};

use crate::{
    files::{self, Record},
    service::{Context, Handle, Refusal},
};

impl Handle for UploadFileRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<File, Refusal> {
        files::keep(context, self.file_name, self.content).await
    }
}

impl Handle for GetFileRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<FileContent, Refusal> {
        let file = Record::opened(context.connection, self.file_id, &self.hash_code)
            .await?
            .ok_or(Kind::NotFound)?;
        let content_type = Some(file.content_type().to_owned());
        Ok(FileContent { content_type, content: file.content })
    }
}
