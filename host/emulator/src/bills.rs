//! Utility bills: how their payments come along.
//!
//! A bill is paid by an invoice of the platform's own. The companies are outside POD: as soon as
//! the invoice is paid it closes, and its money leaves. Until the company has the payment's file it
//! can come back.

use pod_platform::{
    BillType, UtilityBill,
    bills::{BillStatus, ServiceBill},
    rules::bill::is_hamrah_e_aval,
    types::PlatformErrorKind as Kind,
};
use sqlx::{Row as _, SqliteConnection, query, sqlite::SqliteRow};

use crate::{
    due::{self, Event},
    handlers::payments::PODLAND_WALLET,
    invoice::{Record, instant, issue, set_or_zero},
    ledger::{self, Account, Move},
    parties::{Caller, Parties},
    payment, record,
    service::{Context, Refusal},
};

/// The trade of the invoices by which bills are paid. No document tells its code.
const GUILD: &str = "UTILITY_GUILD";

/// A mobile bill clears at once (S2, S3): its payment is still told as accepted, and so many
/// milliseconds later as settled.
const AT_ONCE: u64 = 60_000;

/// How S2's sample names Hamrah-e-Aval.
const HAMRAH_E_AVAL: &str = "کشوری091";

/// What bills are for: the digit that says so in a bill id, and the name (S2's sample, S3).
const UTILITIES: [(u8, BillType, &str); 8] = [
    (1, BillType::Water, "آب"),
    (2, BillType::Electricity, "برق"),
    (3, BillType::Gas, "گاز"),
    (4, BillType::Landline, "تلفن ثابت"),
    (5, BillType::Mobile, "تلفن همراه"),
    (6, BillType::Municipality, "شهرداری"),
    (8, BillType::Tax, "مالیات"),
    (9, BillType::TrafficFine, "راهنمایی و رانندگی"),
];

/// The payment of a bill.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    id: i64,
    identifiers: UtilityBill,
    status: BillStatus,
    invoice_id: i64,
    /// Who asked for the invoice; once it is paid, who paid it.
    user_id: i64,
    requested_at: i64,
    reference: Option<i64>,
    canceled_at: Option<i64>,
    /// The scenario's name of the company.
    company: Option<String>,
    send_file_fails: bool,
    /// In a fork: as the real platform shows it.
    upstream: Option<String>,
}

impl Bill {
    /// Reads a row of `service_bills`, joined with what the scenario says of the bill.
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let identifiers = UtilityBill::read(row.try_get("bill_id")?, row.try_get("payment_id")?)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self {
            id: row.try_get("id")?,
            identifiers,
            status: BillStatus::from_code(row.try_get("status")?),
            invoice_id: row.try_get("invoice_id")?,
            user_id: row.try_get("user_id")?,
            requested_at: row.try_get("requested_at")?,
            reference: row.try_get("reference")?,
            canceled_at: row.try_get("canceled_at")?,
            company: row.try_get("company")?,
            send_file_fails: row.try_get::<Option<bool>, _>("send_file_fails")?.unwrap_or(false),
            upstream: row.try_get("upstream")?,
        })
    }

    pub(crate) async fn find(
        connection: &mut SqliteConnection,
        id: i64,
    ) -> Result<Option<Self>, sqlx::Error> {
        query(
            "SELECT * FROM service_bills LEFT JOIN bills USING (bill_id, payment_id) WHERE id = ?",
        )
        .bind(id)
        .fetch_optional(connection)
        .await?
        .map(|row| Self::read(&row))
        .transpose()
    }

    /// The bill that an invoice is for.
    pub(crate) async fn of_invoice(
        connection: &mut SqliteConnection,
        invoice: i64,
    ) -> Result<Option<Self>, sqlx::Error> {
        query(
            "SELECT * FROM service_bills LEFT JOIN bills USING (bill_id, payment_id) \
             WHERE invoice_id = ?",
        )
        .bind(invoice)
        .fetch_optional(connection)
        .await?
        .map(|row| Self::read(&row))
        .transpose()
    }

    /// The payment of a bill that was not cancelled.
    async fn valid(
        connection: &mut SqliteConnection,
        identifiers: &UtilityBill,
    ) -> Result<Option<Self>, sqlx::Error> {
        query(
            "SELECT * FROM service_bills LEFT JOIN bills USING (bill_id, payment_id) \
             WHERE bill_id = ? AND payment_id = ? AND status <> 'SERVICE_BILL_CANCELED'",
        )
        .bind(identifiers.bill_id())
        .bind(identifiers.payment_id())
        .fetch_optional(connection)
        .await?
        .map(|row| Self::read(&row))
        .transpose()
    }

    /// Writes what can change.
    async fn save(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        query(
            "UPDATE service_bills SET status = ?, user_id = ?, requested_at = ?, reference = ?, \
             canceled_at = ? WHERE id = ?",
        )
        .bind(self.status.code())
        .bind(self.user_id)
        .bind(self.requested_at)
        .bind(self.reference)
        .bind(self.canceled_at)
        .bind(self.id)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// The bill as its payer sees it.
    pub(crate) fn shown(mut self, parties: &Parties) -> Result<ServiceBill, serde_json::Error> {
        let Some(upstream) = self.upstream.take() else { return Ok(self.shown_here(parties)) };
        let upstream: ServiceBill = serde_json::from_str(&upstream)?;
        // All of a bill's own columns are fields that POD shows; the rest stays as it was.
        Ok(ServiceBill {
            utility_company_name: upstream.utility_company_name.clone(),
            sub_utility_company_name: upstream.sub_utility_company_name.clone(),
            settlement_request_id: upstream.settlement_request_id,
            user_srv: match &upstream.user_srv {
                Some(user) if user.id.cast_signed() == self.user_id => upstream.user_srv.clone(),
                _ => Some(parties.user(self.user_id)),
            },
            ..self.shown_here(parties)
        })
    }

    fn shown_here(self, parties: &Parties) -> ServiceBill {
        ServiceBill {
            id: self.id.unsigned_abs(),
            bill_id: self.identifiers.bill_id().to_owned(),
            payment_id: self.identifiers.payment_id().to_owned(),
            price: self.identifiers.amount(),
            utility_company_name: Some(utility(self.identifiers.bill_type()).to_owned()),
            sub_utility_company_name: self
                .company
                .or_else(|| is_hamrah_e_aval(&self.identifiers).then(|| HAMRAH_E_AVAL.to_owned())),
            request_date: Some(instant(self.requested_at)),
            reference_number: self.reference.map(i64::unsigned_abs),
            status: self.status,
            invoice_id: Some(self.invoice_id.unsigned_abs()),
            settlement_request_id: Some(0),
            user_srv: Some(parties.user(self.user_id)),
            cancel_date: set_or_zero(self.canceled_at.map(instant)),
            unreadable: Vec::new(),
        }
    }

    fn can_be_canceled(&self) -> bool {
        self.status.progress().is_some_and(|so_far| so_far.can_be_canceled(&self.identifiers))
    }
}

/// The invoice by which a bill can be paid: the one that somebody asked for already, or a new one
/// for the caller.
pub(crate) async fn open_invoice(
    context: &mut Context<'_>,
    identifiers: &UtilityBill,
) -> Result<Record, Refusal> {
    match Bill::valid(context.connection, identifiers).await? {
        None => {
            context.assumes("bill-not-paid-by-others");
            begin(context, identifiers).await
        }
        Some(bill) if bill.status == BillStatus::ServiceBillIssueInvoice => {
            let id = bill.invoice_id.unsigned_abs();
            Ok(Record::find(context.connection, id).await?.ok_or(Kind::InvoiceNotFound)?)
        }
        Some(_) => Err(Kind::DuplicateServiceBill.into()),
    }
}

/// Issues an invoice for a bill.
async fn begin(context: &mut Context<'_>, identifiers: &UtilityBill) -> Result<Record, Refusal> {
    let description = format!(
        "قبض {}، شناسه قبض {}، شناسه پرداخت {}",
        utility(identifiers.bill_type()),
        identifiers.bill_id(),
        identifiers.payment_id()
    );
    let business = Caller::PLATFORM.business_id.unwrap_or_default();
    // At most eight digits of thousands.
    let amount = identifiers.amount().0.cast_signed();
    let user = context.caller.user_id;
    let invoice = issue(context, business, GUILD, user, amount, description).await?;
    query(
        "INSERT INTO service_bills (id, bill_id, payment_id, status, invoice_id, user_id, \
         requested_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(record::next_id(context.connection, "service_bills").await?)
    .bind(identifiers.bill_id())
    .bind(identifiers.payment_id())
    .bind(BillStatus::ServiceBillIssueInvoice.code())
    .bind(invoice.id)
    .bind(user)
    .bind(context.millis())
    .execute(&mut *context.connection)
    .await?;
    Ok(invoice)
}

/// An invoice is paid: if it is a bill's, so is the bill, and the money goes to the company.
pub(crate) async fn invoice_paid(
    context: &mut Context<'_>,
    invoice: &mut Record,
) -> Result<(), Refusal> {
    let Some(mut bill) = Bill::of_invoice(context.connection, invoice.id).await? else {
        return Ok(());
    };
    payment::release(context, invoice, "closeServiceBill", Account::Outside).await?;
    invoice.closed = true;
    invoice.save(context.connection).await?;

    bill.status = BillStatus::ServiceBillAccepted;
    // Paid at the gateway by nobody that POD knows, it remains with whoever asked for it.
    bill.user_id = invoice.payer_id.unwrap_or(bill.user_id);
    // Lists are by the time of the payment.
    bill.requested_at = context.millis();
    bill.reference = Some(context.reference);
    bill.save(context.connection).await?;
    let at = match bill.identifiers.bill_type() {
        BillType::Mobile => context.after(AT_ONCE),
        _ => context.midnight(),
    };
    due::schedule(context.connection, at, Event::BillClears, bill.id).await?;
    Ok(())
}

/// A bill's payment comes one [step](pod_platform::rules::bill::Progress::next) further. How long
/// the steps take is not documented: here, files are sent at midnight, and what they tell is settled a
/// day later.
pub(crate) async fn clear(context: &mut Context<'_>, id: i64) -> Result<(), Refusal> {
    let Some(mut bill) = Bill::find(context.connection, id).await? else {
        return Ok(());
    };
    let bill_type = bill.identifiers.bill_type();
    let so_far = bill.status.progress();
    // It may have been cancelled meanwhile.
    let Some(next) = so_far.and_then(|so_far| so_far.next(bill_type, bill.send_file_fails)) else {
        return Ok(());
    };
    if next.next(bill_type, false).is_some() {
        let at = context.midnight();
        due::schedule(context.connection, at, Event::BillClears, bill.id).await?;
    }
    bill.status = BillStatus::of(next);
    bill.save(context.connection).await?;
    Ok(())
}

/// The payer takes the payment back. No document gives the refusals' codes.
pub(crate) async fn cancel(
    context: &mut Context<'_>,
    id: i64,
    service: &str,
) -> Result<Bill, Refusal> {
    let mut bill = Bill::find(context.connection, id).await?.ok_or(Kind::NotFound)?;
    let invoice = Record::find(context.connection, bill.invoice_id.unsigned_abs()).await?;
    let mut invoice = invoice.ok_or(Kind::InvoiceNotFound)?;
    let payer = context.caller.user_id;
    if invoice.payer_id != Some(payer) || !bill.can_be_canceled() {
        return Err(Kind::NoPermission.into());
    }

    let to = Account::Invoice { id: invoice.id };
    // What Shaparak has not settled yet has not gone to the company.
    let held = to.balance(context.connection).await?;
    let back = Move { from: Account::Outside, to, rials: invoice.payable() - held };
    ledger::post(context.connection, context.now, service, context.reference, &[back]).await?;
    // A card's money goes back into POD's wallet, as that of an unverified payment does (S1).
    query("UPDATE payment_sources SET account = ? WHERE invoice_id = ? AND account = ?")
        .bind(Account::Wallet { user: payer, code: PODLAND_WALLET }.to_string())
        .bind(invoice.id)
        .bind(Account::Outside.to_string())
        .execute(&mut *context.connection)
        .await?;
    payment::undo(context, &mut invoice, service).await?;
    invoice.closed = false;
    invoice.canceled = true;
    invoice.canceled_at = Some(context.millis());
    invoice.save(context.connection).await?;

    bill.status = BillStatus::ServiceBillCanceled;
    bill.canceled_at = invoice.canceled_at;
    bill.save(context.connection).await?;
    Ok(bill)
}

/// The organisations whose bills can be paid, as the file that S2 and S3 refer to.
pub(crate) fn organizations_csv() -> String {
    let rows = UTILITIES.iter().map(|(digit, _, name)| format!("{digit},{name}\n"));
    std::iter::once("type,name\n".to_owned()).chain(rows).collect()
}

fn utility(bill_type: BillType) -> &'static str {
    let known = UTILITIES.iter().find(|(_, known, _)| *known == bill_type);
    known.map_or("سایر", |(.., name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Emulator, Options, Scenario,
        payment::{Payment, Source},
    };

    const SARA: Caller = Caller { user_id: 40, business_id: None };

    /// Sara asks for an invoice, and somebody's card pays it. The bill's id.
    async fn paid_by_card(emulator: &Emulator, payer: Option<i64>) -> i64 {
        let paid = emulator.platform.act("a test", SARA, move |context| {
            Box::pin(async move {
                let bill = UtilityBill::read("9174639504124", "12908190").unwrap();
                let mut invoice = open_invoice(context, &bill).await?;
                let source =
                    Source { account: Account::Outside.to_string(), rials: invoice.payable() };
                let paying = Payment { sources: vec![source], payer, ..Payment::default() };
                payment::pay(context, &mut invoice, "card", paying).await?;
                Ok(Bill::of_invoice(context.connection, invoice.id).await?.unwrap().id)
            })
        });
        paid.await.unwrap()
    }

    async fn sara() -> Emulator {
        let text = r#"{"users": [{"id": 40, "name": "Sara", "accessToken": "sara"}]}"#;
        let scenario = Scenario::from_json("sara", text).unwrap();
        Emulator::start(Options { scenario, ..Options::default() }).await.unwrap()
    }

    #[tokio::test]
    async fn what_a_card_paid_goes_back_into_the_wallet() {
        let emulator = sara().await;
        let bill = paid_by_card(&emulator, Some(40)).await;
        assert_eq!(emulator.ledger().await.unwrap().balance("outside"), 0);
        let canceled = emulator
            .platform
            .act("a test", SARA, move |context| Box::pin(cancel(context, bill, "cancelBill")));
        canceled.await.unwrap();
        let ledger = emulator.ledger().await.unwrap();
        assert_eq!(ledger.balance("wallet:40:PODLAND_WALLET"), 129_000);
        assert_eq!((ledger.total, ledger.faults), (0, vec![]));
    }

    #[tokio::test]
    async fn what_nobody_known_paid_is_shown_to_who_asked_and_stays_paid() {
        let emulator = sara().await;
        let id = paid_by_card(&emulator, None).await;
        let found = emulator.platform.act("a test", SARA, move |context| {
            Box::pin(async move {
                Ok(Bill::find(context.connection, id).await?.unwrap().shown(context.parties)?)
            })
        });
        let bill = found.await.unwrap();
        assert_eq!(bill.status, BillStatus::ServiceBillAccepted);
        assert_eq!(bill.user_srv.unwrap().id, 40);
        let canceled = emulator
            .platform
            .act("a test", SARA, move |context| Box::pin(cancel(context, id, "cancelBill")));
        let refusal = canceled.await.unwrap_err();
        assert!(matches!(refusal, Refusal::Platform { kind: Kind::NoPermission, .. }));
        assert_eq!(emulator.ledger().await.unwrap().balance("wallet:40:PODLAND_WALLET"), 0);
    }

    #[test]
    fn organizations_are_a_table_of_two_columns() {
        let csv = organizations_csv();
        assert!(csv.starts_with("type,name\n1,آب\n"));
        assert!(csv.lines().all(|line| line.matches(',').count() == 1));
        assert_eq!(csv.lines().count(), 9);
    }
}
