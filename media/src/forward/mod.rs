//! From one received packet to many sent ones.
//!
//! | folder | what is in it | whom it knows |
//! |---|---|---|
//! | `track` | a track's line of numbers and times, and what is kept of it | |
//! | `layers` | the encodings and layers of the picture, each a track | `track` |
//! | `ingest` | a publisher's packets, opened and told apart | `track`, `layers` |
//! | `bandwidth` | what a viewer's line carries | |
//! | `viewer` | one viewer: which packets it is sent, when, and how they are written | all but `ingest` |
//!
//! `point`, `batch`, `received` and `feed` are the values that go between them.

pub mod bandwidth;
pub mod batch;
pub mod feed;
pub mod ingest;
pub mod layers;
pub mod point;
pub mod received;
pub mod track;
pub mod viewer;
