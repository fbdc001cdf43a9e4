//! What a publisher sends: 30 frames a second of three numbered packets each, a key frame twice a second, and sound.

use bytes::{BufMut, Bytes, BytesMut};
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp::Packet;
use rtc::rtp::header::Header;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

/// Frames between two key frames.
const GROUP: u32 = 15;
/// Packets of a frame.
const FRAME_PACKETS: u32 = 3;
/// Of a frame.
const PERIOD: Duration = Duration::from_micros(33_333);

const SPS: [u8; 25] = [
    0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x80, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03,
    0x03, 0xc8, 0xf1, 0x83, 0x26, 0x80,
];
const PPS: [u8; 5] = [0x68, 0xc9, 0x61, 0x4b, 0x20];

/// Two tracks, and the task that sends on them until it is dropped.
pub(super) struct Source {
    video: Sender,
    audio: Sender,
    task: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Sender {
    track: Arc<TrackLocalStaticRTP>,
    payload_type: u8,
    ssrc: u32,
    seq: u16,
}

impl Source {
    /// Adds the tracks to a connection.
    pub(super) async fn new(
        connection: &Arc<dyn PeerConnection>,
        (h264_type, opus_type): (u8, u8),
    ) -> webrtc::error::Result<Source> {
        Ok(Source {
            audio: Sender::new(connection, RtpCodecKind::Audio, super::opus(), opus_type).await?,
            video: Sender::new(connection, RtpCodecKind::Video, super::h264(), h264_type).await?,
            task: None,
        })
    }

    /// Sends from now on.
    pub(super) fn start(mut self, start: u32) -> Source {
        let (video, audio) = (self.video.clone(), self.audio.clone());
        self.task = Some(tokio::spawn(send(video, audio, start)));
        self
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn send(mut video: Sender, mut audio: Sender, start: u32) {
    let mut clock = tokio::time::interval(PERIOD);
    for frame in 0_u32.. {
        clock.tick().await;
        for part in 0..FRAME_PACKETS {
            let number = start.wrapping_add(frame * FRAME_PACKETS + part);
            let is_key = frame.is_multiple_of(GROUP);
            let payload = if is_key && part == 0 {
                parameter_sets(number)
            } else {
                slice(number, part, is_key)
            };
            let rtp_time = frame.wrapping_mul(3000).wrapping_add(u32::MAX - 9000);
            video.send(rtp_time, part + 1 == FRAME_PACKETS, payload).await;
        }
        // 20 ms of silence, stereo (RFC 6716 section 3.1).
        let silence = Bytes::from_static(&[0xfc, 0xff, 0xfe]);
        audio.send(frame.wrapping_mul(1600), false, silence).await;
    }
}

impl Sender {
    async fn new(
        connection: &Arc<dyn PeerConnection>,
        kind: RtpCodecKind,
        codec: RTCRtpCodec,
        payload_type: u8,
    ) -> webrtc::error::Result<Sender> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).expect("the system has random numbers");
        let ssrc = u32::from_be_bytes(random) | 1;
        let coding = RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            ..RTCRtpCodingParameters::default()
        };
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: coding,
            codec,
            ..RTCRtpEncodingParameters::default()
        };
        let name = kind.to_string();
        let track = MediaStreamTrack::new("class".to_owned(), name.clone(), name, kind, vec![encoding.clone()]);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        let local: Arc<dyn TrackLocal> = Arc::clone(&track) as _;
        let send_only = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            streams: vec!["class".to_owned()],
            send_encodings: vec![encoding],
        };
        connection.add_transceiver_from_track(local, Some(send_only)).await?;
        Ok(Sender {
            track,
            payload_type,
            ssrc,
            seq: 65_000,
        })
    }

    async fn send(&mut self, rtp_time: u32, marker: bool, payload: Bytes) {
        let header = Header {
            version: 2,
            marker,
            payload_type: self.payload_type,
            sequence_number: self.seq,
            timestamp: rtp_time,
            ssrc: self.ssrc,
            ..Header::default()
        };
        self.seq = self.seq.wrapping_add(1);
        // A connection that is gone takes no packets; the rule sees that by other means.
        let _ = self.track.write_rtp(Packet { header, payload }).await;
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
    let start: [u8; 3] = if is_key { [0x65, 0x88, 0x84] } else { [0x41, 0x9a, 0x24] };
    let mut payload = BytesMut::from(&start[..]);
    // Packets of one frame differ in length, as encoders' do.
    payload.put_bytes(0x5a, 700 + usize::try_from(part).expect("small"));
    payload.put_u32(number);
    payload.freeze()
}
