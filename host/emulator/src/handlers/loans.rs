//! payInvoiceByLoan and updateLoanByPlan.

use pod_platform::{
    loans::{Loan, PayInvoiceByLoanRequest, UpdateLoanByPlanRequest},
    types::PlatformErrorKind as Kind,
};

use super::invoice_states::of_party;
use crate::{
    fork::{Need, Side},
    loans,
    service::{Context, Handle, Refusal},
};

impl Handle for PayInvoiceByLoanRequest {
    fn needs(&self) -> Vec<Need> {
        vec![
            Need::Invoice(self.invoice_id, Side::Either),
            Need::LoanPaying(self.invoice_id),
            Need::Contract { id: self.contract_id, plan: self.plan_id },
        ]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Loan, Refusal> {
        let invoice = of_party(context, self.invoice_id).await?;
        // A GET may reach the platform twice: an invoice has one loan.
        let loan = match loans::Loan::paying(context.connection, invoice.id).await? {
            Some(loan) => loan,
            None => loans::begin(context, &invoice, &self).await?,
        };
        loan.shown(context).await
    }
}

impl Handle for UpdateLoanByPlanRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Loan { id: self.loan_id, plan: Some(self.plan_id) }]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Loan, Refusal> {
        let loan = loans::Loan::find(context.connection, self.loan_id).await?;
        let own = loan.filter(|loan| loan.user_id == context.caller.user_id);
        let mut loan = own.ok_or_else(|| {
            Refusal::because(Kind::NotFound, format!("the caller has no loan {}", self.loan_id))
        })?;
        loans::take_plan(context, &mut loan, self.plan_id).await?;
        loan.shown(context).await
    }
}
