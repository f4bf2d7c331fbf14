//! A policy asked without a run: no platform, no journal.

use super::{decide, host::Host};
use crate::{
    contract::{
        Credit, Debt, DelegatedCredit, Failure, InvoiceToFinance, NettingPlan, Offer, OpenInvoice,
        Selection, SpendingPlan, Wallet, World,
    },
    guest::{Exports, Guest},
    journal::RunError,
    policy::{Policy, guest, run_error},
    redact::Mask,
};

impl Host {
    /// Asks a netting decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn plan(
        &self,
        policy: &Policy,
        debts: &[Debt],
        credits: &[Credit],
    ) -> Result<NettingPlan, RunError> {
        let Exports::Netting(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::Netting));
        };
        self.ask(policy, async |guest, config| {
            decide::netting::ask(exports, guest, debts, credits, config).await
        })
        .await
    }

    /// Asks a delegation decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn order(
        &self,
        policy: &Policy,
        invoices: &[OpenInvoice],
        delegations: &[DelegatedCredit],
        wallets: &[Wallet],
    ) -> Result<SpendingPlan, RunError> {
        let Exports::Delegation(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::Delegation));
        };
        self.ask(policy, async |guest, config| {
            decide::delegation::ask(exports, guest, invoices, delegations, wallets, config).await
        })
        .await
    }

    /// Asks a loan plan decider once, in a fresh sandbox, without a platform and without a journal.
    ///
    /// # Errors
    /// Why it did not answer.
    pub async fn select(
        &self,
        policy: &Policy,
        invoice: &InvoiceToFinance,
        offers: &[Offer],
    ) -> Result<Selection, RunError> {
        let Exports::LoanPlan(exports) = &policy.inner.entry.exports else {
            return Err(not_of_the_world(policy, World::LoanPlan));
        };
        self.ask(policy, async |guest, config| {
            decide::loan_plan::ask(exports, guest, invoice, offers, config).await
        })
        .await
    }

    async fn ask<T>(
        &self,
        policy: &Policy,
        ask: impl AsyncFnOnce(&mut Guest, &str) -> wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, RunError> {
        let loaded = &*policy.inner;
        let budget = &loaded.asks.budget;
        let compiler = self.compiler();
        let asked = compiler.processor().in_turn(async {
            let mut guest = guest(compiler, loaded, compiler.start_alone(budget)).await?;
            let answer = ask(&mut guest, &loaded.settings.text).await;
            guest.finish(answer)
        });
        asked.await.map_err(|stop| run_error(loaded, budget, &Mask::default(), stop))
    }
}

fn not_of_the_world(policy: &Policy, world: World) -> RunError {
    let (policy, world) = (&policy.inner.identity.name, world.name());
    RunError::Host { message: format!("`{policy}` is no policy of the world `{world}`") }
}
