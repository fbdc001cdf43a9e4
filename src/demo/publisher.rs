//! A WHIP client (RFC 9725) that plays the clip into a running server, in a loop, in real time.
//!
//! The WebRTC side is the `webrtc` crate: an implementation other than the server's own, so the demo tries the real path.

use super::clip::{Clip, Kind, Sample};
use anyhow::{Context, Result, bail};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;
use webrtc::media_stream::Track;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_sample::TrackLocalStaticSample;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, register_default_interceptors,
};
use webrtc::rtp_transceiver::RtpSender;

/// How long gathering, and then connecting, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that is sending to a WHIP endpoint.
pub(super) struct Publisher {
    http: reqwest::Client,
    key: String,
    resource: Url,
    connection: Arc<dyn PeerConnection>,
    states: watch::Receiver<State>,
    video: Sender,
    audio: Sender,
}

/// What the connection has reached.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    gathered: bool,
    connected: bool,
    gone: bool,
}

/// One outgoing track with what its packets carry.
struct Sender {
    track: Arc<TrackLocalStaticSample>,
    ssrc: u32,
    payload_type: u8,
}

impl Publisher {
    /// Offers the clip's two tracks to `endpoint` with the bearer token `key`, and waits until media can flow.
    ///
    /// # Errors
    /// When the server refuses (its own words are in the error), or no connection comes about within 10 s.
    pub(super) async fn connect(endpoint: &Url, key: &str) -> Result<Self> {
        let (connection, mut states) = Box::pin(peer_connection()).await?;
        let (video_track, video_sender) = add_track(&connection, RtpCodecKind::Video, h264()).await?;
        let (audio_track, audio_sender) = add_track(&connection, RtpCodecKind::Audio, opus()).await?;

        let offer = connection.create_offer(None).await?;
        connection.set_local_description(offer).await?;
        reach(&mut states, |state| state.gathered)
            .await
            .context("no network interface answers")?;
        let offer = connection
            .local_description()
            .await
            .context("there is an offer after gathering")?;

        let http = reqwest::Client::new();
        let (answer, resource) = post(&http, endpoint, key, offer.sdp).await?;
        connection
            .set_remote_description(RTCSessionDescription::answer(answer)?)
            .await?;
        let mut publisher = Self {
            http,
            key: key.to_owned(),
            resource,
            video: Sender::new(video_track, &video_sender).await?,
            audio: Sender::new(audio_track, &audio_sender).await?,
            connection,
            states,
        };
        let connected = reach(&mut publisher.states, |state| state.connected).await;
        connected.with_context(|| format!("no media connection to {endpoint}: is the server's UDP port open?"))?;
        Ok(publisher)
    }

    /// Sends the clip round and round until the connection is gone.
    ///
    /// # Errors
    /// When a packet cannot be handed to the connection.
    pub(super) async fn play(&mut self, clip: &Clip) -> Result<()> {
        let mut round = Instant::now();
        loop {
            for sample in &clip.samples {
                sleep_until(round + sample.at).await;
                if self.states.borrow().gone {
                    return Ok(());
                }
                match sample.kind {
                    Kind::Audio => self.audio.send(sample).await?,
                    Kind::Video => self.video.send(sample).await?,
                }
            }
            round += clip.length;
        }
    }

    /// Tells the server that the class pauses, and closes. A server that is gone already is no error.
    pub(super) async fn close(self) {
        let farewell = self
            .http
            .delete(self.resource)
            .bearer_auth(&self.key)
            .timeout(Duration::from_secs(2))
            .send();
        if let Err(error) = farewell.await {
            tracing::debug!(%error, "the server did not hear the farewell");
        }
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "closing the connection");
        }
    }
}

impl Sender {
    async fn new(track: Arc<TrackLocalStaticSample>, sender: &Arc<dyn RtpSender>) -> Result<Self> {
        let ssrc = *track
            .ssrcs()
            .await
            .first()
            .context("a track has the SSRC it was made with")?;
        let parameters = sender.get_parameters().await?;
        let codec = parameters
            .rtp_parameters
            .codecs
            .first()
            .context("the server took none of our codecs")?;
        Ok(Self {
            track,
            ssrc,
            payload_type: codec.payload_type,
        })
    }

    async fn send(&self, sample: &Sample) -> Result<()> {
        let sample = rtc::media::Sample {
            data: sample.data.clone(),
            duration: sample.duration,
            ..rtc::media::Sample::new(std::time::Instant::now())
        };
        Ok(self
            .track
            .sample_writer(self.ssrc, self.payload_type)
            .write_sample(&sample)
            .await?)
    }
}

/// A connection that offers exactly the clip's codecs, on loopback as well as on the machine's other addresses.
async fn peer_connection() -> Result<(Arc<dyn PeerConnection>, watch::Receiver<State>)> {
    let mut media = MediaEngine::default();
    for (kind, payload_type, codec) in [(RtpCodecKind::Video, 102, h264()), (RtpCodecKind::Audio, 111, opus())] {
        let parameters = RTCRtpCodecParameters {
            rtp_codec: codec,
            payload_type,
        };
        media.register_codec(parameters, kind)?;
    }
    let interceptors = register_default_interceptors(Registry::new(), &mut media)?;
    let (sender, states) = watch::channel(State::default());
    let builder = PeerConnectionBuilder::new()
        .with_media_engine(media)
        .with_interceptor_registry(interceptors)
        .with_handler(Arc::new(Handler(sender)))
        .with_udp_addrs(vec!["127.0.0.1:0", "0.0.0.0:0"]);
    let connection = Box::pin(builder.build()).await?;
    Ok((Arc::new(connection), states))
}

/// Follows the connection's state.
struct Handler(watch::Sender<State>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.0
            .send_modify(|known| known.gathered |= state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        use RTCPeerConnectionState::{Closed, Connected, Disconnected, Failed};
        self.0.send_modify(|known| match state {
            Connected => known.connected = true,
            Disconnected | Failed | Closed => known.gone = true,
            _ => {}
        });
    }
}

async fn reach(states: &mut watch::Receiver<State>, wanted: impl Fn(&State) -> bool) -> Result<()> {
    let state = *timeout(PATIENCE, states.wait_for(|state| wanted(state) || state.gone)).await??;
    if !wanted(&state) {
        bail!("the connection failed");
    }
    Ok(())
}

async fn add_track(
    connection: &Arc<dyn PeerConnection>,
    kind: RtpCodecKind,
    codec: RTCRtpCodec,
) -> Result<(Arc<TrackLocalStaticSample>, Arc<dyn RtpSender>)> {
    let mut ssrc = [0; 4];
    getrandom::fill(&mut ssrc).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let coding = RTCRtpCodingParameters {
        ssrc: Some(u32::from_be_bytes(ssrc)),
        ..Default::default()
    };
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: coding,
        codec,
        ..Default::default()
    };
    let name = kind.to_string();
    let track = MediaStreamTrack::new("demo".to_owned(), name.clone(), name, kind, vec![encoding.clone()]);
    let track = Arc::new(TrackLocalStaticSample::new(std::time::Instant::now(), track)?);
    let local: Arc<dyn TrackLocal> = Arc::clone(&track) as _;
    let sendonly = RTCRtpTransceiverInit {
        direction: RTCRtpTransceiverDirection::Sendonly,
        streams: vec!["demo".to_owned()],
        send_encodings: vec![encoding],
    };
    let transceiver = connection.add_transceiver_from_track(local, Some(sendonly)).await?;
    let sender = transceiver
        .sender()
        .await?
        .context("a sending transceiver has a sender")?;
    Ok((track, sender))
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

/// The WHIP POST (RFC 9725 section 4.2): the answer, and the address that a DELETE ends it by.
async fn post(http: &reqwest::Client, endpoint: &Url, key: &str, offer: String) -> Result<(String, Url)> {
    let request = http
        .post(endpoint.clone())
        .bearer_auth(key)
        .header(CONTENT_TYPE, "application/sdp")
        .body(offer);
    let response = request
        .send()
        .await
        .with_context(|| format!("no server answers at {endpoint}"))?;
    let status = response.status();
    let resource = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let base = response.url().clone();
    let body = response.text().await?;
    if status != StatusCode::CREATED {
        bail!("the server refused with {status}: {body}");
    }
    let resource = base.join(&resource.context("the server's answer has no Location")?)?;
    Ok((body, resource))
}
