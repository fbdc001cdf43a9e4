//! One viewer: what it receives, and the reports that a browser would send. It decrypts what it must: everything until
//! the first picture, then only what may hold a stamp; one viewer in [`SAMPLE`] decrypts all, to see that it opens.

use crate::connection::{Connection, Step};
use crate::line::{Arrival, Line};
use crate::port::{ArrivalUs, Port, ReceiveBuf};
use crate::sdp::{Payload, Remote};
use crate::stamp::{self, Stamp};
use crate::tally::{Live, Phase, Tally};
use lectern_media::codec::{self, Codec, Kind};
use lectern_media::peer::replay::IndexEstimate;
use lectern_media::wire::rtcp::{self, Packet, ReceptionReport};
use lectern_media::wire::rtp::Header;
use lectern_media::wire::transport_cc::Arrivals;
use lectern_media::wire::{Protocol, protocol};
use std::time::{Duration, Instant};

/// One viewer in so many decrypts every packet.
const SAMPLE: u64 = 16;

/// Sources of one connection.
const MAX_TRACKS: usize = 16;

/// Missing packets that are asked for.
const MAX_MISSING: usize = 500;

/// How often a missing packet is asked for.
const MAX_ASKS: u8 = 8;

const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
const NACK_INTERVAL: Duration = Duration::from_millis(20);
const NACK_AGAIN: Duration = Duration::from_millis(60);

/// SRTP tag and a header with extensions.
const OVERHEAD_BYTES: usize = 60;

/// Names us in RTCP.
const OUR_SSRC: u32 = 1;

/// How a viewer behaves, and what it looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// It asks for what is missing.
    pub(crate) nacks: bool,
    /// The run's stamp, when the tester publishes.
    pub(crate) stamp: Option<Stamp>,
    /// So long after its first picture it is at the live edge, and its delays count.
    pub(crate) settle: Duration,
}

/// What happens when, and where it is noted.
pub(crate) struct Scene<'a> {
    pub(crate) now: Instant,
    /// When the run began.
    pub(crate) start: Instant,
    pub(crate) phase: Phase,
    pub(crate) tally: &'a mut Tally,
    pub(crate) live: &'a Live,
}

/// See the module.
pub(crate) struct Viewer {
    /// Its name in the run.
    pub(crate) number: u64,
    pub(crate) port: Port,
    /// Which of its timers is in the thread's list.
    pub(crate) armed: Instant,
    watch: Watch,
}

/// A viewer without its socket.
struct Watch {
    is_early: bool,
    is_sample: bool,
    connection: Connection,
    remote: Remote,
    habits: Habits,
    asked: Instant,
    reachable: Option<Instant>,
    first_packet: Option<Instant>,
    /// When it counts as at the live edge.
    at_edge: Option<Instant>,
    picture: Picture,
    tracks: Vec<Track>,
    arrivals: Option<Arrivals>,
    missing: Vec<Missing>,
    recovered: u64,
    /// The frame that has a stamp: its RTP time, and when it was sent.
    stamped: Option<(u32, u64)>,
    last_video_us: Option<ArrivalUs>,
    longest_gap_us: u64,
    next_report: Instant,
    next_feedback: Instant,
    next_nack: Option<Instant>,
}

/// One source.
struct Track {
    ssrc: u32,
    payload: Option<Payload>,
    payload_type: u8,
    line: Line,
    /// Received and lost at the last report.
    reported: (u64, u64),
    /// The middle of the last sender report's NTP time, and when it came.
    sender_report: Option<(u32, Instant)>,
}

/// The way to the first picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Picture {
    Awaited,
    Gathering { timestamp: u32, first: u64, count: u64 },
    Shown,
}

/// A packet that was not there when a later one came.
struct Missing {
    extended: u64,
    asked: Option<Instant>,
    asks: u8,
}

impl Viewer {
    /// A viewer that asked at `asked` and has its answer now.
    pub(crate) fn new(
        (number, is_early): (u64, bool),
        (port, connection, remote): (Port, Connection, Remote),
        habits: Habits,
        asked: Instant,
        now: Instant,
    ) -> Viewer {
        // Feedback of many viewers is spread over time.
        let offset = Duration::from_millis(number % 100);
        let watch = Watch {
            is_early,
            is_sample: number.is_multiple_of(SAMPLE),
            arrivals: remote.transport_cc.map(|_| Arrivals::new(now)),
            connection,
            remote,
            habits,
            asked,
            reachable: None,
            first_packet: None,
            at_edge: None,
            picture: Picture::Awaited,
            tracks: Vec::new(),
            missing: Vec::new(),
            recovered: 0,
            stamped: None,
            last_video_us: None,
            longest_gap_us: 0,
            next_report: now + 10 * offset,
            next_feedback: now + offset,
            next_nack: None,
        };
        Viewer {
            number,
            port,
            armed: now,
            watch,
        }
    }

    /// Takes what has arrived; tells why it is over when it is.
    pub(crate) fn receive(&mut self, buf: &mut ReceiveBuf, scene: &mut Scene<'_>) -> Option<&'static str> {
        let Viewer { port, watch, .. } = self;
        let mut over = None;
        port.receive(buf, |from, arrival_us, datagram| match protocol(datagram) {
            Some(Protocol::Rtp) => {
                watch.take_rtp(arrival_us, datagram, scene);
            }
            Some(Protocol::Rtcp) => watch.take_rtcp(scene.now, datagram),
            _ => {
                let step = watch.connection.take(scene.now, from, datagram, port);
                over = over.or(watch.note(step, scene));
            }
        });
        over
    }

    /// Sends what is due; tells why it is over when it is.
    pub(crate) fn handle_timeout(&mut self, scene: &mut Scene<'_>) -> Option<&'static str> {
        let step = self.watch.connection.handle_timeout(scene.now, &self.port);
        let over = self.watch.note(step, scene);
        self.watch.report(scene.now, &self.port);
        over
    }

    /// When [`Viewer::handle_timeout`] wants to be called.
    pub(crate) fn timeout(&self) -> Instant {
        let watch = &self.watch;
        let transport = watch.connection.timeout();
        if watch.connection.keys.is_none() {
            return transport;
        }
        let feedback = watch.arrivals.as_ref().map(|_| watch.next_feedback);
        [feedback, watch.next_nack, Some(watch.next_report)]
            .into_iter()
            .flatten()
            .fold(transport, Instant::min)
    }

    /// The phase ends: notes how the picture flowed in it.
    pub(crate) fn end_phase(&mut self, phase: Phase, tally: &mut Tally) {
        let gap_us = std::mem::take(&mut self.watch.longest_gap_us);
        if let Some(flow) = tally.flow(phase, self.watch.is_early).filter(|_| gap_us > 0) {
            flow.longest_gap.note(gap_us);
        }
    }

    /// The viewer is gone: adds up what it got.
    pub(crate) fn end(mut self, phase: Phase, tally: &mut Tally, live: &Live) {
        self.end_phase(phase, tally);
        if self.watch.connection.keys.is_some() {
            Live::take(&live.connected, 1);
        }
        if self.watch.picture == Picture::Shown {
            Live::take(&live.showing, 1);
        }
        for track in &self.watch.tracks {
            match track.payload {
                Some(Payload::Media(Codec::Opus)) => tally.audio += track.line.counts(),
                Some(Payload::Media(_)) => tally.video += track.line.counts(),
                _ => {}
            }
        }
        tally.video.lost = tally.video.lost.saturating_sub(self.watch.recovered);
        tally.recovered += self.watch.recovered;
    }
}

impl Watch {
    fn note(&mut self, step: Step, scene: &mut Scene<'_>) -> Option<&'static str> {
        match step {
            Step::None => {}
            Step::Reachable => self.reachable = Some(scene.now),
            Step::Connected => {
                scene.tally.connected += 1;
                scene.tally.to_connection.note(micros(scene.now - self.asked));
                Live::add(&scene.live.connected, 1);
                Live::add(&scene.live.settled, 1);
            }
            Step::Over(why) => {
                if self.connection.keys.is_none() {
                    Live::add(&scene.live.settled, 1);
                }
                return Some(why);
            }
        }
        None
    }

    fn take_rtp(&mut self, arrival_us: ArrivalUs, datagram: &mut [u8], scene: &mut Scene<'_>) -> Option<()> {
        self.connection.keys.as_ref()?;
        let header = Header::parse(datagram)?;
        Live::add(&scene.live.packets, 1);
        Live::add(&scene.live.bytes, datagram.len() as u64);
        if self.first_packet.is_none() {
            self.first_packet = Some(scene.now);
            scene.tally.to_packet.note(micros(scene.now - self.asked));
        }
        if let (Some(arrivals), Some(id)) = (&mut self.arrivals, self.remote.transport_cc)
            && let Some(&[high, low]) = header.extension(datagram, id)
        {
            arrivals.note(u16::from_be_bytes([high, low]), scene.now);
        }
        let at = self.track(&header)?;
        let track = self.tracks.get_mut(at)?;
        let (payload, arrival) = (track.payload, track.line.take(header.seq));
        let extended = match arrival {
            Arrival::Ahead { extended, .. } | Arrival::Late(extended) => extended,
            Arrival::Again => return None,
        };
        match payload? {
            Payload::Media(Codec::Opus) => {
                if self.is_sample {
                    self.open(datagram, &header, extended, scene.tally);
                }
            }
            Payload::Media(codec) => self.take_video(codec, arrival_us, datagram, &header, arrival, scene),
            Payload::Rtx(Kind::Video) if self.habits.nacks => {
                let payload = self.open(datagram, &header, extended, scene.tally)?;
                let number = u16::from_be_bytes(*payload.first_chunk()?);
                self.note_recovered(number);
            }
            Payload::Rtx(_) => {}
        }
        Some(())
    }

    fn take_video(
        &mut self,
        codec: Codec,
        arrival_us: ArrivalUs,
        datagram: &mut [u8],
        header: &Header,
        arrival: Arrival,
        scene: &mut Scene<'_>,
    ) {
        let extended = match arrival {
            Arrival::Ahead { extended, gap } => {
                self.note_gap(extended, gap, scene.now);
                extended
            }
            Arrival::Late(extended) => {
                self.missing.retain(|missing| missing.extended != extended);
                extended
            }
            Arrival::Again => return,
        };
        let is_at_edge = self.at_edge.is_some_and(|at| at <= scene.now);
        if let Some(last) = self.last_video_us.replace(arrival_us)
            && is_at_edge
        {
            self.longest_gap_us = self.longest_gap_us.max(arrival_us.saturating_sub(last));
        }
        let may_be_stamp = self.habits.stamp.is_some() && datagram.len() <= stamp::MAX_PAYLOAD_BYTES + OVERHEAD_BYTES;
        if (self.picture == Picture::Awaited || may_be_stamp || self.is_sample)
            && let Some(payload) = self.open(datagram, header, extended, scene.tally)
        {
            let starts_key_frame = codec::starts_key_frame(codec, payload);
            let sent_us = self.habits.stamp.and_then(|stamp| stamp.find(payload));
            if self.picture == Picture::Awaited && starts_key_frame {
                self.picture = Picture::Gathering {
                    timestamp: header.timestamp,
                    first: extended,
                    count: 0,
                };
            }
            if let Some(sent_us) = sent_us {
                self.stamped = Some((header.timestamp, sent_us));
                if let Some(flow) = scene.tally.flow(scene.phase, self.is_early).filter(|_| is_at_edge) {
                    flow.delay.note(arrival_us.saturating_sub(sent_us));
                }
            }
        }
        self.gather(header, extended, scene);
        if header.marker
            && let Some((timestamp, sent_us)) = self.stamped
            && timestamp == header.timestamp
        {
            let delay_us = arrival_us.saturating_sub(sent_us);
            if let Some(flow) = scene.tally.flow(scene.phase, self.is_early).filter(|_| is_at_edge) {
                flow.frame_delay.note(delay_us);
            }
            if is_at_edge {
                let second = (scene.now - scene.start).as_secs();
                scene
                    .tally
                    .note_second(usize::try_from(second).unwrap_or(usize::MAX), delay_us);
            }
        }
    }

    /// Follows the first key frame until it is whole.
    fn gather(&mut self, header: &Header, extended: u64, scene: &mut Scene<'_>) {
        let Picture::Gathering {
            timestamp,
            first,
            count,
        } = &mut self.picture
        else {
            return;
        };
        if *timestamp != header.timestamp {
            self.picture = Picture::Awaited;
            return;
        }
        *count += 1;
        if !header.marker {
            return;
        }
        if *count < extended.saturating_sub(*first) + 1 {
            self.picture = Picture::Awaited;
            return;
        }
        self.picture = Picture::Shown;
        self.at_edge = Some(scene.now + self.habits.settle);
        scene.tally.with_picture += 1;
        scene.tally.to_picture.note(micros(scene.now - self.asked));
        if let Some(reachable) = self.reachable {
            scene.tally.ice_to_picture.note(micros(scene.now - reachable));
        }
        Live::add(&scene.live.showing, 1);
    }

    /// The track of a packet, by its place.
    fn track(&mut self, header: &Header) -> Option<usize> {
        if let Some(at) = self.tracks.iter().position(|track| track.ssrc == header.ssrc) {
            if let Some(track) = self
                .tracks
                .get_mut(at)
                .filter(|t| t.payload_type != header.payload_type)
            {
                track.payload_type = header.payload_type;
                track.payload = self.remote.payload(header.payload_type);
            }
            return Some(at);
        }
        if self.tracks.len() >= MAX_TRACKS {
            return None;
        }
        self.tracks.push(Track {
            ssrc: header.ssrc,
            payload: self.remote.payload(header.payload_type),
            payload_type: header.payload_type,
            line: Line::default(),
            reported: (0, 0),
            sender_report: None,
        });
        Some(self.tracks.len() - 1)
    }

    fn open<'a>(&self, datagram: &'a mut [u8], header: &Header, extended: u64, tally: &mut Tally) -> Option<&'a [u8]> {
        let opener = &self.connection.keys.as_ref()?.opener;
        tally.opened += 1;
        let index = IndexEstimate::index(extended);
        let Some(opened) = opener.open_rtp(datagram, header.len, header.ssrc, index) else {
            tally.unauthentic += 1;
            return None;
        };
        header.strip_padding(opened)
    }

    fn take_rtcp(&mut self, now: Instant, datagram: &mut [u8]) {
        let Some(compound) = self
            .connection
            .keys
            .as_mut()
            .and_then(|keys| keys.opener.open_rtcp(datagram))
        else {
            return;
        };
        let tracks = &mut self.tracks;
        rtcp::read_compound(compound, |packet| {
            if let Packet::SenderReport { ssrc, ntp_time, .. } = packet
                && let Some(track) = tracks.iter_mut().find(|track| track.ssrc == ssrc)
            {
                track.sender_report = Some(((ntp_time >> 16 & 0xffff_ffff) as u32, now));
            }
        });
    }

    fn note_gap(&mut self, extended: u64, gap: u64, now: Instant) {
        let room = MAX_MISSING.saturating_sub(self.missing.len());
        if !self.habits.nacks || gap == 0 || gap > room as u64 {
            return;
        }
        self.missing.extend((extended - gap..extended).map(|extended| Missing {
            extended,
            asked: None,
            asks: 0,
        }));
        self.next_nack = Some(now);
    }

    fn note_recovered(&mut self, number: u16) {
        let before = self.missing.len();
        self.missing
            .retain(|missing| missing.extended & 0xffff != u64::from(number));
        self.recovered += (before - self.missing.len()) as u64;
    }

    /// Sends the feedback and reports that are due.
    fn report(&mut self, now: Instant, port: &Port) {
        if self.connection.keys.is_none() {
            return;
        }
        let video = self
            .tracks
            .iter()
            .find(|track| is_video(track))
            .map_or(0, |track| track.ssrc);
        let mut compound = Vec::new();
        if now >= self.next_feedback
            && let Some(arrivals) = &mut self.arrivals
        {
            self.next_feedback = now + FEEDBACK_INTERVAL;
            if !arrivals.is_empty() {
                arrivals.write_feedback(OUR_SSRC, video, &mut compound);
            }
        }
        if self.next_nack.is_some_and(|at| at <= now) {
            self.write_nack(now, video, &mut compound);
        }
        if now >= self.next_report {
            self.next_report = now + REPORT_INTERVAL;
            let blocks: Vec<_> = self.tracks.iter_mut().map(|track| track.block(now)).collect();
            rtcp::write_receiver_report(OUR_SSRC, &blocks, &mut compound);
            let late = self.picture != Picture::Shown && video != 0;
            if late {
                rtcp::write_pli(OUR_SSRC, video, &mut compound);
            }
        }
        if !compound.is_empty() {
            self.connection.send_rtcp(&mut compound, port);
        }
    }

    fn write_nack(&mut self, now: Instant, video: u32, out: &mut Vec<u8>) {
        self.missing.retain(|missing| missing.asks < MAX_ASKS);
        let mut numbers = Vec::new();
        for missing in &mut self.missing {
            if missing.asked.is_none_or(|asked| now >= asked + NACK_AGAIN) {
                missing.asked = Some(now);
                missing.asks += 1;
                numbers.push((missing.extended & 0xffff) as u16);
            }
        }
        if !numbers.is_empty() {
            rtcp::write_nack(OUR_SSRC, video, &numbers, out);
        }
        self.next_nack = (!self.missing.is_empty()).then(|| now + NACK_INTERVAL);
    }
}

impl Track {
    /// What this source's report block says (RFC 3550 section 6.4.1).
    fn block(&mut self, now: Instant) -> ReceptionReport {
        let counts = self.line.counts();
        let (received, lost) = (
            counts.received - self.reported.0,
            counts.lost.saturating_sub(self.reported.1),
        );
        self.reported = (counts.received, counts.lost);
        let fraction = lost * 256 / (received + lost).max(1);
        let (last_sender_report, delay_since) = self.sender_report.map_or((0, 0), |(middle, at)| {
            let delay = (now - at).as_micros() * 65_536 / 1_000_000;
            (middle, u32::try_from(delay).unwrap_or(u32::MAX))
        });
        ReceptionReport {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(255),
            packets_lost: u32::try_from(counts.lost).unwrap_or(u32::MAX),
            highest_seq: self.line.highest(),
            jitter: 0,
            last_sender_report,
            delay_since,
        }
    }
}

fn is_video(track: &Track) -> bool {
    matches!(track.payload, Some(Payload::Media(codec)) if codec != Codec::Opus)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
