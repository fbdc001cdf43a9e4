//! What is to be graded, and how far the suite may go.

use url::Url;

/// Which of the two protocols an endpoint speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Kind {
    /// Takes media (RFC 9725).
    Whip,
    /// Gives media (draft-ietf-wish-whep).
    Whep,
}

/// How far the suite goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Depth {
    /// HTTP alone.
    Http,
    /// Real media as well, for some seconds.
    Media,
    /// Also what would disturb a stranger's server or takes long: a flood of requests, waiting for time limits.
    Heavy,
}

/// The endpoint to be graded.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is.
    pub kind: Kind,
    /// Its address.
    pub url: Url,
    /// The bearer token that opens it; none for an open endpoint.
    pub token: Option<String>,
    /// A token that is good, but for another endpoint.
    pub other_token: Option<String>,
    /// Where the same stream is published, for the rules of viewers that need a publisher.
    pub publish: Option<(Url, Option<String>)>,
    /// The server's log, for the rule that no token stands in it.
    pub log: Option<std::path::PathBuf>,
    /// How far to go.
    pub depth: Depth,
}

impl Target {
    /// An endpoint without tokens, graded with media and without disturbing it.
    pub fn new(kind: Kind, url: Url) -> Target {
        Target {
            kind,
            url,
            token: None,
            other_token: None,
            publish: None,
            log: None,
            depth: Depth::Media,
        }
    }
}
