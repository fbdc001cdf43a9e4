//! Parsers by themselves: no panic, and nothing that is larger than what went in.

use lectern_media::codec::{self, Codec, Depacketiser};
use lectern_media::peer::sdp::{self, fragment as sdp_fragment};
use lectern_media::wire::dependency::Dependency;
use lectern_media::wire::rtp::Header;
use lectern_media::wire::stun::BindingRequest;
use lectern_media::wire::{protocol, rtcp as wire_rtcp, transport_cc};

const CODECS: [Codec; 6] = [
    Codec::H264,
    Codec::H265,
    Codec::Vp8,
    Codec::Vp9,
    Codec::Av1,
    Codec::Opus,
];

/// An offer, and what is agreed on.
pub(super) fn offer(bytes: &[u8]) {
    for offer in [sdp::parse(bytes), sdp::parse_answer(bytes)].into_iter().flatten() {
        assert!(bytes.len() <= sdp::MAX_BYTES, "the limit holds");
        for prefer_recordable in [false, true] {
            if let Ok(agreed) = sdp::negotiate_publish(&offer, prefer_recordable) {
                assert_eq!(agreed.len(), offer.media.len(), "never half an answer");
            }
        }
        if let Ok(agreed) = sdp::negotiate_view(&offer) {
            assert_eq!(agreed.len(), offer.media.len(), "never half an answer");
        }
    }
}

/// What comes by PATCH.
pub(super) fn fragment(bytes: &[u8]) {
    if let Ok(fragment) = sdp_fragment::parse(bytes) {
        assert!(bytes.len() <= sdp_fragment::MAX_BYTES, "the limit holds");
        assert!(
            fragment.candidates.len() <= sdp_fragment::MAX_CANDIDATES,
            "the limit holds"
        );
    }
}

/// Compound RTCP, with every parser of what is inside.
pub(super) fn rtcp(bytes: &[u8]) {
    let mut packets = 0;
    wire_rtcp::read_compound(bytes, |_| packets += 1);
    // A packet has four bytes at least; a report speaks of 31 sources at most.
    assert!(
        packets <= 32 * (bytes.len() / 4 + 1),
        "{packets} of {} bytes",
        bytes.len()
    );
    assert!(wire_rtcp::nacked(bytes).count() <= 17 * bytes.len() / 4 + 17);
    if let Some(feedback) = transport_cc::Feedback::parse(bytes) {
        assert!(feedback.packets().count() <= usize::from(u16::MAX));
    }
}

/// An RTP header, a connectivity check.
pub(super) fn rtp(bytes: &[u8]) {
    protocol(bytes);
    if let Some(header) = Header::parse(bytes) {
        assert!(header.len <= bytes.len(), "a header ends where its packet does");
        for id in 0..=255 {
            header.extension(bytes, id);
        }
        let payload = bytes.get(header.len..).unwrap_or_default();
        let plain = header.strip_padding(payload).map_or(0, <[u8]>::len);
        assert!(plain <= payload.len());
    }
    if let Some(check) = BindingRequest::parse(bytes) {
        check.is_authentic(&lectern_media::wire::stun::integrity_key("password"));
    }
}

/// Dependency descriptors of one source, each behind its length in a byte.
pub(super) fn descriptor(bytes: &[u8]) {
    let (mut structure, mut rest) = (None, bytes);
    while let Some((&length, tail)) = rest.split_first() {
        let (descriptor, tail) = tail.split_at(usize::from(length).min(tail.len()));
        if let Ok(dependency) = Dependency::read(descriptor, &mut structure) {
            dependency.structure.leaves_out_lower();
            let less = dependency.bytes_up_to(0);
            let read = Dependency::read(&less, &mut structure).expect("what was adapted can be read");
            assert_eq!((read.layer, read.present), (dependency.layer, dependency.present));
            let targets = dependency.structure.targets.len();
            assert!(targets <= 32, "{targets} targets");
        }
        rest = tail;
    }
}

/// Payloads of one codec, of which the first byte says the number: each is a length of two bytes and so many bytes.
pub(super) fn codec(bytes: &[u8]) {
    let Some((number, mut rest)) = bytes.split_first() else {
        return;
    };
    let codec = CODECS[usize::from(*number) % CODECS.len()];
    let mut payloads = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(tail.len());
        let (payload, tail) = tail.split_at(length);
        payloads.push(payload);
        rest = tail;
        codec::starts_key_frame(codec, payload);
        codec::layer(codec, payload);
    }
    let Some(mut depacketiser) = Depacketiser::new(codec) else {
        return;
    };
    let mut sample = Vec::new();
    for _ in 0..2 {
        let before = sample.len();
        let whole = depacketiser.frame(payloads.iter().copied(), &mut sample);
        let grown = sample.len() - before;
        // A unit of a single byte gets a length of four before it.
        let most = 4 * bytes.len() + 64 * (payloads.len() + 1);
        assert!(grown <= most, "{grown} bytes of {}", bytes.len());
        assert!(whole.is_ok() || grown == 0, "an error leaves nothing");
        depacketiser.description();
    }
}
