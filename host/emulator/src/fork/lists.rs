//! What is read, with what was changed here laid over it.
//!
//! A page of a list is exact: what is changed may have left the list or come into it, so the page is
//! cut anew out of a somewhat larger one of the real platform's. Lists are in the order of ids, the
//! newest first unless asked otherwise. Which of the changed things a list holds is for its own handler
//! to say, once of them as they stand and once as they stood: what a list costs here depends on how
//! much has changed, not on how much there is.

use std::collections::{BTreeMap, HashMap, HashSet};

use pod_platform::{
    Request,
    wire::{
        form::{Fields, Form},
        lenient,
    },
};
use serde_json::{Value, value::RawValue};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, query_as, query_scalar};

use super::{
    Asked, FIRST_ID,
    laid::{Changed, Changes, List, Told},
    pristine,
};
use crate::{
    invoice::Record,
    parties::Caller,
    service::{Refusal, Reply},
};

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

impl Kind {
    /// Selects the things that are not as the real platform shows them. A loan shows its instalments,
    /// and the invoice that it pays.
    const fn select_changed(self) -> &'static str {
        match self {
            Self::Invoices => "SELECT id, version FROM changed_invoices",
            Self::Bills => "SELECT id, version FROM changed_service_bills",
            Self::Loans => {
                "SELECT id, MAX(version) AS version FROM (\
                 SELECT id, version FROM changed_loans \
                 UNION ALL SELECT loan_id, version FROM installments \
                 JOIN changed_installments USING (id) \
                 UNION ALL SELECT loans.id, subject.version FROM loans \
                 JOIN changed_invoices AS subject ON subject.id = subject_invoice_id) GROUP BY id"
            }
        }
    }

    async fn changed(self, connection: &mut SqliteConnection) -> Result<Vec<Changed>, sqlx::Error> {
        let rows: Vec<(i64, i64)> = query_as(self.select_changed()).fetch_all(connection).await?;
        Ok(rows.into_iter().map(|(id, version)| Changed { id, version }).collect())
    }

    async fn has_changed(
        self,
        connection: &mut SqliteConnection,
        id: u64,
    ) -> Result<bool, sqlx::Error> {
        let sql = format!("SELECT ? IN (SELECT id FROM ({}))", self.select_changed());
        query_scalar(AssertSqlSafe(sql)).bind(id.cast_signed()).fetch_one(connection).await
    }

    /// Puts things, with what they show, back to what the real platform showed.
    async fn restore(
        self,
        connection: &mut SqliteConnection,
        ids: &str,
    ) -> Result<(), sqlx::Error> {
        match self {
            Self::Invoices => pristine::restore(connection, "invoices", ids).await,
            Self::Bills => pristine::restore(connection, "service_bills", ids).await,
            Self::Loans => pristine::restore_all(connection).await,
        }
    }
}

/// More than there will ever be here of anything.
const ALL: u32 = 1_000_000;

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

/// What a list has, by its id; none, if that cannot be read: then it stays where it is.
type Item = (Option<u64>, Box<RawValue>);

impl Asked<'_> {
    /// Asks the real platform what it is asked, and nothing else.
    pub(super) async fn pass_on(&self, request: &Request) -> Result<Reply, Refusal> {
        let answer = self.upstream.read(request).await;
        let answer = answer.map_err(|error| Refusal::Internal(Box::new(error)))?;
        self.fork.seen.see(&answer);
        let result = serde_json::from_slice(&answer.result)?;
        Ok(Reply { count: answer.count, result: Some(result), ..Reply::default() })
    }

    /// The page that is asked for; none, if that is for the list's own handler to say, for nothing of it
    /// is as the real platform shows it.
    pub(super) async fn page(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        request: &Request,
        kind: Kind,
    ) -> Result<Option<Reply>, Refusal> {
        let number = |field| request.form.get(field).and_then(|text| text.parse::<u64>().ok());
        if let Some(id) = number("id") {
            // What exists here only, the real platform need not be asked for.
            if id >= FIRST_ID || kind.has_changed(connection, id).await? {
                return Ok(None);
            }
            let reply = self.pass_on(request).await?;
            return self.freshen_page(connection, kind, reply).await.map(Some);
        }
        let changed = kind.changed(connection).await?;
        if changed.is_empty() {
            let reply = self.pass_on(request).await?;
            return self.freshen_page(connection, kind, reply).await.map(Some);
        }
        let Changes { gone, come, stayed } =
            self.changes(connection, caller, request, kind, &changed).await?;
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
        let start = offset.saturating_sub(come.len() as u64);
        let wanted = offset.saturating_add(size).saturating_add(gone.len() as u64) - start;
        let (count, read) = self.part(request, start, wanted).await?;
        let (count, page) = lay_over(
            Pages { gone, come, from, start, is_full: read.len() as u64 == wanted, offset, size },
            count,
            read,
        );
        let mut result = Vec::with_capacity(page.len());
        for (id, shown) in page {
            result.push(match id.and_then(|id| stayed.get(&id)) {
                Some(own) => own.clone(),
                None => self.freshen(connection, kind, shown).await?,
            });
        }
        let result = Some(serde_json::value::to_raw_value(&result)?);
        Ok(Some(Reply { count, result, ..Reply::default() }))
    }

    /// A part of the real platform's list.
    async fn part(
        &self,
        request: &Request,
        start: u64,
        wanted: u64,
    ) -> Result<(u64, Vec<Item>), Refusal> {
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
        kind: Kind,
        changed: &[Changed],
    ) -> Result<Changes, Refusal> {
        let mut fields = Fields::from(&request.form);
        for field in ["offset", "size", "firstId", "lastId"] {
            fields.remove(field);
        }
        let day = self.platform.clock.now().jalali_date();
        let list = List::of(self.entry.row.name, fields.clone(), caller, day);
        let news = self.fork.laid.news(&list, changed);
        if !news.is_empty() {
            let told = self.compare(connection, caller, fields, kind, news).await?;
            self.fork.laid.tell(&list, told);
        }
        Ok(self.fork.laid.changes(&list, changed))
    }

    /// What it says of some things, as they stand and as they stood.
    async fn compare(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        mut fields: Fields,
        kind: Kind,
        changed: Vec<Changed>,
    ) -> Result<Vec<Told>, Refusal> {
        fields.push("offset", "0");
        fields.push("size", ALL.to_string());
        let ids: Vec<i64> = changed.iter().map(|one| one.id).collect();
        let ids = serde_json::to_string(&ids)?;

        let mut now = self.own(connection, caller, &fields, &ids).await?;
        let mut transaction = connection.begin().await?;
        kind.restore(&mut transaction, &ids).await?;
        let before = self.own(&mut transaction, caller, &fields, &ids).await?;
        transaction.rollback().await?;

        let told = |changed: Changed| {
            let id = changed.id.unsigned_abs();
            Told { changed, before: before.contains_key(&id), now: now.remove(&id) }
        };
        Ok(changed.into_iter().map(told).collect())
    }

    /// Which of these things are in the list here.
    async fn own(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        fields: &Fields,
        ids: &str,
    ) -> Result<HashMap<u64, Box<RawValue>>, Refusal> {
        let parties = self.platform.parties();
        let now = self.platform.clock.now();
        let mut context =
            self.platform.context(&parties, connection, caller, now, self.number, fields);
        context.only = Some(ids);
        let reply = (self.entry.run)(&mut context).await?;
        let items = items(&reply)?;
        tracing::debug!(
            service = self.entry.row.name,
            items = items.len(),
            "listed of what changed"
        );
        Ok(items.into_iter().filter_map(|(id, shown)| Some((id?, shown))).collect())
    }

    /// A page that the real platform answered, in which others may show what has changed here.
    async fn freshen_page(
        &self,
        connection: &mut SqliteConnection,
        kind: Kind,
        reply: Reply,
    ) -> Result<Reply, Refusal> {
        if kind != Kind::Loans || Kind::Invoices.changed(connection).await?.is_empty() {
            return Ok(reply);
        }
        let mut result = Vec::new();
        for (_, shown) in items(&reply)? {
            result.push(self.freshen(connection, kind, shown).await?);
        }
        Ok(Reply { result: Some(serde_json::value::to_raw_value(&result)?), ..reply })
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

/// A list's items by id.
fn items(reply: &Reply) -> Result<Vec<Item>, Refusal> {
    let result = reply.result.as_ref().map_or("[]", |result| result.get());
    let items: Vec<Box<RawValue>> = serde_json::from_str(result)?;
    let named = |item: Box<RawValue>| (lenient::id(item.get()), item);
    Ok(items.into_iter().map(named).collect())
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

/// The page, and how many there are in all.
fn lay_over(pages: Pages, count: u64, read: Vec<Item>) -> (u64, Vec<Item>) {
    let Pages { mut gone, mut come, from, start, is_full, offset, size } = pages;
    let is_before = |one: u64, other: u64| match from {
        From::First(_) => one < other,
        From::Offset(_) | From::Last(_) => one > other,
    };
    // What the real platform lists already does not come in.
    for id in read.iter().filter_map(|(id, _)| *id) {
        come.remove(&id);
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
    // Where something is now that `before` others were before on the real platform, all of which are
    // `ahead`.
    let place = |before: usize, ahead: &dyn Fn(u64) -> bool| {
        let gone = gone.iter().filter(|id| ahead(**id)).count() as u64;
        let come = come.keys().filter(|id| ahead(**id)).count() as u64;
        (start + before as u64 + come).saturating_sub(gone)
    };
    let mut placed: Vec<(u64, Item)> = Vec::with_capacity(read.len() + come.len());
    for (id, shown) in &come {
        let is_ahead = |other: u64| is_before(other, *id);
        let last = read.iter().rposition(|(other, _)| other.is_some_and(is_ahead));
        let before = last.map_or(0, |last| last + 1);
        let is_beyond = (before == 0 && start > 0) || (before == read.len() && is_full);
        if !is_beyond {
            placed.push((place(before, &is_ahead), (Some(*id), shown.clone())));
        }
    }
    let mut last = None;
    for (index, (id, shown)) in read.into_iter().enumerate() {
        last = id.or(last);
        let place = match id {
            Some(id) => place(index, &|other| is_before(other, id)),
            // Behind the one that it was behind.
            None => place(index, &|other| last.is_some_and(|last| !is_before(last, other))),
        };
        if !id.is_some_and(|id| gone.contains(&id)) {
            placed.push((place, (id, shown)));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    let end = offset.saturating_add(size);
    let page = placed.into_iter().filter(|(place, _)| (offset..end).contains(place));
    (all, page.map(|(_, item)| item).collect())
}
