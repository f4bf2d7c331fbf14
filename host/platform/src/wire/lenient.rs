//! Items that have a field of another shape than POD's documents describe: an amount with a fraction,
//! an object where a text is expected. One such item must not make a whole page unreadable, so it is
//! read without that field, and tells of it: [`UnreadableField`]. An envelope, and what is no object,
//! stay as strict as they are.
//!
//! What is as described is read in one go. Only where that fails, each item is read by itself, and
//! from the item that fails one field after another is taken out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned, ser::Error as _};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

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

/// An item's fields, each as it was sent.
type Fields = BTreeMap<String, Box<RawValue>>;

/// Reads a list.
///
/// # Errors
/// If it is none, or an item is no object.
pub fn list<T: Item>(result: &str) -> serde_json::Result<Vec<T>> {
    serde_json::from_str(result).or_else(|error| {
        let items: Vec<&RawValue> = serde_json::from_str(result).map_err(|_| error)?;
        items.into_iter().map(|one| item(one.get())).collect()
    })
}

/// Reads the one item that a service answers; some services answer a list of one.
///
/// # Errors
/// If it is neither, or its id cannot be read: nobody could say then what was answered.
pub fn record<T: Item>(result: &str) -> serde_json::Result<T> {
    super::json::answer_record(result).or_else(|error| {
        let one: Box<RawValue> = super::json::answer_record(result)?;
        let item: T = item(one.get())?;
        if item.unreadable().iter().any(|field| field.name == ID) { Err(error) } else { Ok(item) }
    })
}

/// Reads one item.
///
/// # Errors
/// If it is no object, or one that has a field twice.
pub fn item<T: Item>(text: &str) -> serde_json::Result<T> {
    let error = match serde_json::from_str(text) {
        Ok(item) => return Ok(item),
        Err(error) => error,
    };
    let Ok(mut fields) = serde_json::from_str::<Fields>(text) else { return Err(error) };
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
