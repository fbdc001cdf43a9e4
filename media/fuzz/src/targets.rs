//! What is tried: one function for each way in which bytes of strangers reach the engine.

mod parsers;
mod whole;

/// A way in.
pub struct Target {
    /// Also its folder in the corpus.
    pub name: &'static str,
    /// Panics when something is wrong.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "offer",
        check: parsers::offer,
    },
    Target {
        name: "fragment",
        check: parsers::fragment,
    },
    Target {
        name: "rtcp",
        check: parsers::rtcp,
    },
    Target {
        name: "rtp",
        check: parsers::rtp,
    },
    Target {
        name: "codec",
        check: parsers::codec,
    },
    Target {
        name: "descriptor",
        check: parsers::descriptor,
    },
    Target {
        name: "datagram",
        check: whole::datagram,
    },
    Target {
        name: "sealed",
        check: whole::sealed,
    },
    Target {
        name: "engine",
        check: whole::engine,
    },
];
