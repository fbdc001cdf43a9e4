//! A session that a server has opened: its address, its tag, its answer, and what can be asked of it.

use crate::rule::{Outcome, broken};
use crate::server::{FRAGMENT, Reply, SDP, Server};
use reqwest::Method;
use url::Url;

/// What a 201 said.
pub(crate) struct Session<'a> {
    pub(crate) server: &'a Server,
    pub(crate) url: Url,
    pub(crate) etag: Option<String>,
    pub(crate) offer: String,
    pub(crate) answer: String,
    pub(crate) created: Reply,
}

impl<'a> Session<'a> {
    /// Reads the answer to the POST of `offer`.
    ///
    /// # Errors
    /// What the server did wrong.
    pub(crate) fn read(server: &'a Server, offer: &str, reply: &Reply) -> Outcome<Session<'a>> {
        if !reply.is(201) {
            return broken(format!("a good offer gave {}", reply.brief()));
        }
        if reply.media_type() != SDP {
            return broken(format!("201 with Content-Type {:?}", reply.header("content-type")));
        }
        let Some(location) = reply.header("location") else {
            return broken("201 without Location");
        };
        let Ok(url) = reply.url.join(location) else {
            return broken(format!("Location {location:?} is no address"));
        };
        Ok(Session {
            server,
            url,
            etag: reply.header("etag").map(str::to_owned),
            offer: offer.to_owned(),
            answer: reply.text(),
            created: reply.clone(),
        })
    }

    /// A PATCH with a fragment, on the condition `if_match`.
    pub(crate) async fn patch(&self, if_match: Option<&str>, fragment: &str) -> Outcome<Reply> {
        let mut ask = self.server.ask(Method::PATCH, &self.url).body(FRAGMENT, fragment);
        if let Some(tag) = if_match {
            ask = ask.header("if-match", tag);
        }
        ask.send().await
    }

    /// A candidate that comes later, under the session's own tag.
    pub(crate) async fn trickle(&self) -> Outcome<Reply> {
        let fragment = crate::offer::trickle(&self.offer, "");
        self.patch(self.etag.as_deref(), &fragment).await
    }

    pub(crate) async fn delete(&self) -> Outcome<Reply> {
        self.server.ask(Method::DELETE, &self.url).send().await
    }

    /// Closes it after a rule. Whether closing works is a rule of its own.
    pub(crate) async fn close(&self) {
        let _ = self.delete().await;
    }
}
