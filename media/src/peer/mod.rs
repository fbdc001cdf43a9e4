//! The layers of one WebRTC connection: the offer and its answer, ICE-lite, DTLS, SRTP.

pub mod dtls;
pub mod ice;
pub mod replay;
pub mod sdp;
pub mod srtp;
