//! Reading podhost.toml field by field. Whatever is wrong is told with file, line and field, and
//! never with a value: what stands in the wrong place may be a secret.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use pod_host::Place;
use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use crate::error::{FieldError, Reason};

/// A field's name, and where it stands.
#[derive(Clone, Debug)]
pub struct Spot {
    file: PathBuf,
    place: Option<Place>,
    field: String,
}

impl Spot {
    pub fn wrong(&self, reason: impl Into<Reason>) -> FieldError {
        FieldError::new(&self.file, self.place, &self.field, reason)
    }

    /// The last part of the field's name.
    pub fn name(&self) -> &str {
        self.field.rsplit('.').next().unwrap_or_default()
    }

    /// The folder that relative paths begin at.
    pub fn folder(&self) -> PathBuf {
        let file = std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone());
        file.parent().map_or_else(|| ".".into(), Path::to_owned)
    }
}

/// The file's text.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl<'a> Document<'a> {
    /// Hands the fields at the top to `read`.
    pub fn read<T>(
        self,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, FieldError>,
    ) -> Result<T, FieldError> {
        let table = DeTable::parse(self.text)
            .map_err(|error| self.spot("", error.span()).wrong(error.message()))?;
        Fields::of(self, self.spot("", None), table.get_ref()).read(read)
    }

    fn spot(self, field: &str, at: Option<Range<usize>>) -> Spot {
        Spot {
            file: self.path.to_owned(),
            place: at.map(|at| Place::of(self.text, at.start)),
            field: field.to_owned(),
        }
    }
}

/// The fields of one table. Each is taken once; one that is left at the end does not exist.
pub struct Fields<'a> {
    document: Document<'a>,
    pub spot: Spot,
    left: Vec<(&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>)>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn of(document: Document<'a>, spot: Spot, table: &'a DeTable<'a>) -> Self {
        Self { document, spot, left: table.iter().collect(), known: Vec::new() }
    }

    /// Hands the fields to `read`, which takes all that there are.
    pub fn read<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FieldError>,
    ) -> Result<T, FieldError> {
        let value = read(&mut self)?;
        let Some((key, _)) = self.left.first() else { return Ok(value) };
        let known = self.known.join("`, `");
        let spot = self.document.spot(&self.path(key.get_ref()), Some(key.span()));
        Err(spot.wrong(format!("there is no such field; there are `{known}`")))
    }

    /// A field, if it is there.
    pub fn take(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        let index = self.left.iter().position(|(key, _)| key.get_ref() == name)?;
        Some(self.field(index))
    }

    /// All fields that are left, whatever their names.
    pub fn take_all(&mut self) -> Vec<(String, Field<'a>)> {
        let mut fields = Vec::with_capacity(self.left.len());
        while !self.left.is_empty() {
            fields.push((self.left[0].0.get_ref().to_string(), self.field(0)));
        }
        fields
    }

    pub fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(key, _)| key.get_ref() == name)
    }

    fn field(&mut self, index: usize) -> Field<'a> {
        let (key, value) = self.left.remove(index);
        // A table's own span is its header's, which may be another's, too.
        let at = if value.get_ref().is_table() { key.span() } else { value.span() };
        let spot = self.document.spot(&self.path(key.get_ref()), Some(at));
        Field { document: self.document, spot, value }
    }

    fn path(&self, name: &str) -> String {
        match self.spot.field.as_str() {
            "" => name.to_owned(),
            table => format!("{table}.{name}"),
        }
    }
}

/// One field.
pub struct Field<'a> {
    document: Document<'a>,
    pub spot: Spot,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Field<'a> {
    pub fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    pub fn text(&self) -> Result<&'a str, FieldError> {
        let text = self.value.get_ref().as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| self.spot.wrong("must be a text"))
    }

    pub fn flag(&self) -> Result<bool, FieldError> {
        let flag = self.value.get_ref().as_bool();
        flag.ok_or_else(|| self.spot.wrong("must be true or false"))
    }

    /// An id on the platform.
    pub fn id(&self) -> Result<u64, FieldError> {
        let number = self.value.get_ref().as_integer();
        let id = number.and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        id.ok_or_else(|| self.spot.wrong("must be an id: a whole number"))
    }

    pub fn table(&self) -> Result<Fields<'a>, FieldError> {
        match self.value.get_ref().as_table() {
            Some(table) => Ok(Fields::of(self.document, self.spot.clone(), table)),
            None => Err(self.spot.wrong("must be a table")),
        }
    }

    pub fn list(&self) -> Result<Vec<Self>, FieldError> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return Err(self.spot.wrong("must be a list: [...]"));
        };
        let item = |value: &'a Spanned<DeValue<'a>>| {
            let spot = self.document.spot(&self.spot.field, Some(value.span()));
            Self { document: self.document, spot, value }
        };
        Ok(items.iter().map(item).collect())
    }

    /// Something that holds no secrets.
    pub fn open<T: DeserializeOwned>(&self) -> Result<T, FieldError> {
        T::deserialize(ValueDeserializer::from(self.value.clone())).map_err(|error| {
            let spot = self.document.spot(&self.spot.field, error.span());
            spot.wrong(error.message().trim())
        })
    }
}
