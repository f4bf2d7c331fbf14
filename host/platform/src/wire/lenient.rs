//! Items that have a field of another shape than POD's documents describe: an amount with a fraction,
//! an object where a text is expected. One such item must not make a whole page unreadable, so it is
//! read without that field, and tells of it: [`UnreadableField`]. An item of a list that cannot be taken
//! apart – no object, or one that has a field twice – arrives with nothing but its id. An envelope stays
//! as strict as it is.
//!
//! What is as described is read in one go. Only where that fails, each item is read by itself, and
//! from the item that fails one field after another is taken out.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
    ser::Error as _,
};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use super::object::Object;
use crate::{invoices::BankGateway, types::UnreadableField};

/// A record that tells what of it could not be read.
pub trait Item: Serialize + DeserializeOwned {
    /// The fields that have to be there, in POD's spelling, each with the JSON that stands for it
    /// when it is not.
    const NEEDED: &'static [(&'static str, &'static str)];

    /// What could not be read.
    fn unreadable(&self) -> &[UnreadableField];

    /// Tells what could not be read.
    fn tell(&mut self, unreadable: Vec<UnreadableField>);

    /// Writes it without a word about what could not be read.
    ///
    /// # Errors
    /// The serializer's.
    fn as_described<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// What an item is known by.
const ID: &str = "id";

/// From a field of an item's down to what is strange in it.
pub(crate) type Path = Vec<Segment>;

/// An item's fields, each as it was sent.
type Fields = BTreeMap<String, Box<RawValue>>;

/// Fields of which each is there once.
struct OnceEach(Fields);

impl<'de> Deserialize<'de> for OnceEach {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = OnceEach;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut sent: A) -> Result<OnceEach, A::Error> {
                let mut fields = Fields::new();
                while let Some((name, value)) = sent.next_entry::<String, Box<RawValue>>()? {
                    if fields.insert(name, value).is_some() {
                        return Err(de::Error::custom("a field is there twice"));
                    }
                }
                Ok(OnceEach(fields))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

/// What is told of an item that cannot be taken apart: under this name, all that POD sent. No record of
/// POD's has such a field.
pub(crate) const WHOLE: &str = "item";

/// Reads a list. An item that is no object, or that has a field twice, arrives with nothing but its id,
/// if that can be told.
///
/// # Errors
/// If it is none.
pub fn list<T: Item>(result: &str) -> serde_json::Result<Vec<T>> {
    serde_json::from_str(result).or_else(|error| {
        let items: Vec<&RawValue> = serde_json::from_str(result).map_err(|_| error)?;
        items.into_iter().map(|one| item(one.get())).collect()
    })
}

/// Reads the one item that a service answers; some services answer a list of one.
///
/// # Errors
/// If it is neither, if it cannot be taken apart, or if its id cannot be read: nobody could say then what
/// was answered.
pub fn record<T: Item>(result: &str) -> serde_json::Result<T> {
    super::json::answer_record(result).or_else(|error| {
        let one: Box<RawValue> = super::json::answer_record(result)?;
        let item: T = in_parts(one.get())?;
        if item.unreadable().iter().any(|field| field.name == ID) { Err(error) } else { Ok(item) }
    })
}

/// Reads one item of a list.
///
/// # Errors
/// If it is no JSON.
pub fn item<T: Item>(text: &str) -> serde_json::Result<T> {
    in_parts(text).or_else(|error| whole(text).map_err(|_| error))
}

/// An item's id, if it can be told.
#[must_use]
pub fn id(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(deserialize_with = "super::json::integer")]
        id: u64,
    }

    let named = Named::deserialize(Object(&mut serde_json::Deserializer::from_str(text)));
    named.ok().map(|Named { id }| id)
}

/// Reads an item that cannot be taken apart.
fn whole<T: Item>(text: &str) -> serde_json::Result<T> {
    let id = id(text);
    let mut fields = Fields::new();
    let mut unreadable = Vec::new();
    for (name, empty) in T::NEEDED {
        let value = match id {
            Some(id) if *name == ID => raw(&id.to_string())?,
            _ => {
                unreadable.push(told(name, "null"));
                raw(empty)?
            }
        };
        fields.insert((*name).to_owned(), value);
    }
    unreadable.push(told(WHOLE, serde_json::from_str::<&RawValue>(text)?.get()));
    let mut item: T = serde_json::from_str(&serde_json::to_string(&fields)?)?;
    item.tell(unreadable);
    Ok(item)
}

/// Reads an item, without the fields that cannot be read.
fn in_parts<T: Item>(text: &str) -> serde_json::Result<T> {
    let error = match serde_json::from_str(text) {
        Ok(item) => return Ok(item),
        Err(error) => error,
    };
    let Ok(OnceEach(mut fields)) = serde_json::from_str(text) else { return Err(error) };
    let mut unreadable: Vec<UnreadableField> = Vec::new();
    for (name, empty) in T::NEEDED {
        if !fields.contains_key(*name) {
            unreadable.push(told(name, "null"));
            fields.insert((*name).to_owned(), raw(empty)?);
        }
    }
    loop {
        let written = serde_json::to_string(&fields)?;
        let reader = &mut serde_json::Deserializer::from_str(&written);
        let failed = match serde_path_to_error::deserialize::<_, T>(reader) {
            // Nothing had to be taken out: the fault is in the whole.
            Ok(_) if unreadable.is_empty() => return Err(error),
            Ok(mut item) => {
                item.tell(unreadable);
                return Ok(item);
            }
            Err(failed) => failed,
        };
        let taken = match failed.path().iter().next() {
            Some(Segment::Map { key }) => fields.remove_entry(key),
            _ => None,
        };
        let Some((name, value)) = taken else { return Err(failed.into_inner()) };
        if let Some((_, empty)) = T::NEEDED.iter().find(|(needed, _)| *needed == name) {
            if value.get() == *empty {
                return Err(failed.into_inner());
            }
            fields.insert(name.clone(), raw(empty)?);
        }
        unreadable.push(told(&name, value.get()));
    }
}

/// Writes an item, with the fields that could not be read as they were sent.
///
/// # Errors
/// The serializer's.
pub fn serialize<T: Item, S: Serializer>(item: &T, serializer: S) -> Result<S::Ok, S::Error> {
    struct AsDescribed<'a, T>(&'a T);

    impl<T: Item> Serialize for AsDescribed<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.as_described(serializer)
        }
    }

    if item.unreadable().is_empty() {
        return item.as_described(serializer);
    }
    if let Some(all) = item.unreadable().iter().find(|field| field.name == WHOLE) {
        return raw(&all.value).map_err(S::Error::custom)?.serialize(serializer);
    }
    let as_sent = || {
        let described = serde_json::value::to_raw_value(&AsDescribed(item))?;
        let mut fields = Fields::deserialize(&*described)?;
        for UnreadableField { name, value } in item.unreadable() {
            fields.insert(name.clone(), raw(value)?);
        }
        serde_json::Result::Ok(fields)
    };
    as_sent().map_err(S::Error::custom)?.serialize(serializer)
}

/// Where within a field of an item's what is strange stands: `invoiceItemSrvs[0].amount`.
pub(crate) fn path<T: Item>(field: &UnreadableField) -> Path {
    let read = || {
        let mut fields = Fields::new();
        for (name, empty) in T::NEEDED {
            fields.insert((*name).to_owned(), raw(empty)?);
        }
        fields.insert(field.name.clone(), raw(&field.value)?);
        serde_json::to_string(&fields)
    };
    let Ok(written) = read() else { return Path::default() };
    let reader = &mut serde_json::Deserializer::from_str(&written);
    let failed = serde_path_to_error::deserialize::<_, T>(reader).err();
    failed.map(|failed| failed.path().iter().skip(1).cloned().collect()).unwrap_or_default()
}

fn raw(value: &str) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(value.to_owned())
}

fn told(name: &str, value: &str) -> UnreadableField {
    UnreadableField { name: name.to_owned(), value: value.to_owned() }
}

impl From<String> for BankGateway {
    /// POD named it, and said no more.
    fn from(name: String) -> Self {
        Self { type_: Some(name), ..Self::default() }
    }
}
