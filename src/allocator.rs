//! What the C library's allocator is told once, so that memory stays flat on every machine.

/// Arenas that all threads share. The allocator would make eight for each core, and what viewers leave behind in one is
/// not used by the threads of another: a server with viewers that come and go then grows for hours. The media threads
/// allocate nothing per packet, so they do not wait for one another here.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 2;

/// Bounds the number of arenas. To be called before any thread is started; on systems with another C library it does
/// nothing.
pub fn bound() {
    #[cfg(target_env = "gnu")]
    #[expect(
        unsafe_code,
        reason = "no crate offers it; the call takes two numbers and touches no memory of ours"
    )]
    // SAFETY: mallopt may be called at any time, with any values (mallopt(3)).
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
    }
}
