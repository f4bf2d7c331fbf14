//! Blobs: bytes that a call takes or answers. Of Rhai's functions of them, those that are of use
//! here, without its silence: a number that is no byte, and bytes that are no text, are errors.

use rhai::{Array, Blob, Dynamic, Engine, FuncRegistration, ImmutableString};

use crate::{
    call::{Answer, thrown},
    places,
};

/// Registers them all.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("blob", Blob::new)
        .register_fn("blob", |length: i64| blob(length, 0))
        .register_fn("blob", blob)
        .register_get("len", |blob: &mut Blob| length(blob))
        .register_get("is_empty", |blob: &mut Blob| blob.is_empty())
        .register_fn("push", |blob: &mut Blob, value: i64| -> Answer<()> {
            blob.push(byte("push", value)?);
            Ok(())
        });
    for name in ["append", "+="] {
        engine
            .register_fn(name, |blob: &mut Blob, more: Blob| blob.extend(more))
            .register_fn(name, |blob: &mut Blob, text: ImmutableString| {
                blob.extend_from_slice(text.as_bytes());
            })
            .register_fn(name, |text: &mut ImmutableString, more: Blob| -> Answer<()> {
                *text += as_string(&more)?;
                Ok(())
            });
    }
    engine
        .register_fn("+", |text: ImmutableString, more: Blob| -> Answer<ImmutableString> {
            Ok(text + as_string(&more)?)
        })
        .register_fn("+", |first: Blob, text: ImmutableString| -> Answer<ImmutableString> {
            Ok(as_string(&first)? + text)
        });
    pure("len").register_into_engine(engine, |blob: &mut Blob| length(blob));
    pure("is_empty").register_into_engine(engine, |blob: &mut Blob| blob.is_empty());
    pure("to_array").register_into_engine(engine, |blob: &mut Blob| -> Array {
        blob.iter().map(|byte| Dynamic::from_int((*byte).into())).collect()
    });
    pure("as_string").register_into_engine(engine, |blob: &mut Blob| as_string(blob));
    places::of_parts(engine, "extract", true, Blob::len, |blob, part| blob[part].to_vec());
}

fn pure(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(true)
}

fn blob(length: i64, value: i64) -> Answer<Blob> {
    let value = byte("blob", value)?;
    let length = usize::try_from(length)
        .map_err(|_| thrown(format!("`blob` takes 0 or more bytes, not {length}").into()))?;
    Ok(vec![value; length])
}

fn length(blob: &[u8]) -> i64 {
    i64::try_from(blob.len()).unwrap_or(i64::MAX)
}

fn byte(by: &str, value: i64) -> Answer<u8> {
    u8::try_from(value)
        .map_err(|_| thrown(format!("`{by}` takes a byte, 0 to 255, not {value}").into()))
}

fn as_string(blob: &[u8]) -> Answer<ImmutableString> {
    let text = std::str::from_utf8(blob);
    text.map(Into::into).map_err(|error| thrown(format!("the blob is no text: {error}").into()))
}
