//! What a payment link leads to: an invoice, and the terms on which it is paid.

use pod_platform::{types::PlatformErrorKind as Kind, wire::form::Fields};
use sqlx::query_as;
use url::Url;

use super::way_back;
use crate::{
    fork::{Need, Side},
    invoice::Record,
    parties::Caller,
    service::{Context, Refusal},
};

/// The kinds of payment links.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Link {
    /// By `invoiceId`: only the invoice's own user pays.
    Invoice,
    /// By `uniqueNumber`: anybody pays.
    UniqueNumber,
    /// By the `hash` that getInvoicePaymentLink gave: anybody pays, for a while.
    Hash,
}

/// A link that a payer opened.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) link: Link,
    /// As it came.
    pub(super) query: String,
}

/// How the invoice of a link is paid.
pub(super) struct Terms {
    link: Link,
    /// Where the payer goes afterwards.
    pub(super) redirect: Option<Url>,
    /// Who else is told.
    pub(super) call: Option<String>,
    pub(super) gateway: Option<String>,
}

impl Visit {
    pub(super) fn fields(&self) -> Fields {
        Fields::decoded(self.query.as_bytes())
    }

    /// In a fork: what has to be known before the page can be shown.
    pub(super) fn needs(&self) -> Vec<Need> {
        let fields = self.fields();
        match self.link {
            Link::Invoice => {
                let id = fields.get("invoiceId").and_then(|id| id.trim().parse().ok());
                id.map(|id| Need::Invoice(id, Side::Either)).into_iter().collect()
            }
            Link::UniqueNumber => {
                let number = fields.get("uniqueNumber").map(str::to_owned);
                number.map(Need::Unique).into_iter().collect()
            }
            // The service that gave it knew the invoice.
            Link::Hash => Vec::new(),
        }
    }

    /// The link's query with another payer, or with none.
    pub(super) fn query_for(&self, payer: Option<&str>) -> String {
        let own = form_urlencoded::parse(self.query.as_bytes())
            .filter(|(name, _)| !name.eq_ignore_ascii_case("payer"));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(own);
        if let Some(payer) = payer {
            query.append_pair("payer", payer);
        }
        query.finish()
    }

    /// The link's invoice and terms.
    pub(super) async fn open(&self, context: &mut Context<'_>) -> Result<(Record, Terms), Refusal> {
        let fields = self.fields();
        let own = |name| fields.get(name).map(str::to_owned);
        let (invoice, redirect, call, gateway) = match self.link {
            Link::Hash => {
                let stored = stored(context, fields.get("hash").unwrap_or_default()).await?;
                // Clients append these to the link; what the service was told is for those that
                // send them there.
                (
                    stored.invoice,
                    own("redirectUri").or(stored.redirect_uri),
                    own("callbackUri").or_else(|| own("callUri")).or(stored.callback_uri),
                    own("gateway").or(stored.gateway),
                )
            }
            Link::Invoice | Link::UniqueNumber => (
                self.find(context, &fields).await?,
                own("redirectUri"),
                own("callUri"),
                own("gateway"),
            ),
        };
        let redirect = way_back::parameter("redirectUri", redirect.as_deref())?
            .or_else(|| invoice.redirect_url.as_deref().and_then(way_back::address));
        Ok((invoice, Terms { link: self.link, redirect, call, gateway }))
    }

    async fn find(&self, context: &mut Context<'_>, fields: &Fields) -> Result<Record, Refusal> {
        if self.link == Link::UniqueNumber {
            let number = fields.get("uniqueNumber").unwrap_or_default();
            let found = Record::find_unique(context.connection, number).await?;
            return Ok(found.ok_or(Kind::PageNotFound)?);
        }
        let id = fields.get("invoiceId").and_then(|id| id.trim().parse().ok());
        let found = match id {
            Some(id) => Record::find(context.connection, id).await?,
            None => None,
        };
        // Nobody can log in as the user of an invoice that has none.
        Ok(found.filter(|invoice| invoice.user_id.is_some()).ok_or(Kind::InvoiceNotFound)?)
    }
}

impl Terms {
    /// Who pays without having logged in: whoever comes with a link for its own user is that user.
    pub(super) fn known_payer(&self, invoice: &Record) -> Option<i64> {
        invoice.user_id.filter(|_| self.link == Link::Invoice)
    }

    /// May this one pay? To everybody but its own user, the invoice of the one link is none (S1).
    pub(super) fn admit(&self, payer: Caller, invoice: &Record) -> Result<(), Kind> {
        match self.link {
            Link::Invoice if invoice.user_id == Some(payer.user_id) => Ok(()),
            Link::Invoice => Err(Kind::InvoiceNotFound),
            Link::UniqueNumber | Link::Hash => Ok(()),
        }
    }
}

/// What getInvoicePaymentLink was told.
struct Stored {
    invoice: Record,
    redirect_uri: Option<String>,
    callback_uri: Option<String>,
    gateway: Option<String>,
}

async fn stored(context: &mut Context<'_>, hash: &str) -> Result<Stored, Refusal> {
    type Row = (i64, Option<String>, Option<String>, Option<String>);
    let row: Option<Row> = query_as(
        "SELECT invoice_id, redirect_uri, callback_uri, gateway FROM payment_links \
         WHERE hash = ? AND expires_at > ?",
    )
    .bind(hash)
    .bind(context.millis())
    .fetch_optional(&mut *context.connection)
    .await?;
    let (id, redirect_uri, callback_uri, gateway) = row.ok_or(Kind::CodeInvalidOrExpired)?;
    let invoice = Record::find(context.connection, id.unsigned_abs()).await?;
    let invoice = invoice.ok_or(Kind::InvoiceNotFound)?;
    Ok(Stored { invoice, redirect_uri, callback_uri, gateway })
}
