//! Who there is. Nobody joins or leaves while a platform runs, so everybody is kept in memory and
//! no call asks the database who is calling.

use std::collections::HashMap;

use pod_platform::invoices::{Business, Guild, Rate, User};
use sha2::{Digest, Sha256};
use sqlx::{Row as _, SqliteConnection, query};

/// Whom a call acts for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The user who pays and is billed.
    pub(crate) user_id: i64,
    /// The business that issues, if the token is a business's.
    pub(crate) business_id: Option<i64>,
}

impl Caller {
    /// The platform itself: for what happens when its time has come, and as the issuer of utility
    /// bills' invoices. No business and no user of a scenario has the id 0.
    pub(crate) const PLATFORM: Self = Self { user_id: 0, business_id: Some(0) };

    pub(crate) fn is_platform(self) -> bool {
        self.user_id == Self::PLATFORM.user_id
    }
}

/// All businesses and users.
pub(crate) struct Parties {
    callers: HashMap<String, Caller>,
    businesses: HashMap<i64, (String, i64)>,
    /// What invoices show of a business beside its name.
    profiles: HashMap<i64, Business>,
    users: HashMap<i64, Person>,
    /// Number and name of a guild by its code.
    guilds: HashMap<String, (u64, String)>,
}

/// A user, or the user that a business is billed as.
struct Person {
    name: String,
    cellphone_number: Option<String>,
    national_code: Option<String>,
    username: Option<String>,
    profile_image: Option<String>,
    is_business: bool,
}

impl Parties {
    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut parties = Self {
            callers: HashMap::new(),
            businesses: HashMap::new(),
            profiles: HashMap::new(),
            users: HashMap::new(),
            guilds: HashMap::new(),
        };
        for row in query("SELECT * FROM businesses").fetch_all(&mut *connection).await? {
            let (id, user_id): (i64, i64) = (row.try_get("id")?, row.try_get("user_id")?);
            let name: String = row.try_get("name")?;
            if let Some(token) = row.try_get("token")? {
                parties.callers.insert(token, Caller { user_id, business_id: Some(id) });
            }
            let person = Person {
                name: name.clone(),
                cellphone_number: row.try_get("cellphone_number")?,
                national_code: None,
                username: None,
                profile_image: row.try_get("profile_image")?,
                is_business: true,
            };
            parties.users.insert(user_id, person);
            let rate_count: i64 = row.try_get("rate_count")?;
            let num_of_products: i64 = row.try_get("num_of_products")?;
            let profile = Business {
                id: id.unsigned_abs(),
                name: name.clone(),
                num_of_products: Some(num_of_products.unsigned_abs()),
                rate: Some(Rate {
                    rate: row.try_get("rate")?,
                    rate_count: rate_count.unsigned_abs(),
                }),
                sheba: row.try_get("sheba")?,
                service_call_name: None,
            };
            parties.profiles.insert(id, profile);
            parties.businesses.insert(id, (name, user_id));
        }
        for row in query("SELECT * FROM guilds").fetch_all(&mut *connection).await? {
            let id: i64 = row.try_get("id")?;
            let guild = (id.unsigned_abs(), row.try_get("name")?);
            parties.guilds.insert(row.try_get("code")?, guild);
        }
        for row in query("SELECT * FROM users").fetch_all(connection).await? {
            let caller = Caller { user_id: row.try_get("id")?, business_id: None };
            let person = Person {
                name: row.try_get("name")?,
                cellphone_number: row.try_get("cellphone_number")?,
                national_code: row.try_get("national_code")?,
                username: row.try_get("username")?,
                profile_image: row.try_get("profile_image")?,
                is_business: false,
            };
            parties.users.insert(caller.user_id, person);
            if let Some(token) = row.try_get("token")? {
                parties.callers.insert(token, caller);
            }
        }
        Ok(parties)
    }

    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        self.callers.get(token).copied()
    }

    pub(crate) fn is_user(&self, id: i64) -> bool {
        id != Caller::PLATFORM.user_id && self.users.contains_key(&id)
    }

    /// Everybody who can pay, by id: the name, and whether it is a business's. The platform itself
    /// cannot, nor can whom a fork has for an owner that the real platform does not show: 0 and below.
    pub(crate) fn payers(&self) -> Vec<(i64, &str, bool)> {
        let mut payers: Vec<_> = self
            .users
            .iter()
            .filter(|(id, _)| **id > Caller::PLATFORM.user_id)
            .map(|(id, person)| (*id, person.name.as_str(), person.is_business))
            .collect();
        payers.sort_unstable_by_key(|(id, ..)| *id);
        payers
    }

    /// A user as one who acts: for its business, if it is a business's.
    pub(crate) fn acting(&self, user_id: i64) -> Caller {
        let own = self.businesses.iter().find(|(_, (_, owner))| *owner == user_id);
        Caller { user_id, business_id: own.map(|(id, _)| *id) }
    }

    /// The name of a user, or nothing if there is none.
    pub(crate) fn user_name(&self, id: i64) -> &str {
        self.users.get(&id).map_or("", |person| person.name.as_str())
    }

    /// The name of a business, or nothing if there is none.
    pub(crate) fn business_name(&self, id: i64) -> &str {
        self.businesses.get(&id).map_or("", |(name, _)| name)
    }

    /// The verified mobile number of a user.
    pub(crate) fn cellphone_number(&self, user: i64) -> Option<String> {
        self.users.get(&user)?.cellphone_number.clone()
    }

    /// The user with this mobile number, however its country code is written.
    pub(crate) fn by_cellphone_number(&self, number: &str) -> Option<i64> {
        let number = significant(number);
        self.find(|person| person.cellphone_number.as_deref().map(significant) == Some(number))
    }

    /// The user with this national code.
    pub(crate) fn by_national_code(&self, code: &str) -> Option<i64> {
        self.find(|person| person.national_code.as_deref() == Some(code))
    }

    /// The user with this name to log in by.
    pub(crate) fn by_username(&self, name: &str) -> Option<i64> {
        self.find(|person| person.username.as_deref() == Some(name))
    }

    fn find(&self, is_meant: impl Fn(&Person) -> bool) -> Option<i64> {
        self.users.iter().filter(|(_, person)| is_meant(person)).map(|(id, _)| *id).min()
    }

    /// A business, as an invoice shows it.
    pub(crate) fn business(&self, id: i64) -> Business {
        self.profiles.get(&id).cloned().unwrap_or_default()
    }

    /// There is no register of guilds here: a code that somebody uses is a guild. Of one of which
    /// nothing is known, name and number follow from the code, so that they are the same everywhere.
    pub(crate) fn guild(&self, code: &str) -> Guild {
        let (id, name) = match self.guilds.get(code) {
            Some((id, name)) => (*id, name.clone()),
            None => (guild_number(code), code.to_owned()),
        };
        Guild { id, name, code: code.to_owned() }
    }

    /// The user that a business is billed as.
    pub(crate) fn owner(&self, business: i64) -> Option<User> {
        self.businesses.get(&business).map(|(_, user)| self.user(*user))
    }

    /// Is a user the one that a business is billed as?
    pub(crate) fn owns(&self, user: i64, business: i64) -> bool {
        self.businesses.get(&business).is_some_and(|(_, owner)| *owner == user)
    }

    /// A user, as an invoice shows it.
    pub(crate) fn user(&self, id: i64) -> User {
        User {
            id: id.unsigned_abs(),
            name: self.users.get(&id).map(|person| person.name.clone()),
            // POD's own identities are issued by POD, whose number is 1.
            sso_id: Some(id.to_string()),
            sso_issuer_code: Some(1),
            profile_image: self.users.get(&id).and_then(|person| person.profile_image.clone()),
        }
    }
}

/// A guild's number, of which nothing else is known.
pub(crate) fn guild_number(code: &str) -> u64 {
    let hash = Sha256::digest(code.as_bytes());
    hash.iter().take(3).fold(0, |id, byte| (id << 8) | u64::from(*byte))
}

/// A mobile number without country code or leading zero. A country code without anything in front
/// of it, as spreadsheets keep it, has ten digits behind it.
pub(crate) fn significant(number: &str) -> &str {
    let bare = || number.strip_prefix("98").filter(|rest| rest.len() == 10);
    let code = ["0098", "+98"].iter().find_map(|code| number.strip_prefix(code));
    let national = code.or_else(bare).unwrap_or(number);
    national.strip_prefix('0').unwrap_or(national)
}
