//! Loans.

use pod_platform::types::PlatformErrorKind as Kind;
use pod_platform::{files::File, loans::*};

use crate::service::{Context, Handle, Refusal};

impl Handle for UpdateLoanGrantorCreditForUsersRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<File, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for RemovePermittedUserFromLoanContractRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<bool, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for LoanPlanListRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<LoanPlanPage, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for UpdateLoanByPlanRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<Loan, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for BusinessLoanListRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<LoanPage, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for LoanListRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<LoanPage, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for GetInstallmentListRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<InstallmentPage, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for PayInvoiceByLoanRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<Loan, Refusal> {
        Err(Kind::NoPermission.into())
    }
}
