//! What is read, with what was changed here laid over it.
//!
//! A page of a list is exact: what is changed may have left the list or come into it, so the page is
//! cut anew out of a somewhat larger one of the real platform's. Lists are in the order of ids, the
//! newest first unless asked otherwise. Which things a list holds is for its own handler to say, once
//! of things as they stand and once as they stood.

use std::collections::{BTreeMap, HashMap, HashSet};

use pod_platform::{
    Request,
    wire::form::{Fields, Form},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sqlx::{Connection as _, SqliteConnection, query_as};

use super::{Asked, FIRST_ID, pristine};
use crate::{
    invoice::Record,
    parties::Caller,
    service::{Refusal, Reply},
};

/// More than there will ever be here of anything.
const ALL: u32 = 1_000_000;

/// Of a service that reads: where a fork reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reads {
    /// In its own tables, once it knows what the call [needs](super::Need).
    Here,
    /// On the real platform, unless the thing that this field names is here only, or has changed here.
    ThereUnless { field: &'static str, table: Option<&'static str> },
    /// On the real platform, and lays over it what has changed here.
    Both(Kind),
}

/// What a list is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Invoices,
    Bills,
    Loans,
}

/// The things in a list that are not as the real platform shows them.
#[derive(Default)]
struct Changes {
    /// No longer in it.
    gone: HashSet<u64>,
    /// In it now, and not before.
    come: BTreeMap<u64, Box<RawValue>>,
    /// In it as before, looking otherwise.
    stayed: HashMap<u64, Box<RawValue>>,
}

/// Which part of a list.
#[derive(Clone, Copy)]
enum From {
    /// The newest first, without so many.
    Offset(u64),
    /// The oldest first, from this id on.
    First(u64),
    /// The newest first, from this id on.
    Last(u64),
}

#[derive(Deserialize)]
struct Named {
    #[serde(deserialize_with = "pod_platform::wire::json::integer")]
    id: u64,
}

impl Asked<'_> {
    /// Asks the real platform what it is asked, and nothing else.
    pub(super) async fn pass_on(&self, request: &Request) -> Result<Reply, Refusal> {
        let answer = self.upstream.read(request).await;
        let answer = answer.map_err(|error| Refusal::Internal(Box::new(error)))?;
        self.fork.seen.see(&answer);
        let result = serde_json::from_slice(&answer.result)?;
        Ok(Reply { count: answer.count, result: Some(result), ..Reply::default() })
    }

    /// The page that is asked for.
    pub(super) async fn page(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        request: &Request,
        kind: Kind,
    ) -> Result<Reply, Refusal> {
        let number = |field| request.form.get(field).and_then(|text| text.parse::<u64>().ok());
        let Touched { mut things, shows } = touched(connection, kind).await?;
        if let Some(id) = number("id") {
            things.retain(|thing| *thing == id);
        }
        // What exists here only, the real platform need not be asked for.
        let is_only_here = number("id").is_some_and(|id| id >= FIRST_ID);
        if things.is_empty() && !shows && !is_only_here {
            return self.pass_on(request).await;
        }
        let Changes { gone, come, stayed } =
            self.changes(connection, caller, request, &things).await?;
        let from = match (number("firstId"), number("lastId")) {
            (Some(id), _) => From::First(id),
            (_, Some(id)) => From::Last(id),
            _ => From::Offset(number("offset").unwrap_or_default()),
        };
        let size = number("size").unwrap_or(1);
        let offset = match from {
            From::Offset(offset) => offset,
            From::First(_) | From::Last(_) => 0,
        };
        let start = if is_only_here { 0 } else { offset.saturating_sub(come.len() as u64) };
        let wanted = offset.saturating_add(size).saturating_add(gone.len() as u64) - start;
        let (count, read) = match is_only_here {
            true => (0, Vec::new()),
            false => self.part(request, start, wanted).await?,
        };
        let (count, page) = lay_over(
            Pages { gone, come, from, start, is_full: read.len() as u64 == wanted, offset, size },
            count,
            read,
        );
        let mut result = Vec::with_capacity(page.len());
        for (id, shown) in page {
            result.push(match stayed.get(&id) {
                Some(own) => own.clone(),
                None => self.freshen(connection, kind, shown).await?,
            });
        }
        let result = Some(serde_json::value::to_raw_value(&result)?);
        Ok(Reply { count, result, ..Reply::default() })
    }

    /// A part of the real platform's list.
    async fn part(
        &self,
        request: &Request,
        start: u64,
        wanted: u64,
    ) -> Result<(u64, Vec<(u64, Box<RawValue>)>), Refusal> {
        let mut form = Form::default();
        for (name, value) in request.form.iter() {
            form.push(
                name.to_owned(),
                match name {
                    "offset" => start.to_string(),
                    "size" => wanted.to_string(),
                    _ => value.to_owned(),
                },
            );
        }
        let reply = self.pass_on(&Request { form, ..request.clone() }).await?;
        Ok((reply.count, items(&reply)?))
    }

    /// What the list's own handler says of what has changed here.
    async fn changes(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        request: &Request,
        touched: &HashSet<u64>,
    ) -> Result<Changes, Refusal> {
        let mut fields = Fields::from(&request.form);
        for field in ["offset", "size", "firstId", "lastId"] {
            fields.remove(field);
        }
        fields.push("offset", "0");
        fields.push("size", ALL.to_string());

        let mut now = self.own(connection, caller, &fields).await?;
        let mut transaction = connection.begin().await?;
        pristine::restore(&mut transaction).await?;
        let mut before = self.own(&mut transaction, caller, &fields).await?;
        transaction.rollback().await?;
        now.retain(|id, _| touched.contains(id));
        before.retain(|id, _| touched.contains(id));

        let mut changes = Changes::default();
        changes.gone.extend(before.keys().filter(|id| !now.contains_key(id)));
        for (id, shown) in now {
            match before.contains_key(&id) {
                true => changes.stayed.insert(id, shown),
                false => changes.come.insert(id, shown),
            };
        }
        Ok(changes)
    }

    /// All that is in the list here.
    async fn own(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        fields: &Fields,
    ) -> Result<HashMap<u64, Box<RawValue>>, Refusal> {
        let parties = self.platform.parties();
        let now = self.platform.clock.now();
        let mut context =
            self.platform.context(&parties, connection, caller, now, self.number, fields);
        let reply = (self.entry.run)(&mut context).await?;
        Ok(items(&reply)?.into_iter().collect())
    }

    /// A loan with the invoice that it pays as that is now.
    async fn freshen(
        &self,
        connection: &mut SqliteConnection,
        kind: Kind,
        shown: Box<RawValue>,
    ) -> Result<Box<RawValue>, Refusal> {
        if kind != Kind::Loans {
            return Ok(shown);
        }
        let mut loan: Value = serde_json::from_str(shown.get())?;
        let Some(id) = loan["subjectInvoice"]["id"].as_u64() else { return Ok(shown) };
        if !pristine::has_changed(connection, "invoices", id.cast_signed()).await? {
            return Ok(shown);
        }
        if let Some(subject) = Record::find(connection, id).await? {
            let subject = subject.shown(&self.platform.parties())?;
            loan["subjectInvoice"] = serde_json::to_value(subject)?;
        }
        Ok(serde_json::value::to_raw_value(&loan)?)
    }
}

/// What is not as the real platform shows it.
struct Touched {
    /// Things of the list's kind.
    things: HashSet<u64>,
    /// May others of them show something that is not?
    shows: bool,
}

async fn touched(connection: &mut SqliteConnection, kind: Kind) -> Result<Touched, sqlx::Error> {
    let table = match kind {
        Kind::Invoices => "invoices",
        Kind::Bills => "service_bills",
        Kind::Loans => {
            let mut loans = pristine::changed(connection, "loans").await?;
            let invoices = pristine::changed(connection, "invoices").await?;
            let parts = pristine::changed(connection, "installments").await?;
            let rows: Vec<(i64, i64, Option<i64>)> = query_as(
                "SELECT loans.id, subject_invoice_id, installments.id FROM loans \
                 LEFT JOIN installments ON loan_id = loans.id",
            )
            .fetch_all(&mut *connection)
            .await?;
            for (loan, subject, part) in rows {
                if invoices.contains(&subject) || part.is_some_and(|part| parts.contains(&part)) {
                    loans.insert(loan);
                }
            }
            let things = loans.into_iter().map(i64::unsigned_abs).collect();
            return Ok(Touched { things, shows: !invoices.is_empty() });
        }
    };
    let ids = pristine::changed(connection, table).await?;
    Ok(Touched { things: ids.into_iter().map(i64::unsigned_abs).collect(), shows: false })
}

/// A list's items by id.
fn items(reply: &Reply) -> Result<Vec<(u64, Box<RawValue>)>, Refusal> {
    let result = reply.result.as_ref().map_or("[]", |result| result.get());
    let items: Vec<Box<RawValue>> = serde_json::from_str(result)?;
    let named = |item: Box<RawValue>| {
        let Named { id } = serde_json::from_str(item.get())?;
        Ok((id, item))
    };
    items.into_iter().map(named).collect()
}

/// How a page comes about.
struct Pages {
    gone: HashSet<u64>,
    come: BTreeMap<u64, Box<RawValue>>,
    from: From,
    /// Where the real platform's part begins, and whether it is as long as was asked for.
    start: u64,
    is_full: bool,
    /// What the page is.
    offset: u64,
    size: u64,
}

type Item = (u64, Box<RawValue>);

/// The page, and how many there are in all.
fn lay_over(pages: Pages, count: u64, read: Vec<Item>) -> (u64, Vec<Item>) {
    let Pages { mut gone, mut come, from, start, is_full, offset, size } = pages;
    let is_before = |one: u64, other: u64| match from {
        From::First(_) => one < other,
        From::Offset(_) | From::Last(_) => one > other,
    };
    // What the real platform lists already does not come in.
    for (id, _) in &read {
        come.remove(id);
    }
    let all = count.saturating_sub(gone.len() as u64) + come.len() as u64;
    match from {
        From::Offset(_) => {}
        From::First(first) => {
            come.retain(|id, _| *id >= first);
            gone.retain(|id| *id >= first);
        }
        From::Last(last) => {
            come.retain(|id, _| *id <= last);
            gone.retain(|id| *id <= last);
        }
    }
    let come: Vec<Item> = come.into_iter().collect();
    let place = |before: u64, id: u64| {
        let gone = gone.iter().filter(|gone| is_before(**gone, id)).count() as u64;
        let come = come.iter().filter(|(come, _)| is_before(*come, id)).count() as u64;
        (before + come).saturating_sub(gone)
    };
    let mut placed: Vec<(u64, Item)> = Vec::with_capacity(read.len() + come.len());
    for (id, shown) in &come {
        let before = read.iter().filter(|(item, _)| is_before(*item, *id)).count();
        let is_beyond = (before == 0 && start > 0) || (before == read.len() && is_full);
        if !is_beyond {
            placed.push((place(start + before as u64, *id), (*id, shown.clone())));
        }
    }
    for (index, (id, shown)) in read.into_iter().enumerate() {
        if !gone.contains(&id) {
            placed.push((place(start + index as u64, id), (id, shown)));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    let end = offset.saturating_add(size);
    let page = placed.into_iter().filter(|(place, _)| (offset..end).contains(place));
    (all, page.map(|(_, item)| item).collect())
}
