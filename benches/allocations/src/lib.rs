//! Counts allocations, and the bytes that are allocated now, of a whole process:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: lectern_allocations::Counting = lectern_allocations::Counting;
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);
/// More is given back than taken when one thread frees what another has taken; the sum over all is right.
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counted.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator can only be wrapped this way; every call is passed on unchanged"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(size as u64, Ordering::Relaxed);
        BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Allocations since the start of the process.
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Bytes that are allocated now, as asked for: what the allocator needs besides is not in it.
pub fn bytes() -> u64 {
    BYTES.load(Ordering::Relaxed)
}
