//! loanPlanList, biz/loanList, loanList and getInstallmentList.

use pod_platform::{
    loans::{
        BusinessLoanListRequest, ClearInstallmentTool, GetInstallmentListRequest, InstallmentPage,
        InstallmentStatus, LoanListRequest, LoanPage, LoanPlan, LoanPlanListRequest, LoanPlanPage,
        LoanStatus,
    },
    types::PlatformErrorKind as Kind,
};
use sqlx::{QueryBuilder, Sqlite};

use crate::{
    filters::{Filters, List, Value},
    fork::{Kind as Listed, Reads},
    loans::{Contract, Installment, Loan, Plan},
    service::{Context, Handle, Refusal, calling_business, stored},
};

impl Handle for LoanPlanListRequest {
    /// Plans do not change here.
    const READS: Reads = Reads::ThereUnless { field: "contractId", table: None };

    async fn handle(self, context: &mut Context<'_>) -> Result<LoanPlanPage, Refusal> {
        let mut filters = Filters::of(context, "plan.id");
        filters.number("plan.id = ", "id", self.id)?;
        filters.within("plan.name", self.name.as_deref());
        filters.flag("plan.active = ", self.active);
        filters.days(
            ("plan.created_at >= ", self.create_date_from),
            ("plan.created_at < ", self.create_date_to),
        )?;
        filters.add(
            "contract.business_id IN (SELECT id FROM businesses WHERE user_id = ",
            number("creator", self.creator)?,
            ")",
        );
        filters.number("contract.business_id = ", "grantorId", self.grantor_id)?;
        filters.number("contract.id = ", "contractId", self.contract_id)?;
        filters.add("plan.interest_rate = ", self.interest_rate.map(Value::Real), "");
        filters.flag("useable = ", self.useable);

        // Whoever can borrow by a plan, or lends by it, sees it. What can be chosen now: an active
        // plan, of a contract that has not ended, by a member with credit left.
        let (user, business) = (context.caller.user_id, context.caller.business_id);
        let today = context.now.jalali_date().to_string();
        let from = move |sql: &mut QueryBuilder<Sqlite>| {
            sql.push(" FROM (SELECT plan.*, plan.active AND COALESCE(contract.end_date >= ")
                .push_bind(today.clone())
                .push(
                    ", 1) AND COALESCE(member.credit, 0) > (SELECT COALESCE(SUM(principal), 0) \
                 FROM loans WHERE loans.contract_id = contract.id \
                 AND loans.user_id = member.user_id AND loans.status IN (",
                )
                .push_bind(LoanStatus::LoanStatusCreated.code())
                .push(", ")
                .push_bind(LoanStatus::LoanStatusWaitingToCreate.code())
                .push(
                    ")) AS useable FROM loan_plans AS plan \
                 JOIN loan_contracts AS contract ON contract.id = plan.contract_id \
                 LEFT JOIN loan_members AS member ON member.contract_id = contract.id \
                 AND member.user_id = ",
                )
                .push_bind(user)
                .push(" WHERE member.user_id IS NOT NULL OR contract.business_id = ")
                .push_bind(business)
                .push(
                    ") AS plan JOIN loan_contracts AS contract ON contract.id = plan.contract_id \
                 WHERE 1",
                );
        };
        let list = List {
            columns: "plan.*",
            from: &from,
            filters,
            order: "plan.id DESC",
            size: self.size,
            offset: self.offset,
        };
        let (count, rows) = list.fetch(context.connection).await?;
        let mut result = Vec::with_capacity(rows.len());
        for row in rows {
            let plan = Plan::read(&row)?;
            let contract = Contract::named(context, plan.contract_id.unsigned_abs()).await?;
            let own = Some(contract.shown(context)?);
            result.push(LoanPlan { contract: own, ..plan.shown(context, &contract)? });
        }
        Ok(LoanPlanPage { count, result })
    }
}

/// Behind which every loan has its invoice and its contract.
const LOANS: &str = " FROM loans JOIN invoices AS subject ON subject.id = subject_invoice_id \
                     JOIN loan_contracts AS contract ON contract.id = contract_id WHERE ";

impl Handle for BusinessLoanListRequest {
    const READS: Reads = Reads::Both(Listed::Loans);

    async fn handle(self, context: &mut Context<'_>) -> Result<LoanPage, Refusal> {
        let business = calling_business(context)?;
        let side = move |sql: &mut QueryBuilder<Sqlite>| issued_or_granted(sql, business);
        let filters = filters(&self, context)?;
        loan_page(context, &side, filters, self.size, self.offset).await
    }
}

/// The loans that pay a business's invoices, or that it grants.
fn issued_or_granted(sql: &mut QueryBuilder<Sqlite>, business: i64) {
    sql.push(LOANS).push("(subject.business_id = ").push_bind(business);
    sql.push(" OR contract.business_id = ").push_bind(business).push(")");
}

impl Handle for LoanListRequest {
    const READS: Reads = Reads::Both(Listed::Loans);

    async fn handle(self, context: &mut Context<'_>) -> Result<LoanPage, Refusal> {
        let user = context.caller.user_id;
        let side = move |sql: &mut QueryBuilder<Sqlite>| {
            sql.push(LOANS).push("loans.user_id = ").push_bind(user);
        };
        let (business, size, offset) = (self.business_id, self.size, self.offset);
        let mut filters = filters(&as_business_request(self), context)?;
        filters.number("subject.business_id = ", "businessId", business)?;
        loan_page(context, &side, filters, size, offset).await
    }
}

/// Both requests set the same conditions, but for whose loans they are.
fn as_business_request(request: LoanListRequest) -> BusinessLoanListRequest {
    BusinessLoanListRequest {
        offset: request.offset,
        size: request.size,
        id: request.id,
        subject_invoice_id: request.subject_invoice_id,
        pre_paid_invoice_id: request.pre_paid_invoice_id,
        pre_settlement_invoice_id: request.pre_settlement_invoice_id,
        plan_id: request.plan_id,
        contract_id: request.contract_id,
        bill_number: request.bill_number,
        clear_installment_tool: request.clear_installment_tool,
        clear_installment_tool_code: request.clear_installment_tool_code,
        assurance_number: request.assurance_number,
        assurance_identifier: request.assurance_identifier,
        guarantor_code: request.guarantor_code,
        creation_date_from: request.creation_date_from,
        creation_date_to: request.creation_date_to,
        settled_date_from: request.settled_date_from,
        settled_date_to: request.settled_date_to,
        canceled_date_from: request.canceled_date_from,
        canceled_date_to: request.canceled_date_to,
        status_code: request.status_code,
        installment_status_code: request.installment_status_code,
        user_id: None,
        from_amount: request.from_amount,
        to_amount: request.to_amount,
        created_offline: request.created_offline,
    }
}

fn filters(request: &BusinessLoanListRequest, context: &Context<'_>) -> Result<Filters, Refusal> {
    let mut filters = Filters::of(context, "loans.id");
    filters.number("loans.id = ", "id", request.id)?;
    filters.number("subject_invoice_id = ", "subjectInvoiceId", request.subject_invoice_id)?;
    filters.number("pre_paid_invoice_id = ", "prePaidInvoiceId", request.pre_paid_invoice_id)?;
    // Nobody settles early here.
    filters.number(
        "pre_settlement_invoice_id = ",
        "preSettlementInvoiceId",
        request.pre_settlement_invoice_id,
    )?;
    filters.number("plan_id = ", "planId", request.plan_id)?;
    filters.number("contract_id = ", "contractId", request.contract_id)?;
    filters.text("subject.bill_number = ", request.bill_number.as_deref());
    filters.text("clear_installment_tool = ", request.clear_installment_tool.as_deref());
    // Instalments are paid from wallets only here.
    let wallet = &ClearInstallmentTool::LoanClearInstallmentToolWallet;
    let tool = &request.clear_installment_tool_code;
    filters.flag("1 = ", tool.as_ref().map(|tool| tool == wallet));
    filters.text("assurance_number = ", request.assurance_number.as_deref());
    filters.text("subject.unique_number = ", request.assurance_identifier.as_deref());
    filters.text("guarantor = ", request.guarantor_code.as_ref().map(|code| code.code()));
    filters.days(
        ("loans.created_at >= ", request.creation_date_from),
        ("loans.created_at < ", request.creation_date_to),
    )?;
    filters.days(
        ("settled_at >= ", request.settled_date_from),
        ("settled_at < ", request.settled_date_to),
    )?;
    filters.days(
        ("loans.canceled_at >= ", request.canceled_date_from),
        ("loans.canceled_at < ", request.canceled_date_to),
    )?;
    filters.text("status = ", request.status_code.as_ref().map(LoanStatus::code));
    let status = request.installment_status_code.as_ref().map(InstallmentStatus::code);
    filters.add(
        "EXISTS (SELECT 1 FROM installments WHERE loan_id = loans.id AND installments.status = ",
        status.map(|status| Value::Text(status.to_owned())),
        ")",
    );
    filters.number("loans.user_id = ", "userId", request.user_id)?;
    filters.number("total_amount >= ", "fromAmount", request.from_amount.map(|rials| rials.0))?;
    filters.number("total_amount <= ", "toAmount", request.to_amount.map(|rials| rials.0))?;
    filters.flag("created_offline = ", request.created_offline);
    Ok(filters)
}

async fn loan_page(
    context: &mut Context<'_>,
    from: &(dyn Fn(&mut QueryBuilder<Sqlite>) + Sync),
    filters: Filters,
    size: u32,
    offset: u64,
) -> Result<LoanPage, Refusal> {
    let list = List { columns: "loans.*", from, filters, order: "loans.id DESC", size, offset };
    let (count, rows) = list.fetch(context.connection).await?;
    let mut result = Vec::with_capacity(rows.len());
    for row in rows {
        result.push(Loan::read(&row)?.shown(context).await?);
    }
    Ok(LoanPage { count, result })
}

impl Handle for GetInstallmentListRequest {
    const READS: Reads = Reads::ThereUnless { field: "loanId", table: Some("loans") };

    async fn handle(self, context: &mut Context<'_>) -> Result<InstallmentPage, Refusal> {
        let business = calling_business(context)?;
        let loan = stored("loanId", self.loan_id)?;
        let mut visible = QueryBuilder::<Sqlite>::new("SELECT COUNT(*)");
        issued_or_granted(&mut visible, business);
        visible.push(" AND loans.id = ").push_bind(loan);
        let visible: i64 = visible.build_query_scalar().fetch_one(&mut *context.connection).await?;
        if visible == 0 {
            return Err(Refusal::because(Kind::NotFound, format!("no loan {loan}")));
        }

        let mut filters = Filters::of(context, "id");
        filters.number("id = ", "id", self.id)?;
        filters.number("invoice_id = ", "invoiceId", self.invoice_id)?;
        filters.days(("due_at >= ", self.from_date), ("due_at < ", self.to_date))?;
        match &self.status_code {
            Some(status) => filters.text("status = ", Some(status.code())),
            // What another plan has replaced is not the loan's any more, unless it is asked for.
            None => {
                let deleted = InstallmentStatus::InstallmentStatusDeleted;
                filters.text("status <> ", Some(deleted.code()));
            }
        }
        let from = move |sql: &mut QueryBuilder<Sqlite>| {
            sql.push(" FROM installments WHERE loan_id = ").push_bind(loan);
        };
        let list = List {
            columns: "*",
            from: &from,
            filters,
            order: "id",
            size: self.size,
            offset: self.offset,
        };
        let (count, rows) = list.fetch(context.connection).await?;
        let mut result = Vec::with_capacity(rows.len());
        for row in rows {
            result.push(Installment::read(&row)?.shown(context).await?);
        }
        Ok(InstallmentPage { count, result })
    }
}

fn number(field: &str, value: Option<u64>) -> Result<Option<Value>, Refusal> {
    Ok(value.map(|value| stored(field, value)).transpose()?.map(Value::Number))
}
