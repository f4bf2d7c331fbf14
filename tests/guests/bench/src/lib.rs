//! A policy that does one thing many times, for measuring the way through the door.

use pod_sdk::{
    invoices::{self, GetInvoiceListRequest},
    payments::{self, PayInvoiceByInvoiceRequest},
};
use serde::Deserialize;

pod_sdk::export_policy!(run);

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Input {
    /// List so many invoices, so many times.
    List { times: u32, size: u32 },
    /// Net these pairs, creditor invoice first.
    Net { pairs: Vec<(u64, u64)> },
}

/// How many invoices were seen or paid.
fn run(input: Input) -> pod_sdk::Result<usize> {
    let mut count = 0;
    pod_sdk::info!("begin");
    match input {
        Input::List { times, size } => {
            for _ in 0..times {
                let page = invoices::get_invoice_list(&GetInvoiceListRequest {
                    offset: Some(0),
                    size,
                    ..Default::default()
                })?;
                count += page.result.len();
            }
        }
        Input::Net { pairs } => {
            for (creditor_invoice_id, debtor_invoice_id) in pairs {
                let pair = PayInvoiceByInvoiceRequest { creditor_invoice_id, debtor_invoice_id };
                payments::pay_invoice_by_invoice(pair)?;
                count += 1;
            }
        }
    }
    pod_sdk::info!("end");
    Ok(count)
}
