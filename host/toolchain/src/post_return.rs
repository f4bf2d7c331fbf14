//! Takes out what nobody needs after the only call of an instance.
//!
//! wit-bindgen exports, beside each function, one that the host calls when it has read the answer,
//! and that gives back the answer's memory, piece by piece. The memory goes with the instance
//! anyway, so without that export a guest with a long answer is done sooner.

use wasm_encoder::{
    ExportSection, Module, RawSection,
    reencode::{Reencode as _, RoundtripReencoder},
};
use wasmparser::{Parser, Payload};

const POST_RETURN: &str = "cabi_post_";

/// The module without its `cabi_post_…` exports.
pub(crate) fn without(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut without = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(exports) = payload {
            let mut kept = ExportSection::new();
            for export in exports {
                let export = export?;
                if !export.name.starts_with(POST_RETURN) {
                    RoundtripReencoder.parse_export(&mut kept, export)?;
                }
            }
            without.section(&kept);
        } else if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            without.section(&RawSection { id, data: &module[range] });
        }
    }
    Ok(without.finish())
}
