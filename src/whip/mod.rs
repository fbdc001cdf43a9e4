//! WHIP and WHEP over HTTP; a stand-in without routes.

/// The routes.
pub mod routes {
    /// Routes of `/whip` and `/whep`.
    pub fn router() -> axum::Router<crate::App> {
        axum::Router::new()
    }
}
