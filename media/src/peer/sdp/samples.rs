//! Offers of real clients, caught from the wire, for the tests of this folder; and an answer's other details.
//!
//! They are `golden/<client>-<purpose>.offer.sdp`, with LF line ends for the sake of diffs: Chromium 156, Firefox 153,
//! ffmpeg 9.0, GStreamer 1.22, libdatachannel 0.24 (which OBS uses), aiortc 1.16. Safari's are written after its
//! codec list, not caught.

use super::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the client wants of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Publish,
    Simulcast,
    View,
}

macro_rules! samples {
    ($($name:literal $role:ident),* $(,)?) => {
        /// Name, role and text, with LF line ends.
        pub(super) const SAMPLES: &[(&str, Role, &str)] =
            &[$(($name, Role::$role, include_str!(concat!("golden/", $name, ".offer.sdp")))),*];
    };
}

samples! {
    "aiortc-publish" Publish,
    "aiortc-view" View,
    "chromium-publish" Publish,
    "chromium-simulcast" Simulcast,
    "chromium-svc" Publish,
    "chromium-view" View,
    "ffmpeg-publish" Publish,
    "ffmpeg-publish-active" Publish,
    "firefox-publish" Publish,
    "firefox-simulcast" Simulcast,
    "firefox-view" View,
    "gstreamer-publish" Publish,
    "gstreamer-view" View,
    "libdatachannel-publish" Publish,
    "libdatachannel-view" View,
    "safari-like-publish" Publish,
    "safari-like-view" View,
}

/// The offer of this name, with CR LF line ends as on the wire.
pub(super) fn sample(name: &str) -> String {
    let (_, _, text) = SAMPLES
        .iter()
        .find(|(known, ..)| *known == name)
        .expect("a sample of that name");
    text.replace('\n', "\r\n")
}

/// Agrees as the role says.
pub(super) fn negotiate(offer: &Offer, role: Role) -> Result<Vec<Negotiated>, OfferError> {
    if role == Role::View {
        negotiate_view(offer)
    } else {
        negotiate_publish(offer, true)
    }
}

/// Answers with fixed credentials and addresses.
pub(super) fn answer(offer: &Offer, negotiated: &[Negotiated], role: Role) -> String {
    write(Some(offer), negotiated, role)
}

/// The server's own offer, with the same.
pub(super) fn own_offer_text() -> String {
    write(None, &own_offer(), Role::View)
}

fn write(offer: Option<&Offer>, negotiated: &[Negotiated], role: Role) -> String {
    let view = role == Role::View;
    let port = 8189;
    let candidate = |ip: IpAddr, transport| Candidate {
        addr: SocketAddr::new(ip, port),
        transport,
    };
    write_answer(&AnswerDetails {
        bundled: offer.is_none_or(|offer| offer.bundled),
        extmap_allow_mixed: offer.is_none_or(|offer| offer.extmap_allow_mixed),
        negotiated,
        ice: &ice(),
        fingerprint: &Fingerprint {
            algorithm: HashFunction::Sha256,
            bytes: (0..32).collect(),
        },
        setup: match offer.map(|offer| offer.setup) {
            None => Setup::Actpass,
            Some(Setup::Passive) => Setup::Active,
            Some(_) => Setup::Passive,
        },
        candidates: &[
            candidate(Ipv4Addr::new(192, 0, 2, 1).into(), Transport::TcpPassive),
            candidate(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(), Transport::Udp),
            candidate(Ipv4Addr::new(192, 0, 2, 1).into(), Transport::Udp),
        ],
        direction: if view {
            AnswerDirection::SendOnly
        } else {
            AnswerDirection::RecvOnly
        },
        sources: if view {
            &[
                Some(Sources { primary: 1, rtx: None }),
                Some(Sources {
                    primary: 2,
                    rtx: Some(3),
                }),
            ]
        } else {
            &[]
        },
        stream_label: "class",
        session_id: 7,
        simulcast: role == Role::Simulcast,
        start_kbps: (!view).then_some(1500),
    })
}

/// The server's credentials in [`answer`].
pub(super) fn ice() -> IceCredentials {
    IceCredentials {
        ufrag: "serverufrag".to_owned(),
        pwd: "a-password-of-the-server".replace('-', "+"),
    }
}
