//! Publishes the clip by WHIP, round and round, in real time, without encoding anything: a thread of its own, on the same
//! light connection as the viewers. It does not answer requests for key frames (the file has them where it has them),
//! but counts them.

use crate::clip::{Clip, Content, Sample};
use crate::connection::{Connection, Identity, Step, random};
use crate::packetise;
use crate::port::{Port, ReceiveBuf, now_us};
use crate::sdp::{self, Remote};
use crate::stamp::Stamp;
use crate::stun::Role;
use crate::whep::Endpoint;
use anyhow::{Context, Result, anyhow};
use lectern_media::codec::Codec;
use lectern_media::wire::rtcp::{self, Packet};
use lectern_media::wire::{Protocol, protocol};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use url::Url;

/// Packets kept for retransmission: some seconds.
const MAX_SENT: usize = 4096;

/// Requests for key frames whose time is kept.
const MAX_REQUESTS: usize = 10_000;

const REPORT_INTERVAL: Duration = Duration::from_secs(1);
const HEADER_BYTES: usize = 12;
const MAX_PACKET_BYTES: usize = 1400;

/// The longest sleep: how soon the end is noticed.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// What a publisher did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Published {
    pub(crate) packets: u64,
    pub(crate) frames: u64,
    pub(crate) retransmitted: u64,
    /// When key frames were asked for, from the start of publishing.
    pub(crate) key_frame_requests: Vec<Duration>,
    /// Why it ended before its time.
    pub(crate) ended: Option<&'static str>,
}

/// A publisher from outside.
pub(crate) struct Publisher {
    endpoint: Endpoint,
    resource: Url,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Published>,
}

impl Publisher {
    /// Connects and publishes.
    ///
    /// # Errors
    /// The server refuses, or no connection comes about.
    pub(crate) async fn start(
        endpoint: Endpoint,
        identity: &Identity,
        ip: IpAddr,
        clip: Clip,
        stamp: Option<(Stamp, u32)>,
    ) -> Result<Publisher> {
        let port = Port::open(ip)?;
        let local = identity.local(ip, &port)?;
        let (video, audio) = (u32::from_be_bytes(random()?), u32::from_be_bytes(random()?));
        let sound = clip.has_sound.then_some(audio);
        let offer = sdp::publish_offer(&local, u64::from(video), clip.profile, (video, sound));
        let told = endpoint.offer(offer).await.context("cannot publish")?;
        let remote = Remote::parse(&told.sdp)?;
        let video_type = remote.payload_type(Codec::H264).context("the server takes no H.264")?;
        let sources = [
            Source::new(video, video_type, 90_000),
            Source::new(audio, remote.payload_type(Codec::Opus).unwrap_or(111), 48_000),
        ];
        let now = Instant::now();
        let connection = Connection::new(identity, &local, &remote, Role::Controlling, now)?;
        let (connected, is_connected) = oneshot::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let sender = Sender {
            port,
            connection,
            sources,
            clip,
            stamp,
            stop: Arc::clone(&stop),
            connected: Some(connected),
            sent: VecDeque::new(),
            wanted: Vec::new(),
            done: Published::default(),
            start: now,
        };
        let thread = std::thread::Builder::new().name("publisher".to_owned());
        let thread = thread.spawn(|| sender.run()).context("no thread can be started")?;
        let publisher = Publisher {
            endpoint,
            resource: told.resource,
            stop,
            thread,
        };
        if is_connected.await.is_err() {
            let why = publisher.stop().await.ended.unwrap_or("it ended");
            return Err(anyhow!("no media connection for publishing: {why}"));
        }
        Ok(publisher)
    }

    /// Ends it.
    pub(crate) async fn stop(self) -> Published {
        self.stop.store(true, Ordering::Relaxed);
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        // A server that is gone already needs no farewell.
        let _ = self.endpoint.end(&self.resource).await;
        joined.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// One track.
struct Source {
    ssrc: u32,
    payload_type: u8,
    ticks_per_s: u64,
    index: u64,
    packets: u32,
    octets: u32,
}

impl Source {
    fn new(ssrc: u32, payload_type: u8, ticks_per_s: u64) -> Source {
        Source {
            ssrc,
            payload_type,
            ticks_per_s,
            index: 1,
            packets: 0,
            octets: 0,
        }
    }

    fn rtp_time(&self, at: Duration) -> u32 {
        let ticks = at.as_nanos() * u128::from(self.ticks_per_s) / 1_000_000_000;
        self.ssrc.wrapping_add((ticks & 0xffff_ffff) as u32)
    }
}

struct Sender {
    port: Port,
    connection: Connection,
    /// Picture and sound.
    sources: [Source; 2],
    clip: Clip,
    stamp: Option<(Stamp, u32)>,
    stop: Arc<AtomicBool>,
    connected: Option<oneshot::Sender<()>>,
    /// As they were sent, to be sent again byte for byte.
    sent: VecDeque<(u32, u16, Vec<u8>)>,
    wanted: Vec<(u32, u16)>,
    done: Published,
    start: Instant,
}

impl Sender {
    fn run(mut self) -> Published {
        let mut buf = ReceiveBuf::new();
        let mut round = Duration::ZERO;
        let mut next = 0;
        let mut report_due = Instant::now();
        let samples = std::mem::take(&mut self.clip.samples);
        while !self.stop.load(Ordering::Relaxed) && self.done.ended.is_none() {
            let is_connected = self.connection.keys.is_some();
            let due = samples
                .get(next)
                .map(|sample| self.start + round + sample.at)
                .filter(|_| is_connected);
            self.wait(due);
            self.receive(&mut buf);
            let step = self.connection.handle_timeout(Instant::now(), &self.port);
            self.note(step);
            if self.connection.keys.is_none() {
                continue;
            }
            while let Some(sample) = samples.get(next)
                && self.start + round + sample.at <= Instant::now()
            {
                self.send(sample, round);
                next += 1;
                if next == samples.len() {
                    (next, round) = (0, round + self.clip.length);
                }
            }
            if Instant::now() >= report_due {
                report_due = Instant::now() + REPORT_INTERVAL;
                self.report();
            }
        }
        self.done
    }

    fn wait(&self, due: Option<Instant>) {
        let now = Instant::now();
        let until = due
            .map_or(now + MAX_WAIT, |at| at.min(now + MAX_WAIT))
            .min(self.connection.timeout());
        let timeout = until.saturating_duration_since(now);
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        // Interrupted by a signal: look around and wait again.
        let _ = poll(&mut [PollFd::new(&self.port, PollFlags::IN)], Some(&timeout));
    }

    fn note(&mut self, step: Step) {
        match step {
            Step::None | Step::Reachable => {}
            Step::Connected => {
                self.start = Instant::now();
                if let Some(connected) = self.connected.take() {
                    let _ = connected.send(());
                }
            }
            Step::Over(why) => self.done.ended = Some(why),
        }
    }

    fn receive(&mut self, buf: &mut ReceiveBuf) {
        let Sender {
            port,
            connection,
            wanted,
            done,
            start,
            ..
        } = self;
        let mut steps = Vec::new();
        port.receive(buf, |from, _, datagram| {
            let now = Instant::now();
            if protocol(datagram) != Some(Protocol::Rtcp) {
                steps.push(connection.take(now, from, datagram, port));
                return;
            }
            let opened = connection
                .keys
                .as_mut()
                .and_then(|keys| keys.opener.open_rtcp(datagram));
            rtcp::read_compound(opened.unwrap_or_default(), |packet| match packet {
                Packet::KeyFrameRequest { .. } if done.key_frame_requests.len() < MAX_REQUESTS => {
                    done.key_frame_requests.push(now - *start);
                }
                Packet::Nack { media_ssrc, items } => {
                    wanted.extend(rtcp::nacked(items).map(|seq| (media_ssrc, seq)));
                }
                _ => {}
            });
        });
        steps.into_iter().for_each(|step| self.note(step));
        let Some(to) = self.connection.selected else { return };
        for (ssrc, seq) in std::mem::take(&mut self.wanted) {
            let found = self.sent.iter().find(|(s, n, _)| (*s, *n) == (ssrc, seq));
            if let Some((.., datagram)) = found {
                self.port.send(to, datagram);
                self.done.retransmitted += 1;
            }
        }
    }

    fn send(&mut self, sample: &Sample, round: Duration) {
        let at = round + sample.at;
        match &sample.content {
            Content::Sound(packet) => self.send_packet(1, at, packet, false),
            Content::Picture { units, .. } => {
                let frame = self.done.frames;
                self.done.frames += 1;
                let stamp = self.stamp.filter(|(_, every)| frame.is_multiple_of(u64::from(*every)));
                let stamp = stamp.map(|(stamp, _)| stamp.nal(now_us()));
                // Before the first slice, behind the parameter sets (ITU-T H.264 section 7.4.1.2.3).
                let slice = units.iter().position(|unit| (1..=5).contains(&(unit[0] & 0x1f)));
                let mut units: Vec<&[u8]> = units.iter().map(Vec::as_slice).collect();
                if let Some(stamp) = &stamp {
                    units.insert(slice.unwrap_or(0), stamp);
                }
                let payloads = packetise::payloads(&units);
                let last = payloads.len().saturating_sub(1);
                for (number, payload) in payloads.iter().enumerate() {
                    self.send_packet(0, at, payload, number == last);
                }
            }
        }
    }

    fn send_packet(&mut self, source: usize, at: Duration, payload: &[u8], marker: bool) {
        let (Some(keys), Some(to)) = (&self.connection.keys, self.connection.selected) else {
            return;
        };
        let source = &mut self.sources[source];
        let [.., high, low] = source.index.to_be_bytes();
        let mut out = [0; MAX_PACKET_BYTES];
        out[..4].copy_from_slice(&[0x80, source.payload_type | u8::from(marker) << 7, high, low]);
        out[4..8].copy_from_slice(&source.rtp_time(at).to_be_bytes());
        out[8..12].copy_from_slice(&source.ssrc.to_be_bytes());
        let sealed = keys
            .sealer
            .seal_rtp(&mut out, HEADER_BYTES, payload, &[], source.ssrc, source.index);
        let Some(datagram) = sealed.and_then(|len| out.get(..len)) else {
            return;
        };
        self.port.send(to, datagram);
        self.sent
            .push_back((source.ssrc, u16::from_be_bytes([high, low]), datagram.to_vec()));
        if self.sent.len() > MAX_SENT {
            self.sent.pop_front();
        }
        source.index += 1;
        source.packets = source.packets.wrapping_add(1);
        source.octets = source.octets.wrapping_add(payload.len() as u32);
        self.done.packets += 1;
    }

    /// Sender reports: one moment on all clocks.
    fn report(&mut self) {
        const TO_1900_S: u64 = 2_208_988_800;
        let at = Instant::now() - self.start;
        let us = now_us();
        let ntp_time = ((us / 1_000_000 + TO_1900_S) << 32) | (((us % 1_000_000) << 32) / 1_000_000);
        for source in &self.sources {
            if source.packets == 0 {
                continue;
            }
            let mut report = Vec::new();
            rtcp::write_sender_report(
                source.ssrc,
                ntp_time,
                source.rtp_time(at),
                source.packets,
                source.octets,
                &mut report,
            );
            self.connection.send_rtcp(&mut report, &self.port);
        }
    }
}

/// The most requests within one second.
pub(crate) fn most_within_a_second(requests: &[Duration]) -> usize {
    let within = |(at, first): (usize, &Duration)| {
        let later = requests.get(at..).unwrap_or_default();
        later
            .iter()
            .take_while(|&&time| time < *first + Duration::from_secs(1))
            .count()
    };
    requests.iter().enumerate().map(within).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_in_the_busiest_second() {
        let times = |ms: &[u64]| ms.iter().map(|&ms| Duration::from_millis(ms)).collect::<Vec<_>>();
        assert_eq!(most_within_a_second(&[]), 0);
        assert_eq!(most_within_a_second(&times(&[0, 1000, 2000])), 1);
        assert_eq!(most_within_a_second(&times(&[0, 900, 1100, 1800, 4000])), 3);
    }
}
