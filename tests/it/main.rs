//! Tests of the whole server, in one binary: what a user would notice, over HTTP, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod app;
mod conformance;
mod databases;
mod end_to_end;
mod end_to_end_network;
mod end_to_end_peer;
mod end_to_end_protocol;
mod end_to_end_recording;
mod end_to_end_requests;
mod end_to_end_server;
mod end_to_end_tracks;
mod http;
mod http_access;
mod http_accounts;
mod http_calendar;
mod http_embedding;
mod http_enrolments;
mod http_magic_link;
mod http_oidc;
mod http_people;
mod http_replay;
mod http_schedule;
mod http_server;
mod http_sessions;
mod http_studio;
mod http_tls;
mod http_tokens;
mod http_whep;
mod http_whip;
mod http_whip_settings;
mod identity_provider;
mod jobs;
mod key_pair;
mod network_router;
mod notices;
mod notices_mail;
mod notices_push;
mod post_office;
mod schema;
mod store;
mod tidy;
mod token_service;
