//! The conditions that the request for a list sets, and the page of it that it asks for.

use std::borrow::Cow;

use pod_platform::{
    Instant, JalaliDate,
    persian::{LETTERS, persian},
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::service::{Context, Refusal, stored};

/// The conditions that a request sets.
pub(crate) struct Filters(Vec<Filter>);

/// A condition: its SQL before and behind the value.
struct Filter {
    before: Cow<'static, str>,
    value: Value,
    behind: &'static str,
}

#[derive(Clone)]
pub(crate) enum Value {
    Number(i64),
    Real(f64),
    Flag(bool),
    Text(String),
}

impl Filters {
    /// The conditions of a list whose things have their ids in this column.
    pub(crate) fn of(context: &Context<'_>, id: &str) -> Self {
        let only = context.only.map(|ids| Filter {
            before: format!("{id} IN (SELECT value FROM json_each(").into(),
            value: Value::Text(ids.to_owned()),
            behind: "))",
        });
        Self(only.into_iter().collect())
    }

    /// Adds a condition, if there is a value for it.
    pub(crate) fn add(&mut self, before: &'static str, value: Option<Value>, behind: &'static str) {
        self.0.extend(value.map(|value| Filter { before: before.into(), value, behind }));
    }

    pub(crate) fn number(
        &mut self,
        before: &'static str,
        field: &str,
        value: Option<u64>,
    ) -> Result<(), Refusal> {
        let value = value.map(|value| stored(field, value)).transpose()?;
        self.add(before, value.map(Value::Number), "");
        Ok(())
    }

    pub(crate) fn flag(&mut self, before: &'static str, value: Option<bool>) {
        self.add(before, value.map(Value::Flag), "");
    }

    pub(crate) fn text(&mut self, before: &'static str, value: Option<&str>) {
        self.add(before, value.map(|text| Value::Text(text.to_owned())), "");
    }

    /// A text within a column, whichever keyboard it was written with.
    pub(crate) fn within(&mut self, column: &str, value: Option<&str>) {
        let letters = LETTERS.iter().fold(column.to_owned(), |inner, (arabic, persian)| {
            format!("replace({inner}, '{arabic}', '{persian}')")
        });
        let text = value.map(|text| Value::Text(persian(text)));
        self.0.extend(text.map(|value| Filter {
            before: format!("instr({letters}, ").into(),
            value,
            behind: ") > 0",
        }));
    }

    /// From a first day to a last one, both included.
    pub(crate) fn days(
        &mut self,
        from: (&'static str, Option<JalaliDate>),
        to: (&'static str, Option<JalaliDate>),
    ) -> Result<(), Refusal> {
        let millis = |at: Instant| at.0;
        self.number(from.0, "from", from.1.and_then(JalaliDate::start).map(millis))?;
        self.number(to.0, "to", to.1.and_then(JalaliDate::end).map(millis))
    }

    /// Writes all conditions behind one that is there.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<Sqlite>) {
        for filter in &self.0 {
            sql.push(" AND ").push(&filter.before);
            match filter.value.clone() {
                Value::Number(number) => sql.push_bind(number),
                Value::Real(number) => sql.push_bind(number),
                Value::Flag(flag) => sql.push_bind(flag),
                Value::Text(text) => sql.push_bind(text),
            };
            sql.push(filter.behind);
        }
    }
}

/// What a list selects from, in which order, and which page of it.
pub(crate) struct List<'a> {
    pub(crate) columns: &'static str,
    /// Writes ` FROM … WHERE …`.
    pub(crate) from: &'a (dyn Fn(&mut QueryBuilder<Sqlite>) + Sync),
    pub(crate) filters: Filters,
    pub(crate) order: &'static str,
    pub(crate) size: u32,
    pub(crate) offset: u64,
}

impl List<'_> {
    /// The page's rows, and how many matches there are in all.
    pub(crate) async fn fetch(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(u64, Vec<SqliteRow>), Refusal> {
        let mut page = self.select(self.columns);
        page.push(" ORDER BY ").push(self.order);
        page.push(" LIMIT ").push_bind(self.size);
        page.push(" OFFSET ").push_bind(stored("offset", self.offset)?);
        let rows = page.build().fetch_all(&mut *connection).await?;
        let count: i64 = self.select("COUNT(*)").build_query_scalar().fetch_one(connection).await?;
        Ok((count.unsigned_abs(), rows))
    }

    fn select(&self, columns: &str) -> QueryBuilder<Sqlite> {
        let mut sql = QueryBuilder::new("SELECT ");
        sql.push(columns);
        (self.from)(&mut sql);
        self.filters.push(&mut sql);
        sql
    }
}
