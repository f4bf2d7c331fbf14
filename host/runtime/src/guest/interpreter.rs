//! The Rhai interpreter: a policy component whose input is a script.
//!
//! Its engine is pre-initialised, so that an ad-hoc script costs its parsing only. An installed
//! script gets a snapshot of its own, in which it is parsed already.

use wasmtime::{
    Engine, Instance, Linker, Module, Store,
    component::{Component, ComponentExportIndex},
    error::Context as _,
};
use wasmtime_wizer::Wizer;

use crate::{contract::World, crypto::Digest, error::Error};

const DECIDER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rhai-decider.wasm"));
const POLICY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rhai-policy.wasm"));

/// The interface by which the interpreter takes a script.
pub(crate) const INTERFACE: &str = "pod:policy/interpreter@0.1.0";
/// Its function.
pub(crate) const LOAD: &str = "load";
/// What tells what is suspicious in the script. Interpreters that runs in a store began with need not
/// have it.
pub(crate) const WARNINGS: &str = "warnings";

/// Where an interpreter has one of these functions.
pub(crate) fn function(interpreter: &Component, name: &str) -> Option<ComponentExportIndex> {
    let interface = interpreter.get_export_index(None, INTERFACE)?;
    interpreter.get_export_index(Some(&interface), name)
}

/// The interpreter for a world: deciders get one without capabilities.
fn module(world: World) -> &'static [u8] {
    match world {
        World::Policy => POLICY,
        World::Netting | World::Delegation | World::LoanPlan => DECIDER,
    }
}

/// What the interpreter's component is known by, alone or with a script in its snapshot.
pub(crate) fn digest(world: World, script: Option<&str>) -> Digest {
    match script {
        None => Digest::of(&[b"rhai", module(world)]),
        Some(script) => {
            Digest::of(&[b"rhai", module(world), world.name().as_bytes(), script.as_bytes()])
        }
    }
}

/// Makes the interpreter's component: its engine, and if there is one its script, are in its
/// memory from the start. Takes seconds; for a thread for blocking work, inside a runtime.
///
/// # Errors
/// If the script does not parse (which a caller finds out before, with a better message).
pub(crate) fn component(
    engine: &Engine,
    world: World,
    script: Option<&str>,
) -> Result<Vec<u8>, Error> {
    let snapshot = tokio::runtime::Handle::current()
        .block_on(snapshot(engine, world, script))
        .map_err(|error| Error::Component(format!("the Rhai interpreter: {error:#}")))?;
    pod_toolchain::componentise(&snapshot).map_err(|error| Error::Component(error.to_string()))
}

async fn snapshot(
    engine: &Engine,
    world: World,
    script: Option<&str>,
) -> wasmtime::Result<Vec<u8>> {
    let mut store = Store::new(engine, ());
    store.set_fuel(u64::MAX)?;
    store.set_epoch_deadline(u64::MAX / 2);
    Wizer::new()
        .run(&mut store, module(world), async |store, module: &Module| {
            let mut linker = Linker::new(engine);
            linker.define_unknown_imports_as_traps(module)?;
            let instance = linker.instantiate_async(&mut *store, module).await?;
            if let Some(script) = script {
                load(store, &instance, world, script).await?;
            }
            Ok(instance)
        })
        .await
}

/// Calls `load` in its lowered form: a core module has no other yet.
async fn load(
    store: &mut Store<()>,
    instance: &Instance,
    world: World,
    script: &str,
) -> wasmtime::Result<()> {
    let memory = instance.get_memory(&mut *store, "memory").context("it exports no memory")?;
    let realloc =
        instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut *store, "cabi_realloc")?;
    let load = instance
        .get_typed_func::<(u32, u32, u32, u32), u32>(&mut *store, &format!("{INTERFACE}#{LOAD}"))?;
    let mut lowered = [(0, 0); 2];
    for (text, place) in [world.name(), script].into_iter().zip(&mut lowered) {
        let length = u32::try_from(text.len())?;
        let at = realloc.call_async(&mut *store, (0, 0, 1, length)).await?;
        memory.write(&mut *store, at as usize, text.as_bytes())?;
        *place = (at, length);
    }
    let [(world, world_length), (script, length)] = lowered;
    let result = load.call_async(&mut *store, (world, world_length, script, length)).await?;
    let mut discriminant = [1];
    memory.read(&*store, result as usize, &mut discriminant)?;
    wasmtime::ensure!(discriminant == [0], "the script does not parse");
    Ok(())
}
