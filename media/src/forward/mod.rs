//! From one received packet to many sent ones.

pub mod bandwidth;
pub mod batch;
pub mod clock;
pub mod early;
pub mod feed;
pub mod history;
pub mod ingest;
pub mod lane;
pub mod layers;
pub mod line;
pub mod missing;
pub mod picture_id;
pub mod plan;
pub mod point;
pub mod rate;
pub mod received;
pub mod scalability;
pub mod select;
pub mod sound;
pub mod step;
pub mod switch;
pub mod track;
pub mod viewer;
