//! The tracks and codecs of the peer in `end_to_end_peer`.

use std::sync::Arc;

use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use webrtc::media_stream::Track;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;

/// Adds a track that sends.
pub(crate) async fn add_track(
    connection: &Arc<dyn PeerConnection>,
    kind: RtpCodecKind,
    codec: RTCRtpCodec,
) -> (Arc<TrackLocalStaticRTP>, u32) {
    let ssrc = rand_ssrc();
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
    connection
        .add_transceiver_from_track(local, Some(send_only))
        .await
        .expect("a transceiver");
    assert_eq!(track.ssrcs().await, [ssrc]);
    (track, ssrc)
}

/// Two publishers of one test must not have the same.
fn rand_ssrc() -> u32 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("random numbers");
    u32::from_be_bytes(bytes) | 1
}

/// What every browser decodes.
pub(crate) fn h264() -> RTCRtpCodec {
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

/// Stereo.
pub(crate) fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}
