//! Session descriptions of WHIP and WHEP: what an offer asks for, what the server agrees to, and the answer's text.
//!
//! [`parse`] reads an offer, [`negotiate_publish`] or [`negotiate_view`] decides, [`write_answer`] answers; [`own_offer`]
//! is what the server offers by itself, [`parse_answer`] and [`negotiate_answer`] are for what comes back; [`fragment`]
//! is for what comes later by PATCH. All of it is a function of its arguments: the credentials, the addresses and the
//! SSRCs of an answer come from the caller.
//!
//! An offer is taken whole or refused whole: no answer has a rejected media section (RFC 9725 section 4.4.3), so
//! sections, offered and negotiated, always correspond by position.
//!
//! Sources: RFC 8866 (SDP), RFC 8829 (JSEP), RFC 9143 (BUNDLE), RFC 8839 (ICE), RFC 8842 (DTLS), RFC 9725 (WHIP).

mod answer;
mod attribute;
mod candidate;
mod codec;
mod error;
pub mod fragment;
mod negotiate;
mod offer;
mod own_offer;
mod play;
mod simulcast;

#[cfg(test)]
mod golden_test;
#[cfg(test)]
mod property_test;
#[cfg(test)]
mod samples;

pub use answer::{AnswerDetails, AnswerDirection, Sources, write_answer};
pub use attribute::{Direction, ExtensionIds, Fingerprint, HashFunction, IceCredentials, Setup};
pub use candidate::{Candidate, Transport};
pub use codec::{Feedback, OfferedCodec};
pub use error::OfferError;
pub use negotiate::{Negotiated, NegotiatedCodec, negotiate_publish, negotiate_view};
pub use offer::{MAX_BYTES, Offer, OfferedMedia, Source, parse, parse_answer};
pub use own_offer::{negotiate_answer, own_offer};
pub use play::{PlayedCodec, payload_type_for};
pub use simulcast::Rid;
