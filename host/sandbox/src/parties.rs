//! Who there is. Nobody joins or leaves while a platform runs, so everybody is kept in memory and
//! no call asks the database who is calling.

use std::collections::HashMap;

use pod_platform::invoices::{Business, User};
use sqlx::{Row as _, SqliteConnection, query};

/// Whom a call acts for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The user who pays and is billed.
    pub(crate) user_id: i64,
    /// The business that issues, if the token is a business's.
    pub(crate) business_id: Option<i64>,
}

/// All businesses and users.
pub(crate) struct Parties {
    callers: HashMap<String, Caller>,
    businesses: HashMap<i64, String>,
    users: HashMap<i64, String>,
}

impl Parties {
    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut parties =
            Self { callers: HashMap::new(), businesses: HashMap::new(), users: HashMap::new() };
        for row in query("SELECT id, user_id, name, token FROM businesses")
            .fetch_all(&mut *connection)
            .await?
        {
            let (id, user_id): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let name: String = row.try_get(2)?;
            let business_id = Some(id);
            let caller = Caller { user_id, business_id };
            parties.callers.insert(row.try_get(3)?, caller);
            parties.users.insert(user_id, name.clone());
            parties.businesses.insert(id, name);
        }
        for row in query("SELECT id, name, token FROM users").fetch_all(connection).await? {
            let caller = Caller { user_id: row.try_get(0)?, business_id: None };
            parties.users.insert(caller.user_id, row.try_get(1)?);
            parties.callers.insert(row.try_get(2)?, caller);
        }
        Ok(parties)
    }

    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        self.callers.get(token).copied()
    }

    pub(crate) fn is_user(&self, id: i64) -> bool {
        self.users.contains_key(&id)
    }

    /// A business, as an invoice shows it.
    pub(crate) fn business(&self, id: i64) -> Business {
        Business {
            id: id.unsigned_abs(),
            name: self.businesses.get(&id).cloned().unwrap_or_default(),
            num_of_products: None,
            sheba: None,
            service_call_name: None,
        }
    }

    /// A user, as an invoice shows it.
    pub(crate) fn user(&self, id: i64) -> User {
        User {
            id: id.unsigned_abs(),
            name: self.users.get(&id).cloned(),
            sso_id: None,
            sso_issuer_code: None,
            profile_image: None,
        }
    }
}
