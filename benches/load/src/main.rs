//! Load tester for WHIP and WHEP servers.

fn main() {}
