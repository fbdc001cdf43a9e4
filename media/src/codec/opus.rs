//! Opus in RTP (RFC 7587): a packet is a frame.
