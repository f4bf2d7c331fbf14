//! Numbers, texts, flags, options, lists and maps.

use rhai::{Array, Dynamic, ImmutableString, Map};

use super::{FromScript, IntoScript, Mismatch, mismatch::describe};

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl IntoScript for $integer {
            fn into_script(self) -> Result<Dynamic, Mismatch> {
                i64::try_from(self).map(Dynamic::from_int).map_err(|_| {
                    Mismatch::new(format!(
                        "{self} is more than a script's whole numbers hold, {}",
                        i64::MAX
                    ))
                })
            }
        }

        impl FromScript for $integer {
            fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
                let number = value
                    .as_int()
                    .map_err(|_| Mismatch::expected("a whole number", describe(&value)))?;
                Self::try_from(number).map_err(|_| {
                    let range = match i64::try_from(Self::MAX) {
                        Ok(most) => format!("a whole number from {} to {most}", Self::MIN),
                        Err(_) => format!("a whole number from {}", Self::MIN),
                    };
                    Mismatch::expected(range, number)
                })
            }
        }
    )*};
}

integers!(u16 u32 u64 i8 i16 i32 i64);

impl IntoScript for f64 {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_float(self))
    }
}

impl FromScript for f64 {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        #[expect(clippy::cast_precision_loss, reason = "a script's whole number as a decimal one")]
        let whole = |number: i64| number as f64;
        value
            .as_float()
            .or_else(|_| value.as_int().map(whole))
            .map_err(|_| Mismatch::expected("a number", describe(&value)))
    }
}

impl IntoScript for bool {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_bool(self))
    }
}

impl FromScript for bool {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        value.as_bool().map_err(|_| Mismatch::expected("true or false", describe(&value)))
    }
}

impl IntoScript for String {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from(self))
    }
}

impl FromScript for String {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        value
            .flatten()
            .try_cast_result::<ImmutableString>()
            .map(ImmutableString::into_owned)
            .map_err(|value| Mismatch::expected("a string", describe(&value)))
    }
}

impl IntoScript for () {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::UNIT)
    }
}

impl<T: IntoScript> IntoScript for Option<T> {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        self.map_or(Ok(Dynamic::UNIT), T::into_script)
    }
}

impl<T: FromScript> FromScript for Option<T> {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        if value.is_unit() { Ok(None) } else { T::from_script(value).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: IntoScript> IntoScript for Vec<T> {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        T::list_into_script(self)
    }
}

impl<T: FromScript> FromScript for Vec<T> {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        T::list_from_script(value)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl FromScript for Map {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        value
            .flatten()
            .try_cast_result::<Self>()
            .map_err(|value| Mismatch::expected("an object map", describe(&value)))
    }
}

pub(super) fn into_array<T: IntoScript>(items: Vec<T>) -> Result<Dynamic, Mismatch> {
    let items = items.into_iter().enumerate();
    items
        .map(|(index, item)| item.into_script().map_err(|mismatch| mismatch.in_item(index)))
        .collect::<Result<Array, _>>()
        .map(Dynamic::from_array)
}

pub(super) fn array<T: FromScript>(value: Dynamic) -> Result<Vec<T>, Mismatch> {
    let items = value
        .flatten()
        .try_cast_result::<Array>()
        .map_err(|value| Mismatch::expected("an array", describe(&value)))?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, item)| T::from_script(item).map_err(|mismatch| mismatch.in_item(index)))
        .collect()
}
