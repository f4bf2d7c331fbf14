//! Bytes: one alone is a whole number, a list of them is a blob. A script may also give a string,
//! which stands for its UTF-8, or an array of numbers.

use rhai::{Array, Blob, Dynamic};

use super::{FromScript, IntoScript, Mismatch, mismatch::describe, plain::array};

impl IntoScript for u8 {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_int(self.into()))
    }

    fn list_into_script(items: Vec<Self>) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_blob(items))
    }
}

impl FromScript for u8 {
    fn from_script(value: Dynamic) -> Result<Self, Mismatch> {
        let number = i64::from_script(value)?;
        Self::try_from(number)
            .map_err(|_| Mismatch::expected("a whole number from 0 to 255", number))
    }

    fn list_from_script(value: Dynamic) -> Result<Vec<Self>, Mismatch> {
        let value = value.flatten();
        if value.is_string() {
            return String::from_script(value).map(String::into_bytes);
        }
        match value.try_cast_result::<Blob>() {
            Ok(bytes) => Ok(bytes),
            Err(value) if value.is::<Array>() => array(value),
            Err(value) => {
                Err(Mismatch::expected("a blob, a string or an array of bytes", describe(&value)))
            }
        }
    }
}
