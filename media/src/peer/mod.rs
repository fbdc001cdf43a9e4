//! One WebRTC connection: the offer and its answer, ICE-lite, DTLS, SRTP.

pub mod sdp;
