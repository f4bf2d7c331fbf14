//! The one constructor of engines. A precompiled component fits only the configuration that it was
//! compiled with, so nobody else makes a `Config`.

use std::{sync::Weak, thread, time::Duration};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

pub use crate::grant::MAX_MEMORY_BYTES;

/// The most elements a guest's table can have.
pub const MAX_TABLE_ELEMENTS: usize = 20_000;
/// The most bytes that one host call copies out of a guest.
pub const HOSTCALL_COPY_BYTES: usize = 16 * 1024 * 1024;
/// How often a running guest lets others run and has its deadline looked at.
pub const EPOCH_TICK: Duration = Duration::from_millis(5);

/// How many guests can run at once.
pub const MAX_INSTANCES: u32 = 128;
/// A guest's own stack; deeper recursion is a trap. The Rhai interpreter needs this much to say
/// itself that a script recurses too deep.
const WASM_STACK_BYTES: usize = 2 * 1024 * 1024;
/// Pages of a slot that stay mapped for the next guest: resetting them is cheaper than faulting
/// them in again.
const KEEP_RESIDENT_BYTES: usize = 2 * 1024 * 1024;

/// An engine for policies: deterministic, metered, pooled, and interruptible.
///
/// # Errors
/// If this machine cannot reserve the pool's address space.
pub fn engine() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * 4)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES * 4)
        .total_stacks(MAX_INSTANCES)
        .max_core_instances_per_component(8)
        .max_memories_per_component(1)
        .max_tables_per_component(4)
        .max_memory_size(MAX_MEMORY_BYTES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(64 * 1024)
        .pagemap_scan(Enabled::Auto);

    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + 1024 * 1024)
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// Ticks the engine's epoch for as long as somebody holds `alive`.
pub fn tick_epochs(engine: &Engine, alive: Weak<()>) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("podhost-epochs".into()).spawn(move || {
        while alive.strong_count() > 0 {
            thread::sleep(EPOCH_TICK);
            let Some(engine) = engine.upgrade() else { break };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}
