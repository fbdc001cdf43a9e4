//! From one received packet to many sent ones.

pub mod batch;
pub mod feed;
