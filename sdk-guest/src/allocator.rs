//! The allocator of deciders.
//!
//! A decider's instance lives for one call: whatever it gives back, nobody needs again. So memory is
//! handed out from one end to the other, which takes a few instructions where a general allocator
//! takes dozens; a decision with its reasons is thousands of small allocations. A policy of the world
//! `policy` may run for long, and keeps the ordinary allocator.

use std::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32::memory_grow,
    cell::{Cell, UnsafeCell},
    mem::MaybeUninit,
    ptr,
};

/// WebAssembly's page, in bytes.
const PAGE: usize = 64 * 1024;
/// The memory grows by this much at least.
const PAGES_AT_ONCE: usize = 16;
/// What a small decision needs is there from the start: each growth is two calls of the operating
/// system, one when the memory grows and one when its place is made ready for the next guest.
const AT_FIRST: usize = 4 * PAGE;

/// Hands memory out, and takes only the last of it back.
pub struct OneCall {
    /// Where the next allocation may begin. What lies from here to `end` belongs to nobody.
    next: Cell<usize>,
    end: Cell<usize>,
    first: UnsafeCell<MaybeUninit<[u8; AT_FIRST]>>,
}

// SAFETY: guests are built for wasm32-unknown-unknown without atomics: there is one thread.
unsafe impl Sync for OneCall {}

impl OneCall {
    /// An allocator that has handed out nothing.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a static needs a constant")]
    pub const fn new() -> Self {
        let first = UnsafeCell::new(MaybeUninit::uninit());
        Self { next: Cell::new(0), end: Cell::new(0), first }
    }

    /// Makes room from `start` to `start + size`; where that is in the end. `None` if there is none.
    fn reserve(&self, size: usize, align: usize) -> Option<usize> {
        let start = aligned(self.next.get(), align)?;
        let stop = start.checked_add(size)?;
        if stop <= self.end.get() {
            self.next.set(stop);
            return Some(start);
        }
        self.grow(size, align)
    }

    #[cold]
    fn grow(&self, size: usize, align: usize) -> Option<usize> {
        if self.end.get() == 0 {
            let first = self.first.get().expose_provenance();
            self.next.set(first);
            self.end.set(first + AT_FIRST);
            return self.reserve(size, align);
        }
        let pages = size.checked_add(align)?.div_ceil(PAGE).max(PAGES_AT_ONCE);
        let before = memory_grow(0, pages);
        if before == usize::MAX {
            return None;
        }
        let base = before.checked_mul(PAGE)?;
        // Nobody else grows the memory, but if somebody did, what lies between is left alone.
        if base != self.end.get() {
            self.next.set(base);
        }
        self.end.set(base.checked_add(pages.checked_mul(PAGE)?)?);
        let start = aligned(self.next.get(), align)?;
        self.next.set(start.checked_add(size)?);
        Some(start)
    }
}

/// The first place from `start` on that is aligned, which is cheaper to tell for a power of two.
fn aligned(start: usize, align: usize) -> Option<usize> {
    start.checked_add(align - 1).map(|last| last & !(align - 1))
}

// SAFETY: `reserve` gives out ranges that are aligned as asked, lie within memory that this
// allocator has from the start (`first`, of which nobody else has a reference) or grew itself (from
// `base` to `end`, or what was left of its last growth, which touches it), and do not overlap: `next` only ever moves up over a range that is given out, and moves back
// only over the last range, when its owner gives it back. `grow` asks for `size + align` bytes, so
// that the range fits behind any padding. In `realloc`, a range that is the last one is stretched
// only up to `end`; any other is copied to a new one, which does not overlap it.
unsafe impl GlobalAlloc for OneCall {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.reserve(layout.size(), layout.align()) {
            Some(start) => ptr::with_exposed_provenance_mut(start),
            None => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let start = memory.addr();
        if start + layout.size() == self.next.get() {
            self.next.set(start);
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = memory.addr();
        let is_last = start + layout.size() == self.next.get();
        if let Some(stop) = start.checked_add(size)
            && is_last
            && stop <= self.end.get()
        {
            self.next.set(stop);
            return memory;
        }
        if size <= layout.size() {
            return memory;
        }
        match self.reserve(size, layout.align()) {
            Some(new) => {
                let new = ptr::with_exposed_provenance_mut(new);
                // SAFETY: both are valid for the old size, which is the smaller one, and the new
                // range does not overlap one that is in use.
                unsafe { ptr::copy_nonoverlapping(memory, new, layout.size()) };
                new
            }
            None => ptr::null_mut(),
        }
    }
}
