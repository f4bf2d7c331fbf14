//! Files.

use pod_platform::files::*;
use pod_platform::types::PlatformErrorKind as Kind;

use crate::service::{Context, Handle, Refusal};

impl Handle for UploadFileRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<File, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for GetFileRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<FileContent, Refusal> {
        Err(Kind::NoPermission.into())
    }
}
