//! Reserves from the budget before a call, so that no call begins that it would not cover.
//!
//! How many rials are at stake is read from the platform, never believed from the guest. What
//! cannot be read is refused.

use std::sync::Arc;

use pod_platform::{
    Request, Rial, Service as _, Traffic,
    invoices::{GetInvoiceListRequest, InvoicePage},
    types,
};

use super::{Call, Layer, Next, Operation, Passage, Passing, Reply, invoice_at_stake};
use crate::budget::Amounts;

/// What a mutation's answer may take: it is small, and one that is cut off would leave a doubt.
const MUTATION_BYTES_DOWN: u64 = 64 * 1024;

#[derive(Clone)]
pub(crate) struct Charge<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Charge<S> {
    fn pass(self, mut call: Call) -> Passing {
        let Self { passage, mut inner } = self;
        let Operation::Pod(request) = &call.operation else { return inner.call(call) };
        let request = request.clone();
        Box::pin(async move {
            let mut needed = wire(&request);
            let covered = |needed| passage.recorder.check(&passage.grant.budget, needed);
            if let Err(exhaustion) = covered(needed) {
                return Ok(Reply::refused(types::Error::BudgetExhausted(exhaustion)));
            }
            let mut looked_up = Amounts::default();
            if let Some((field, invoice)) = invoice_at_stake(&request) {
                let (traffic, amount) = payable_amount(&passage, field, invoice).await;
                looked_up = Amounts::traffic(traffic);
                let refused = match amount {
                    Ok(amount) => {
                        needed.rials = amount.0;
                        covered(needed).err().map(types::Error::BudgetExhausted)
                    }
                    Err(reason) => Some(types::Error::Denied(types::Denial {
                        function: call.function.clone(),
                        reason,
                    })),
                };
                if let Some(error) = refused {
                    return Ok(Reply { outcome: Err(error), spent: looked_up });
                }
            }
            call.reserved = needed;
            let mut reply = inner.call(call).await?;
            reply.spent.calls += looked_up.calls;
            reply.spent.bytes_up += looked_up.bytes_up;
            reply.spent.bytes_down += looked_up.bytes_down;
            Ok(reply)
        })
    }
}

/// What a call takes on the wire, as far as it is known before.
fn wire(request: &Request) -> Amounts {
    let looks_up = u64::from(invoice_at_stake(request).is_some());
    let mutation = request.row.effect != pod_platform::Effect::Read;
    Amounts {
        rials: 0,
        calls: 1 + looks_up + u64::from(request.row.needs_ott),
        bytes_up: request.form.encoded().len() as u64,
        bytes_down: if mutation { MUTATION_BYTES_DOWN } else { 1 },
    }
}

/// What the platform says has to be paid for an invoice.
async fn payable_amount(
    passage: &Passage,
    field: &str,
    invoice: Option<u64>,
) -> (Traffic, Result<Rial, String>) {
    let nothing = Traffic::default();
    let Some(id) = invoice else {
        return (nothing, Err(format!("`{field}` names no invoice, so its amount is unknown")));
    };
    let list =
        GetInvoiceListRequest { offset: Some(0), size: 1, id: Some(id), ..Default::default() };
    let request = match list.prepare() {
        Ok(request) => request,
        Err(error) => return (nothing, Err(error.to_string())),
    };
    let exchange = passage
        .client
        .send(&request, &passage.credentials, None, MUTATION_BYTES_DOWN as usize)
        .await;
    let amount = exchange.outcome.map_err(|error| error.to_string()).and_then(|answer| {
        let page = answer.value.downcast::<InvoicePage>().ok();
        page.and_then(|page| page.result.into_iter().find(|invoice| invoice.id == id))
            .map(|invoice| invoice.payable_amount)
            .ok_or_else(|| "the account sees no such invoice".to_owned())
    });
    let amount =
        amount.map_err(|error| format!("the amount of invoice {id} cannot be read: {error}"));
    (exchange.traffic, amount)
}
