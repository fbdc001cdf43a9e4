//! A WebRTC peer that is not ours (the `webrtc` crate) as WHIP publisher and WHEP viewer, for tests over loopback.
//!
//! The publisher sends H.264 whose packets are numbered inside their payloads, so that a viewer can tell whether it got
//! every one, in order and unchanged. They are no pictures, but parameter sets and frame borders are right.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, IF_MATCH, LOCATION};
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::rtp::Packet;
use rtc::rtp::header::Header;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodecParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use url::Url;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, register_default_interceptors,
};

use crate::end_to_end_tracks::{add_track, h264, opus};
use crate::network_router::Router;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

const SPS: [u8; 25] = [
    0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x80, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03,
    0x03, 0xc8, 0xf1, 0x83, 0x26, 0x80,
];
const PPS: [u8; 5] = [0x68, 0xc9, 0x61, 0x4b, 0x20];

/// Of the publisher's tracks. Viewers use others, so that what they receive must have been rewritten.
const H264_PAYLOAD_TYPE: u8 = 102;
const OPUS_PAYLOAD_TYPE: u8 = 111;

/// Frames between two key frames.
pub(crate) const GROUP: u32 = 15;

/// Packets of a frame.
pub(crate) const FRAME_PACKETS: u32 = 3;

/// Sends numbered H.264 and Opus.
pub(crate) struct Publisher {
    pub(crate) resource: Url,
    connection: Arc<dyn PeerConnection>,
    answer: String,
    video: Arc<TrackLocalStaticRTP>,
    audio: Arc<TrackLocalStaticRTP>,
    ssrcs: (u32, u32),
    seqs: (u16, u16),
    start: u32,
    frames: u32,
    states: watch::Receiver<State>,
}

/// Receives what a stream's publisher sends.
pub(crate) struct Viewer {
    pub(crate) resource: Url,
    connection: Arc<dyn PeerConnection>,
    answer: String,
    packets: mpsc::UnboundedReceiver<Packet>,
    states: watch::Receiver<State>,
    /// For [`Viewer::pictures`]: the sequence number after the highest, and those below that have not come.
    next_seq: Option<u16>,
    missing: HashSet<u16>,
}

/// A numbered packet as a viewer got it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Numbered {
    pub(crate) seq: u16,
    pub(crate) marker: bool,
    /// What the publisher wrote into it.
    pub(crate) number: u32,
}

#[derive(Clone, Copy, Default, Debug)]
struct State {
    gathered: bool,
    connected: bool,
    gone: bool,
}

impl Publisher {
    /// Connects and waits until media can flow. `start` is the number of the first packet.
    pub(crate) async fn connect(endpoint: &Url, key: &str, start: u32) -> Publisher {
        Publisher::connect_via(None, endpoint, key, start).await
    }

    /// The same through a router.
    pub(crate) async fn connect_via(via: Option<&Router>, endpoint: &Url, key: &str, start: u32) -> Publisher {
        let handler = Handler::new();
        let mut states = handler.states.subscribe();
        let connection = Box::pin(peer_connection(handler, H264_PAYLOAD_TYPE, OPUS_PAYLOAD_TYPE)).await;
        let (video, video_ssrc) = add_track(&connection, RtpCodecKind::Video, h264()).await;
        let (audio, audio_ssrc) = add_track(&connection, RtpCodecKind::Audio, opus()).await;
        let (resource, answer) = Box::pin(exchange(&connection, &mut states, endpoint, Some(key), via)).await;
        reach(&mut states, |state| state.connected).await;
        Publisher {
            resource,
            connection,
            answer,
            video,
            audio,
            ssrcs: (video_ssrc, audio_ssrc),
            seqs: (65_530, 7),
            start,
            frames: 0,
            states,
        }
    }

    /// Sends so many frames at 30 a second, with the sound that belongs to them.
    pub(crate) async fn send(&mut self, frames: u32) {
        let mut clock = tokio::time::interval(Duration::from_micros(33_333));
        for _ in 0..frames {
            clock.tick().await;
            self.send_frame().await;
            if self.frames.is_multiple_of(3) {
                self.send_sound().await;
            }
        }
    }

    /// The number of the next packet.
    pub(crate) fn next_number(&self) -> u32 {
        self.start + self.frames * FRAME_PACKETS
    }

    async fn send_frame(&mut self) {
        let is_key = self.frames.is_multiple_of(GROUP);
        for part in 0..FRAME_PACKETS {
            let number = self.next_number() + part;
            let header = Header {
                version: 2,
                marker: part + 1 == FRAME_PACKETS,
                payload_type: H264_PAYLOAD_TYPE,
                sequence_number: self.seqs.0,
                timestamp: self.frames.wrapping_mul(3000).wrapping_add(u32::MAX - 9000),
                ssrc: self.ssrcs.0,
                ..Header::default()
            };
            self.seqs.0 = self.seqs.0.wrapping_add(1);
            let payload = if is_key && part == 0 {
                parameter_sets(number)
            } else {
                slice(number, part, is_key)
            };
            self.video
                .write_rtp(Packet { header, payload })
                .await
                .expect("the connection takes packets");
        }
        self.frames += 1;
    }

    async fn send_sound(&mut self) {
        let header = Header {
            version: 2,
            payload_type: OPUS_PAYLOAD_TYPE,
            sequence_number: self.seqs.1,
            timestamp: self.frames.wrapping_mul(1600),
            ssrc: self.ssrcs.1,
            ..Header::default()
        };
        self.seqs.1 = self.seqs.1.wrapping_add(1);
        // 20 ms of silence, stereo (RFC 6716 section 3.1).
        let payload = Bytes::from_static(&[0xfc, 0xff, 0xfe]);
        self.audio
            .write_rtp(Packet { header, payload })
            .await
            .expect("the connection takes packets");
    }

    /// Makes new ICE credentials, and checks with those of the server's from now on.
    pub(crate) async fn restart_ice(&mut self, key: &str) {
        Box::pin(restart_ice(&self.connection, &self.resource, Some(key), &self.answer)).await;
    }

    /// Waits until the server has said good-bye.
    pub(crate) async fn wait_until_gone(&mut self) {
        reach_or_gone(&mut self.states).await;
    }

    /// Goes away without a word, as with a pulled plug.
    pub(crate) async fn vanish(self) {
        self.connection.close().await.expect("it closes");
    }
}

impl Viewer {
    /// Connects and waits until media can flow. Its payload types are its own.
    pub(crate) async fn connect(endpoint: &Url, token: Option<&str>) -> Viewer {
        Viewer::connect_via(None, endpoint, token).await
    }

    /// The same through a router.
    pub(crate) async fn connect_via(via: Option<&Router>, endpoint: &Url, token: Option<&str>) -> Viewer {
        let (sender, packets) = mpsc::unbounded_channel();
        let handler = Handler {
            packets: Some(sender),
            ..Handler::new()
        };
        let mut states = handler.states.subscribe();
        let connection = Box::pin(peer_connection(handler, 97, 98)).await;
        for kind in [RtpCodecKind::Video, RtpCodecKind::Audio] {
            let receive = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Recvonly,
                ..RTCRtpTransceiverInit::default()
            };
            connection
                .add_transceiver_from_kind(kind, Some(receive))
                .await
                .expect("a transceiver");
        }
        let (resource, answer) = Box::pin(exchange(&connection, &mut states, endpoint, token, via)).await;
        reach(&mut states, |state| state.connected).await;
        Viewer {
            resource,
            connection,
            answer,
            packets,
            states,
            next_seq: None,
            missing: HashSet::new(),
        }
    }

    /// Lets the server make the offer, answers it, and waits until media can flow.
    pub(crate) async fn offered(endpoint: &Url) -> Viewer {
        let (sender, packets) = mpsc::unbounded_channel();
        let packets_to = Some(sender);
        let handler = Handler {
            packets: packets_to,
            ..Handler::new()
        };
        let mut states = handler.states.subscribe();
        let connection = Box::pin(peer_connection(handler, 97, 98)).await;
        let http = reqwest::Client::new();
        let offered = http.post(endpoint.clone()).send().await.expect("the server offers");
        assert_eq!(offered.status(), 406);
        let location = offered.headers()[LOCATION].to_str().expect("text").to_owned();
        let resource = endpoint.join(&location).expect("a URL");
        let offer = RTCSessionDescription::offer(offered.text().await.expect("a body")).expect("SDP");
        connection.set_remote_description(offer).await.expect("a good offer");
        let answer = connection.create_answer(None).await.expect("an answer");
        connection.set_local_description(answer).await.expect("it is its own");
        reach(&mut states, |state| state.gathered).await;
        let answer = connection.local_description().await.expect("there is one").sdp;
        let taken = http
            .patch(resource.clone())
            .header(CONTENT_TYPE, "application/sdp")
            .body(answer.clone());
        assert_eq!(
            taken.send().await.expect("the server listens").status(),
            204,
            "{answer}"
        );
        reach(&mut states, |state| state.connected).await;
        Viewer {
            resource,
            connection,
            answer,
            packets,
            states,
            next_seq: None,
            missing: HashSet::new(),
        }
    }

    /// The next video packet.
    pub(crate) async fn video(&mut self) -> Numbered {
        loop {
            let packet = timeout(PATIENCE, self.packets.recv())
                .await
                .expect("a packet in time")
                .expect("a connection");
            match packet.header.payload_type {
                // Its own numbers, or those of the server's offer.
                97 | 96 => return numbered(&packet),
                98 | 111 => assert_eq!(packet.payload.as_ref(), [0xfc, 0xff, 0xfe], "sound is unchanged"),
                other => panic!("payload type {other} was not offered"),
            }
        }
    }

    /// Receives video up to the packet of this number, and checks that none before it is missing, doubled or changed.
    /// Returns the first one and how long it took to come.
    pub(crate) async fn video_until(&mut self, last: u32) -> (Numbered, Duration) {
        let started = Instant::now();
        let first = self.video().await;
        let took = started.elapsed();
        let mut previous = first;
        while previous.number < last {
            let next = self.video().await;
            assert_eq!(next.number, previous.number + 1, "after {previous:?}");
            assert_eq!(next.seq, previous.seq.wrapping_add(1), "after {previous:?}");
            assert_eq!(next.marker, (next.number + 1).is_multiple_of(FRAME_PACKETS), "{next:?}");
            previous = next;
        }
        (first, took)
    }

    /// Receives so many pictures, of whatever is in them, and all packets between those that it has received.
    pub(crate) async fn pictures(&mut self, count: u32) {
        let mut seen = 0;
        while seen < count || !self.missing.is_empty() {
            let packet = timeout(PATIENCE, self.packets.recv()).await;
            let header = packet.expect("a packet in time").expect("a connection").header;
            if ![97, 96].contains(&header.payload_type) {
                continue;
            }
            let next = *self.next_seq.get_or_insert(header.sequence_number);
            match header.sequence_number.wrapping_sub(next) {
                ahead if ahead < 0x8000 => {
                    self.missing.extend((0..ahead).map(|seq| next.wrapping_add(seq)));
                    self.next_seq = Some(header.sequence_number.wrapping_add(1));
                }
                _ => drop(self.missing.remove(&header.sequence_number)),
            }
            seen += u32::from(header.marker);
        }
    }

    /// The next video packet that the publisher sent after this one.
    pub(crate) async fn video_after(&mut self, number: u32) -> Numbered {
        loop {
            let packet = self.video().await;
            if packet.number > number {
                return packet;
            }
        }
    }

    /// Makes new ICE credentials, and checks with those of the server's from now on.
    pub(crate) async fn restart_ice(&mut self) {
        Box::pin(restart_ice(&self.connection, &self.resource, None, &self.answer)).await;
    }

    /// The server's answer, as the client was given it.
    pub(crate) fn answer(&self) -> &str {
        &self.answer
    }

    /// The offer that it came with.
    pub(crate) async fn offer(&self) -> String {
        self.connection.local_description().await.expect("there is one").sdp
    }

    /// Whether the connection is there.
    pub(crate) fn is_connected(&self) -> bool {
        !self.states.borrow().gone
    }

    /// Waits until the server has said good-bye.
    pub(crate) async fn wait_until_gone(&mut self) {
        reach_or_gone(&mut self.states).await;
    }

    /// Goes away without a word.
    pub(crate) async fn vanish(self) {
        self.connection.close().await.expect("it closes");
    }
}

/// The first packet of a key frame: parameter sets in one packet (RFC 6184 section 5.7.1), and a number in a unit that
/// decoders skip (type 12, filler).
fn parameter_sets(number: u32) -> Bytes {
    let mut filler = vec![0x0c];
    filler.put_u32(number);
    let mut payload = BytesMut::from(&[0x78][..]);
    for unit in [&SPS[..], &PPS[..], &filler] {
        payload.put_u16(u16::try_from(unit.len()).expect("short"));
        payload.put_slice(unit);
    }
    payload.freeze()
}

/// A whole slice in one packet, with its number at the end.
fn slice(number: u32, part: u32, is_key: bool) -> Bytes {
    let mut payload = BytesMut::from(if is_key {
        &[0x65, 0x88, 0x84][..]
    } else {
        &[0x41, 0x9a, 0x24][..]
    });
    // Packets of one frame differ in length, as encoders' do.
    payload.put_bytes(0x5a, 700 + usize::try_from(part).expect("small"));
    payload.put_u32(number);
    payload.freeze()
}

fn numbered(packet: &Packet) -> Numbered {
    let (_, number) = packet.payload.split_last_chunk::<4>().expect("long enough");
    Numbered {
        seq: packet.header.sequence_number,
        marker: packet.header.marker,
        number: u32::from_be_bytes(*number),
    }
}

/// The offer by POST, and its answer. Returns the address of the connection.
async fn exchange(
    connection: &Arc<dyn PeerConnection>,
    states: &mut watch::Receiver<State>,
    endpoint: &Url,
    token: Option<&str>,
    via: Option<&Router>,
) -> (Url, String) {
    let offer = connection.create_offer(None).await.expect("an offer");
    connection.set_local_description(offer).await.expect("it is its own");
    reach(states, |state| state.gathered).await;
    let offer = connection.local_description().await.expect("there is one").sdp;
    let mut request = reqwest::Client::new()
        .post(endpoint.clone())
        .header(CONTENT_TYPE, "application/sdp")
        .body(offer);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("the server answers");
    let status = response.status();
    let location = response
        .headers()
        .get(LOCATION)
        .map(|value| value.to_str().expect("text").to_owned());
    let base = response.url().clone();
    let answer = response.text().await.expect("a body");
    assert_eq!(status, 201, "{answer}");
    let answer = via.map_or(answer.clone(), |router| router.rewrite(&answer));
    let description = RTCSessionDescription::answer(answer.clone()).expect("SDP");
    connection
        .set_remote_description(description)
        .await
        .expect("the answer fits the offer");
    (base.join(&location.expect("a Location")).expect("a URL"), answer)
}

/// An ICE restart by PATCH (RFC 9725 section 4.3.3). The client keeps its socket and the server's address.
async fn restart_ice(connection: &Arc<dyn PeerConnection>, resource: &Url, token: Option<&str>, answer: &str) {
    let restart = RTCOfferOptions { ice_restart: true };
    let offer = connection.create_offer(Some(restart)).await.expect("an offer");
    let credentials = |sdp: &str| -> Vec<String> {
        ["a=ice-ufrag:", "a=ice-pwd:"]
            .iter()
            .map(|name| {
                sdp.lines()
                    .find(|line| line.starts_with(name))
                    .expect("it has both")
                    .trim()
                    .to_owned()
            })
            .collect()
    };
    let fragment = credentials(&offer.sdp).join("\r\n") + "\r\n";
    connection.set_local_description(offer).await.expect("it is its own");
    let mut request = reqwest::Client::new()
        .patch(resource.clone())
        .header(CONTENT_TYPE, "application/trickle-ice-sdpfrag")
        .header(IF_MATCH, "*")
        .body(fragment);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("the server answers");
    assert_eq!(response.status(), 200);
    let (old, new) = (
        credentials(answer),
        credentials(&response.text().await.expect("a body")),
    );
    let mut answer = answer.to_owned();
    for (old, new) in old.iter().zip(&new) {
        assert_ne!(old, new);
        answer = answer.replace(old, new);
    }
    let answer = RTCSessionDescription::answer(answer).expect("SDP");
    connection
        .set_remote_description(answer)
        .await
        .expect("the answer fits the offer");
}

async fn peer_connection(handler: Handler, h264_type: u8, opus_type: u8) -> Arc<dyn PeerConnection> {
    let mut media = MediaEngine::default();
    for (kind, payload_type, rtp_codec) in [
        (RtpCodecKind::Video, h264_type, h264()),
        (RtpCodecKind::Audio, opus_type, opus()),
    ] {
        media
            .register_codec(
                RTCRtpCodecParameters {
                    rtp_codec,
                    payload_type,
                },
                kind,
            )
            .expect("a codec");
    }
    let interceptors = register_default_interceptors(Registry::new(), &mut media).expect("the defaults");
    let building = PeerConnectionBuilder::new()
        .with_media_engine(media)
        .with_interceptor_registry(interceptors)
        .with_handler(Arc::new(handler))
        .with_udp_addrs(vec!["127.0.0.1:0"])
        .build();
    Arc::new(Box::pin(building).await.expect("a connection"))
}

struct Handler {
    states: watch::Sender<State>,
    packets: Option<mpsc::UnboundedSender<Packet>>,
}

impl Handler {
    fn new() -> Handler {
        Handler {
            states: watch::channel(State::default()).0,
            packets: None,
        }
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.states
            .send_modify(|known| known.gathered |= state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        use RTCPeerConnectionState::{Closed, Connected, Disconnected, Failed};
        self.states.send_modify(|known| match state {
            Connected => known.connected = true,
            Disconnected | Failed | Closed => known.gone = true,
            _ => {}
        });
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let Some(packets) = self.packets.clone() else { return };
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    // The test may be over.
                    let _ = packets.send(packet);
                }
            }
        });
    }
}

async fn reach(states: &mut watch::Receiver<State>, wanted: impl Fn(&State) -> bool) {
    let state = *timeout(PATIENCE, states.wait_for(|state| wanted(state) || state.gone))
        .await
        .expect("the connection comes about in time")
        .expect("its handler is there");
    assert!(wanted(&state), "the connection failed");
}

async fn reach_or_gone(states: &mut watch::Receiver<State>) {
    let gone = timeout(PATIENCE, states.wait_for(|state| state.gone))
        .await
        .expect("the server ends the connection");
    assert!(gone.is_ok());
}
