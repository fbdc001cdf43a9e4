//! A WebRTC peer that is not the server's own (the `webrtc` crate): it publishes numbered H.264 and Opus, or watches.
//!
//! The video is no picture, but its parameter sets and frame borders are right, and every packet carries a number, so
//! that a viewer knows what it got.

use crate::relay::Relay;
use crate::rule::{Miss, Outcome, broken, unknown};
use crate::sdp::{Description, credentials};
use crate::server::{Reply, Server};
use crate::session::Session;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS};
use rtc::rtp::Packet;
use rtc::rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, register_default_interceptors,
};

mod source;

use source::Source;

/// Connecting takes no longer when it works.
const PATIENCE: Duration = Duration::from_secs(15);
/// Payload types of viewers, which publishers do not use: what arrives must have been rewritten.
const VIEWER_TYPES: (u8, u8) = (97, 98);
const PUBLISHER_TYPES: (u8, u8) = (102, 111);

/// A connected peer.
pub(crate) struct Peer<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) relay: Relay,
    connection: Arc<dyn PeerConnection>,
    packets: mpsc::UnboundedReceiver<Packet>,
    source: Option<Source>,
}

/// A video packet, as a viewer got it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) ssrc: u32,
    pub(crate) seq: u16,
    pub(crate) rtp_time: u32,
    /// What the publisher wrote into it.
    pub(crate) number: u32,
}

#[derive(Clone, Copy, Default, Debug)]
struct State {
    gathered: bool,
    connected: bool,
    gone: bool,
}

/// Errors of the peer's own are no fault of the server's.
fn ours(error: impl std::fmt::Display) -> Miss {
    Miss::Unknown(format!("our peer: {error}"))
}

impl<'a> Peer<'a> {
    /// Publishes, and sends from now on. `start` is the number of the first packet.
    pub(crate) async fn publish(server: &'a Server, start: u32) -> Outcome<Peer<'a>> {
        let (connection, states, packets) = connection(PUBLISHER_TYPES).await?;
        let source = Source::new(&connection, PUBLISHER_TYPES).await.map_err(ours)?;
        let mut peer = Self::connect(server, connection, states, packets).await?;
        peer.source = Some(source.start(start));
        Ok(peer)
    }

    /// Watches.
    pub(crate) async fn view(server: &'a Server) -> Outcome<Peer<'a>> {
        let (connection, states, packets) = connection(VIEWER_TYPES).await?;
        for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
            let receive = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Recvonly,
                ..RTCRtpTransceiverInit::default()
            };
            let added = connection.add_transceiver_from_kind(kind, Some(receive)).await;
            added.map_err(ours)?;
        }
        Self::connect(server, connection, states, packets).await
    }

    async fn connect(
        server: &'a Server,
        connection: Arc<dyn PeerConnection>,
        mut states: watch::Receiver<State>,
        packets: mpsc::UnboundedReceiver<Packet>,
    ) -> Outcome<Peer<'a>> {
        let offer = connection.create_offer(None).await.map_err(ours)?;
        connection.set_local_description(offer).await.map_err(ours)?;
        if !reach(&mut states, |state| state.gathered).await {
            return unknown("our peer found no address of its own");
        }
        let offer = connection
            .local_description()
            .await
            .ok_or_else(|| ours("no offer"))?
            .sdp;
        let session = server.open(&offer).await?;
        let joined = join(&connection, &session.answer).await;
        let is_connected = joined.is_ok() && reach(&mut states, |state| state.connected).await;
        if !is_connected {
            session.close().await;
        }
        let relay = joined?;
        if !is_connected {
            return broken("no connection with the addresses and keys of the answer");
        }
        Ok(Peer {
            session,
            relay,
            connection,
            packets,
            source: None,
        })
    }

    /// Restarts ICE from another port, over a new line; the old one is cut.
    pub(crate) async fn restart(&mut self) -> Outcome<Reply> {
        let options = RTCOfferOptions { ice_restart: true };
        let offer = self.connection.create_offer(Some(options)).await.map_err(ours)?;
        let (ufrag, pwd) = credentials(&offer.sdp).ok_or_else(|| ours("an offer without credentials"))?;
        self.connection.set_local_description(offer).await.map_err(ours)?;
        let fragment = format!(
            "a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
             a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n"
        );
        let reply = self.session.patch(Some("*"), &fragment).await?;
        if !reply.is(200) {
            return unknown(format!("the server takes no restart ({})", reply.brief()));
        }
        self.relay.cut();
        let answer = restarted_answer(&self.session.answer, &reply.text())?;
        self.relay = join(&self.connection, &answer).await?;
        Ok(reply)
    }

    /// The next video packet, if one comes within `patience`.
    pub(crate) async fn video(&mut self, patience: Duration) -> Option<Arrived> {
        let next = async {
            while let Some(packet) = self.packets.recv().await {
                if let Some(arrived) = arrived(&packet) {
                    return Some(arrived);
                }
            }
            None
        };
        timeout(patience, next).await.ok().flatten()
    }

    /// Forgets what came so far.
    pub(crate) fn forget(&mut self) {
        while self.packets.try_recv().is_ok() {}
    }

    /// Ends the session, and the connection with it.
    pub(crate) async fn close(self) {
        drop(self.source);
        self.session.close().await;
        // It may be gone already.
        let _ = self.connection.close().await;
    }
}

fn arrived(packet: &Packet) -> Option<Arrived> {
    let (_, number) = packet.payload.split_last_chunk::<4>()?;
    (packet.header.payload_type == VIEWER_TYPES.0).then_some(Arrived {
        ssrc: packet.header.ssrc,
        seq: packet.header.sequence_number,
        rtp_time: packet.header.timestamp,
        number: u32::from_be_bytes(*number),
    })
}

/// Gives the connection the answer, with stand-ins for the server's addresses.
async fn join(connection: &Arc<dyn PeerConnection>, answer: &str) -> Outcome<Relay> {
    let candidates = Description::read(answer).candidates();
    let (relay, addresses) = Relay::new(&candidates).await.map_err(ours)?;
    if addresses.is_empty() {
        return broken("the answer has no UDP address");
    }
    let answer = RTCSessionDescription::answer(with_candidates(answer, &addresses));
    let taken = match answer {
        Ok(answer) => connection
            .set_remote_description(answer)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match taken {
        Ok(()) => Ok(relay),
        Err(error) => broken(format!("a peer cannot take the answer: {error}")),
    }
}

/// The description with these candidates in the first section, and no others.
fn with_candidates(text: &str, addresses: &[SocketAddr]) -> String {
    let mut description = String::new();
    let mut is_first = true;
    for line in text.lines().filter(|line| !is_candidate(line)) {
        description += line;
        description += "\r\n";
        if line.starts_with("a=mid:") && std::mem::take(&mut is_first) {
            for (number, address) in (1..).zip(addresses) {
                let (host, port) = (address.ip(), address.port());
                description += &format!("a=candidate:{number} 1 udp 2130706431 {host} {port} typ host\r\n");
            }
        }
    }
    description
}

fn is_candidate(line: &str) -> bool {
    line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates")
}

/// What the first answer would have been with the credentials and candidates of a restart's fragment.
fn restarted_answer(answer: &str, fragment: &str) -> Outcome<String> {
    let Some((ufrag, pwd)) = credentials(fragment) else {
        return broken("a restart without credentials");
    };
    let own = fragment
        .lines()
        .filter(|line| line.starts_with("a=candidate:"))
        .collect::<Vec<_>>();
    let mut text = String::new();
    for line in answer.lines() {
        match line {
            _ if line.starts_with("a=ice-ufrag:") => text += &format!("a=ice-ufrag:{ufrag}\r\n"),
            _ if line.starts_with("a=ice-pwd:") => text += &format!("a=ice-pwd:{pwd}\r\n"),
            // Without any of its own, the old ones stay good (RFC 8839 section 4.4.1.1.1).
            _ if is_candidate(line) && !own.is_empty() => {}
            _ => text += &format!("{line}\r\n"),
        }
    }
    for candidate in own {
        text += &format!("{candidate}\r\n");
    }
    Ok(text)
}

async fn connection(
    (h264_type, opus_type): (u8, u8),
) -> Outcome<(
    Arc<dyn PeerConnection>,
    watch::Receiver<State>,
    mpsc::UnboundedReceiver<Packet>,
)> {
    let mut media = MediaEngine::default();
    for (kind, payload_type, rtp_codec) in [
        (RtpCodecKind::Video, h264_type, h264()),
        (RtpCodecKind::Audio, opus_type, opus()),
    ] {
        let parameters = RTCRtpCodecParameters {
            rtp_codec,
            payload_type,
        };
        media.register_codec(parameters, kind).map_err(ours)?;
    }
    let (sender, packets) = mpsc::unbounded_channel();
    let (states, receiver) = watch::channel(State::default());
    let interceptors = register_default_interceptors(Registry::new(), &mut media).map_err(ours)?;
    let building = PeerConnectionBuilder::new()
        .with_media_engine(media)
        .with_interceptor_registry(interceptors)
        .with_handler(Arc::new(Handler {
            states,
            packets: sender,
        }))
        .with_udp_addrs(vec!["127.0.0.1:0"])
        .build();
    let connection = Box::pin(building).await.map_err(ours)?;
    Ok((Arc::new(connection), receiver, packets))
}

struct Handler {
    states: watch::Sender<State>,
    packets: mpsc::UnboundedSender<Packet>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.states
            .send_modify(|known| known.gathered |= state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        use RTCPeerConnectionState::{Closed, Connected, Failed};
        self.states.send_modify(|known| match state {
            Connected => known.connected = true,
            Failed | Closed => known.gone = true,
            _ => {}
        });
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let packets = self.packets.clone();
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    // The rule may be done.
                    let _ = packets.send(packet);
                }
            }
        });
    }
}

/// Whether a state is reached in time.
async fn reach(states: &mut watch::Receiver<State>, wanted: impl Fn(&State) -> bool) -> bool {
    let reached = timeout(PATIENCE, states.wait_for(|state| wanted(state) || state.gone)).await;
    matches!(reached, Ok(Ok(state)) if wanted(&state))
}

fn h264() -> RTCRtpCodec {
    let feedback = |kind: &str, parameter: &str| RTCPFeedback {
        typ: kind.to_owned(),
        parameter: parameter.to_owned(),
    };
    RTCRtpCodec {
        mime_type: MIME_TYPE_H264.to_owned(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f".to_owned(),
        rtcp_feedback: vec![feedback("nack", ""), feedback("nack", "pli")],
    }
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_take_the_place_of_addresses() {
        let answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\n\
            a=candidate:1 1 udp 1 192.0.2.1 9000 typ host\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";
        let here = SocketAddr::from(([127, 0, 0, 1], 5000));
        let text = with_candidates(answer, &[here]);
        let candidates = Description::read(&text).candidates();
        assert_eq!(candidates.len(), 1);
        assert_eq!((candidates[0].host, candidates[0].port), ("127.0.0.1", 5000));

        let fragment = "a=ice-ufrag:c\r\na=ice-pwd:d\r\n";
        let same = restarted_answer(answer, fragment).unwrap();
        assert_eq!(credentials(&same), Some(("c".into(), "d".into())));
        assert_eq!(Description::read(&same).candidates()[0].port, 9000);
        let moved = restarted_answer(
            answer,
            &format!("{fragment}a=candidate:1 1 udp 1 192.0.2.2 9001 typ host\r\n"),
        );
        let moved = moved.unwrap();
        assert_eq!(Description::read(&moved).candidates().len(), 1);
        assert_eq!(Description::read(&moved).candidates()[0].port, 9001);
    }
}
