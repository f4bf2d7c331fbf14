//! A fork: a platform that begins where a real one stands, and changes only itself.
//!
//! Whatever is needed to answer a call – an invoice, a bill, a loan with its contract – is read from
//! the real platform when it is first needed, and put into the tables; from there on it is the
//! emulator's own, under the emulator's rules and in its ledger. A list is the real one, with what
//! was changed here laid over it. Nothing but reads is ever sent: every question that a fork asks is
//! built in this module.
//!
//! What no service of POD's tells – a balance, a credit, whether a terminal was paid – is what whoever
//! starts the fork [knows](Known) or else assumed: money comes out of the ledger's account `assumed`,
//! and the answer says what was taken as given.

mod gaps;
mod identity;
mod import;
mod in_process;
mod invoices;
mod know;
mod laid;
mod lists;
mod loans;
mod met;
mod overlay;
mod pristine;
mod seen;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use pod_platform::{
    Answer, Client, Credentials, Instant, Request, Rial, Secret, TokenKind, types,
    wire::form::Fields,
};
use sqlx::{Connection as _, SqliteConnection, query};

pub use self::in_process::InProcess;
pub(crate) use self::{
    gaps::Gaps,
    identity::NOBODY,
    invoices::record,
    know::{Need, Side},
    lists::{Kind, Reads},
    overlay::overlay,
};
use self::{identity::Identity, know::Reading, laid::Laid, met::Met, seen::Seen};
use crate::{
    Error,
    holdings::{DelegatedCredit, LoanCredit},
    parties::Caller,
    platform::Platform,
    seed,
    service::{Entry, Refusal, Reply},
};

/// What exists in a fork only has ids from here on: above any that POD has given out, and exact in
/// JSON.
pub const FIRST_ID: u64 = 9_000_000_000_000_000;

/// Where the real platform is read.
pub trait Upstream: Send + Sync {
    /// Sends a request that changes nothing, and brings its answer.
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, types::Error>>;
}

/// A platform that is read as an account of it.
pub struct Reader {
    /// Calls it.
    pub client: Client,
    /// As whom.
    pub credentials: Arc<Credentials>,
}

impl Upstream for Reader {
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Answer, types::Error>> {
        Box::pin(async move {
            self.client.send(request, &self.credentials, None, &|_| true).await.outcome
        })
    }
}

/// What a fork begins from.
pub struct Origin {
    /// The real platform.
    pub upstream: Arc<dyn Upstream>,
    /// Whom it is a fork for.
    pub account: Account,
}

/// The account that acts on a fork: nobody else can.
#[derive(Clone, Debug)]
pub struct Account {
    /// The token that it calls the fork with.
    pub token: Secret,
    /// Its business. Absent: the invoices that are read tell, as far as they can.
    pub business: Option<u64>,
    /// Its user. Absent: likewise.
    pub user: Option<u64>,
    /// What is known of it beyond what can be read.
    pub known: Known,
}

/// What no service of POD's tells. What is `None` here is assumed to suffice.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the account's user can spend, by wallet code.
    pub wallet: Option<BTreeMap<String, Rial>>,
    /// Credit delegated to the account's user, in the order of use.
    pub delegations: Option<Vec<DelegatedCredit>>,
    /// What customers may still borrow.
    pub loan_credits: Option<Vec<LoanCredit>>,
    /// How many instalments a plan has, by the plan's id, where its script does not tell.
    pub installments: BTreeMap<u64, u32>,
}

/// What a platform is a fork of, and what it has of that.
pub(crate) struct Fork {
    pub(crate) token: Secret,
    /// For calls that bring no way of their own.
    pub(crate) upstream: Option<Arc<dyn Upstream>>,
    pub(crate) identity: Identity,
    pub(crate) gaps: Gaps,
    pub(crate) seen: Seen,
    laid: Laid,
    met: Met,
}

impl Fork {
    /// Makes an empty platform's tables those of a fork, where nothing is known yet but the account.
    pub(crate) async fn begin(
        account: Account,
        upstream: Option<Arc<dyn Upstream>>,
        connection: &mut SqliteConnection,
        now: Instant,
    ) -> Result<Self, Error> {
        let identity = Identity::new(account.business, account.user);
        if let Some(upstream) = &upstream {
            identity.look_around(&**upstream).await.map_err(Error::Upstream)?;
        }
        let mut transaction = connection.begin().await?;
        pristine::begin(&mut transaction).await?;
        let met = Met::default();
        import::account(&mut transaction, now, identity.caller(), &account.known, &met).await?;
        query("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)")
            .bind(seed::CALLER)
            .bind(account.token.expose())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Self {
            token: account.token,
            upstream,
            identity,
            gaps: Gaps::new(account.known),
            seen: Seen::default(),
            laid: Laid::default(),
            met,
        })
    }
}

impl Fork {
    /// Brings what is needed into the tables.
    pub(crate) async fn know(
        &self,
        platform: &Platform,
        upstream: &dyn Upstream,
        connection: &mut SqliteConnection,
        needs: &[Need],
    ) -> Result<(), Refusal> {
        if needs.is_empty() {
            return Ok(());
        }
        let now = platform.clock.now();
        let mut reading = Reading { fork: self, upstream, connection: &mut *connection, now };
        for need in needs {
            reading.know(need).await?;
        }
        if self.met.take_news() {
            platform.read_parties(connection).await?;
        }
        Ok(())
    }

    /// Does anybody tell what is in this wallet of a user's?
    pub(crate) fn knows_wallet(&self, user: i64, code: &str) -> bool {
        user == self.identity.caller().user_id && self.gaps.knows_wallet(code)
    }

    /// Does anybody tell which credit is delegated to a user?
    pub(crate) fn knows_delegations(&self, user: i64) -> bool {
        user == self.identity.caller().user_id && self.gaps.known.delegations.is_some()
    }
}

/// A call that a fork answers.
pub(crate) struct Asked<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) fork: &'a Fork,
    pub(crate) upstream: &'a dyn Upstream,
    pub(crate) entry: Entry,
    pub(crate) number: i64,
}

impl Asked<'_> {
    /// Reads what the call needs from the real platform. The answer, if that is all there is to do;
    /// otherwise the service's handler finds everything in the tables.
    pub(crate) async fn read(
        &self,
        connection: &mut SqliteConnection,
        caller: Caller,
        fields: &Fields,
    ) -> Result<Option<Reply>, Refusal> {
        let Self { fork, upstream, entry, .. } = *self;
        fork.gaps.take();
        // What is wrong with the request, the handler says.
        let Ok((request, needs)) = (entry.prepare)(fields) else { return Ok(None) };
        match entry.reads {
            Reads::Both(kind) => return self.page(connection, caller, &request, kind).await,
            Reads::ThereUnless { field, table } => {
                let id = request.form.get(field).and_then(|id| id.parse::<u64>().ok());
                let id = id.unwrap_or_default();
                let has_changed = match table {
                    Some(table) => {
                        pristine::has_changed(connection, table, id.cast_signed()).await?
                    }
                    None => false,
                };
                if id < FIRST_ID && !has_changed {
                    return self.pass_on(&request).await.map(Some);
                }
            }
            Reads::Here => {}
        }
        fork.know(self.platform, upstream, connection, &needs).await?;
        if entry.row.token == TokenKind::Business && !fork.identity.knows_business() {
            fork.gaps.assume("account-is-a-business");
        }
        Ok(None)
    }
}
