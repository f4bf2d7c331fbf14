//! Payments of invoices, and what an issuer does with one after it was issued.

use bytes::Bytes;
use pod_platform::{
    CREDITOR_INVOICE_NOT_FOUND, Instant, JalaliDate, REGISTERED_FOR_FUTURE,
    invoices::{Invoice, PaymentTool, User},
    rules::{self, invoice::Barred},
    types::PlatformErrorKind as Kind,
};

use super::{
    Act, FIRST_ID, Refusal, Source,
    money::{Means, PODLAND_WALLET, Shares},
    written, yes,
};

/// How an invoice is paid.
#[derive(Default)]
pub(super) struct Payment {
    pub delegated: u64,
    pub payer: Option<User>,
    pub wallet: Option<String>,
    pub tool: Option<PaymentTool>,
}

/// Can it still be paid today? If not: why.
pub(super) fn must_be_payable(invoice: &Invoice, now: Instant) -> Result<(), Barred> {
    rules::invoice::Invoice::from(invoice).payable(now.jalali_date())
}

impl<S: Source> Act<'_, S> {
    /// From wallet and delegated credit: an invoice for the account, or anybody's.
    pub(super) async fn pay_by_credit(&mut self, for_itself: bool) -> Result<Bytes, Refusal> {
        let id = self.number("invoiceId").unwrap_or_default();
        let Some(invoice) = self.find(id).await? else {
            return if for_itself { Err(Kind::NotFound.into()) } else { self.pay_unseen(id) };
        };
        if for_itself && self.is_for_account(&invoice) == Some(false) {
            return Err(Kind::InvoiceNotIssuedForCaller.into());
        }
        must_be_payable(&invoice, self.now)?;
        let means = Means {
            wallet: self.text("wallet").unwrap_or_else(|| PODLAND_WALLET.to_owned()),
            delegators: self
                .form()
                .values("delegatorId")
                .filter_map(|id| id.parse().ok())
                .collect(),
            hashes: self.form().values("delegationHash").map(str::to_owned).collect(),
            force: self.flag("forceDelegation"),
        };
        let shares = self.shares(&invoice, &means)?;
        self.pay_out_of(invoice, &means, &shares)?;
        Ok(yes())
    }

    /// What would pay an invoice.
    pub(super) fn shares(&mut self, invoice: &Invoice, means: &Means) -> Result<Shares, Refusal> {
        let guild = invoice.guild_srv.as_ref().map(|guild| guild.code.as_str());
        let payable = invoice.payable_amount.0;
        self.state.money.shares(payable, guild, means, self.now, &mut self.assumed)
    }

    pub(super) fn pay_out_of(
        &mut self,
        invoice: Invoice,
        means: &Means,
        shares: &Shares,
    ) -> Result<(), Refusal> {
        let payment = Payment {
            delegated: shares.delegated,
            payer: self.own_user(),
            wallet: Some(means.wallet.clone()),
            tool: Some(PaymentTool::PaymentToolCredit),
        };
        self.mark_paid(invoice, payment)?;
        self.state.money.take(shares);
        Ok(())
    }

    /// An invoice between others may be paid, and is seen by its parties only.
    fn pay_unseen(&mut self, id: u64) -> Result<Bytes, Refusal> {
        if id >= FIRST_ID {
            return Err(Kind::NotFound.into());
        }
        if !self.state.paid_unseen.insert(id) {
            return Err(Kind::BillAlreadyPayed.into());
        }
        self.assumed.insert("unseen-invoice-is-open");
        self.assumed.insert("wallet-covers");
        Ok(yes())
    }

    /// By the code of an SMS, out of its user's money.
    pub(super) async fn pay_by_code(&mut self) -> Result<Bytes, Refusal> {
        let invoice = self.invoice("invoiceId").await?;
        must_be_payable(&invoice, self.now)?;
        self.assumed.insert("code-is-right");
        let payer = invoice.user_srv.clone();
        let tool = Some(PaymentTool::PaymentToolCredit);
        self.mark_paid(invoice, Payment { payer, tool, ..Payment::default() })?;
        // S1 types this answer as a text.
        Ok(Bytes::from_static(b"\"true\""))
    }

    pub(super) async fn pay_outside(&mut self) -> Result<Bytes, Refusal> {
        let mut invoice = self.issued("invoiceId").await?;
        must_be_payable(&invoice, self.now)?;
        invoice.verification_needed = false;
        let id = invoice.id;
        self.mark_paid(invoice, Payment::default())?;
        self.state.without_money.insert(id);
        Ok(yes())
    }

    pub(super) async fn pay_by_terminal(&mut self) -> Result<Bytes, Refusal> {
        let mut invoice = self.issued("invoiceId").await?;
        must_be_payable(&invoice, self.now)?;
        self.assumed.insert("terminal-was-paid");
        invoice.terminal_number = self.text("terminalNumber");
        invoice.transaction_reference_id = self.text("referenceNumber");
        let payer = invoice.user_srv.clone();
        let wallet = self.text("wallet").or_else(|| Some(PODLAND_WALLET.to_owned()));
        self.mark_paid(invoice, Payment { payer, wallet, ..Payment::default() })?;
        Ok(yes())
    }

    /// A debt out of a paid invoice of the account's own.
    pub(super) async fn net(&mut self) -> Result<Bytes, Refusal> {
        let creditor = self.number("creditorInvoiceId").unwrap_or_default();
        let missing = || Refusal::saying(Kind::NotFound, CREDITOR_INVOICE_NOT_FOUND);
        let creditor = self.find(creditor).await?.ok_or_else(missing)?;
        let debtor = self.number("debtorInvoiceId").unwrap_or_default();
        let missing = || Refusal::because(Kind::NotFound, format!("no debtor invoice {debtor}"));
        let debtor = self.find(debtor).await?.ok_or_else(missing)?;
        if self.is_issued(&creditor) == Some(false)
            || self.is_for_account(&debtor) == Some(false)
            || self.is_issued(&debtor) == Some(true)
        {
            return Err(Kind::NoPermission.into());
        }
        must_be_payable(&debtor, self.now)?;
        rules::invoice::Invoice::from(&creditor).free_for_netting()?;
        let has_money = !self.state.without_money.contains(&creditor.id);
        let held = if has_money { creditor.payable_amount.0 } else { 0 };
        if held < debtor.payable_amount.0 {
            let (creditor, debt) = (creditor.id, debtor.id);
            let needed = debtor.payable_amount;
            return Err(Refusal::because(
                Kind::InsufficientFunds,
                format!("invoice {creditor} holds {held} rials, invoice {debt} needs {needed}"),
            ));
        }
        let payer = self.own_user();
        let debt = debtor.id;
        let debtor = Invoice { will_be_blocked: true, ..debtor };
        self.mark_paid(debtor, Payment { payer, ..Payment::default() })?;
        self.state.invoices.put(Invoice {
            will_be_paid: true,
            will_blocked_for: Some(debt),
            ..creditor
        });
        Ok(yes())
    }

    /// Payment in future: the money is blocked now.
    pub(super) async fn guarantee(&mut self) -> Result<Bytes, Refusal> {
        let mut invoice = self.invoice("invoiceId").await?;
        if self.is_for_account(&invoice) == Some(false) {
            return Err(Kind::InvoiceNotIssuedForCaller.into());
        }
        must_be_payable(&invoice, self.now).map_err(|reason| match reason {
            Barred::Guaranteed => Refusal::saying(reason.into(), REGISTERED_FOR_FUTURE),
            reason => reason.into(),
        })?;
        let date = self.form().get("date").and_then(|day| day.parse::<JalaliDate>().ok());
        let day = date.filter(|day| *day >= self.now.jalali_date());
        let day = day.ok_or_else(|| Refusal::argument("date", "today or later"))?;
        let shares = match self.text("wallet") {
            None => {
                self.assumed.insert("guild-account-covers");
                Shares::default()
            }
            Some(code) => match self.shares(&invoice, &Means::wallet(&code)) {
                Err(Refusal::Platform { kind: Kind::InsufficientFunds, .. }) => {
                    return Err(Kind::NotEnoughCreditToBlock.into());
                }
                shares => shares?,
            },
        };
        self.state.money.take(&shares);
        invoice.will_be_paid_at = day.start();
        invoice.payer = self.own_user();
        self.state.invoices.put(invoice);
        Ok(yes())
    }

    /// The issuer confirms a three-step payment.
    pub(super) async fn verify(&mut self, closes: bool) -> Result<Bytes, Refusal> {
        let mut invoice = match (self.number("id"), self.text("billNumber")) {
            (None, Some(number)) => self.numbered(&number).await?.ok_or(Kind::NotFound)?,
            _ => self.issued("id").await?,
        };
        rules::invoice::Invoice::from(&invoice).verifiable()?;
        let id = invoice.id;
        self.check_that_paid_is_possible(id)?;
        invoice.payed = true;
        invoice.waiting = false;
        invoice.verification_date = Some(self.now);
        self.state.invoices.put(invoice);
        self.counts_as_paid(id)?;
        let mut invoice = self.find(id).await?.ok_or(Kind::NotFound)?;
        if closes {
            close(&mut invoice);
            self.state.invoices.put(invoice.clone());
        }
        written(&invoice)
    }

    pub(super) async fn close(&mut self) -> Result<Bytes, Refusal> {
        let mut invoice = self.issued("id").await?;
        rules::invoice::Invoice::from(&invoice).closable()?;
        close(&mut invoice);
        self.state.invoices.put(invoice);
        Ok(yes())
    }

    pub(super) async fn cancel(&mut self) -> Result<Bytes, Refusal> {
        let invoice = self.issued("id").await?;
        rules::invoice::Invoice::from(&invoice).cancelable()?;
        self.subject_canceled(invoice.id)?;
        // Its loan may have cancelled it by now.
        self.cancel_invoice(invoice.id);
        Ok(yes())
    }

    /// What was paid, or kept, for an invoice goes back to whoever paid.
    pub(super) fn cancel_invoice(&mut self, id: u64) {
        let Some(mut invoice) = self.state.invoices.get(id).cloned() else { return };
        self.free_creditor(id);
        invoice.payed = false;
        invoice.waiting = false;
        invoice.will_be_blocked = false;
        invoice.will_be_paid_at = None;
        invoice.delegation_amount = invoice.delegation_amount.map(|_| pod_platform::Rial::ZERO);
        invoice.withdrawable = false;
        invoice.canceled = true;
        invoice.cancel_date = Some(self.now);
        self.state.invoices.put(invoice);
    }

    /// What paid a debt is free again.
    fn free_creditor(&mut self, debt: u64) {
        let of_debt = |invoice: &&Invoice| invoice.will_blocked_for == Some(debt);
        let creditor = self.state.invoices.all().find(of_debt).cloned();
        if let Some(creditor) = creditor {
            self.state.invoices.put(Invoice {
                will_be_paid: false,
                will_blocked_for: None,
                ..creditor
            });
        }
    }

    pub(super) async fn send_code(&mut self) -> Result<Bytes, Refusal> {
        let invoice = self.invoice("invoiceId").await?;
        must_be_payable(&invoice, self.now)?;
        if invoice.user_srv.is_none() {
            return Err(Refusal::argument("invoiceId", "an invoice that was issued for a user"));
        }
        self.assumed.insert("user-has-a-mobile");
        Ok(yes())
    }

    pub(super) async fn send_link(&mut self) -> Result<Bytes, Refusal> {
        let invoice = self.invoice("invoiceId").await?;
        if self.is_for_account(&invoice) == Some(false) {
            return Err(Kind::InvoiceNotIssuedForCaller.into());
        }
        must_be_payable(&invoice, self.now)?;
        self.assumed.insert("user-has-a-mobile");
        Ok(yes())
    }

    /// Takes an invoice as paid.
    pub(super) fn mark_paid(
        &mut self,
        mut invoice: Invoice,
        payment: Payment,
    ) -> Result<(), Refusal> {
        let (id, unverified) = (invoice.id, invoice.verification_needed);
        if !unverified {
            self.check_that_paid_is_possible(id)?;
        }
        // Until its issuer verifies a three-step payment, the invoice does not count as paid (S1).
        invoice.payed = !unverified;
        invoice.waiting = unverified;
        invoice.payment_date = Some(self.now);
        invoice.reference_number = Some(self.reference());
        invoice.delegation_amount = Some(pod_platform::Rial(payment.delegated));
        invoice.payer = payment.payer;
        invoice.wallet = payment.wallet;
        invoice.payment_tool_code = payment.tool;
        self.state.invoices.put(invoice);
        if unverified { Ok(()) } else { self.counts_as_paid(id) }
    }

    /// Would all that follows from a payment follow? Asked before anything is changed.
    fn check_that_paid_is_possible(&self, id: u64) -> Result<(), Refusal> {
        match self.loan_of_down_payment(id) {
            Some(loan) => self.check_activation(&loan),
            None => Ok(()),
        }
    }

    /// A payment is final: what hangs on the invoice learns of it.
    fn counts_as_paid(&mut self, id: u64) -> Result<(), Refusal> {
        self.bill_paid(id);
        self.loans_paid(id)
    }
}

pub(super) fn close(invoice: &mut Invoice) {
    invoice.closed = true;
    // What came out of another invoice is withdrawable when Shaparak has settled it (S1).
    invoice.withdrawable = invoice.payed && !invoice.will_be_blocked;
}
