//! How sessions are watched: by real media connections, not by open pages; and what came of them.
//!
//! | file | what it is for |
//! |---|---|
//! | `watch` | media connections become visits |
//! | `replay` | stretches of replay become visits |
//! | `report` | one session in numbers |
//! | `overview` | all sessions of an instructor in numbers |
//! | `csv` | tables for spreadsheets |
//! | `routes` | HTTP |
//! | `store`, `store_report` | SQL |

mod csv;
pub mod overview;
pub mod replay;
pub mod report;
pub mod routes;
pub mod store;
pub mod store_report;
pub mod watch;
