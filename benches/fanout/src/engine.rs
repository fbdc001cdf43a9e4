//! The real engine: real handshakes to begin with, then a publisher's real packets.

use crate::audience::Audience;
use crate::sink::Sink;
use crate::{Cost, thread_cpu};
use lectern_media::engine::{Event, Origin, TransmitBuf};
use lectern_media::id::StreamId;
use lectern_media::sim::{ClientId, Clip, Link, PublisherOptions, Sim, ViewerOptions};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

pub(crate) const STREAM: StreamId = StreamId(1);

/// Until the histories have gone round once, and with them everything that is allocated to be used again. Together with
/// what is measured it must stay below the time after which silent viewers are removed.
pub(crate) const WARM_UP: Duration = Duration::from_secs(16);

/// What happens besides forwarding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extras {
    /// Nothing.
    None,
    /// Everything goes to a recorder on another thread as well, and each viewer asks for one packet in a hundred again.
    RecordingAndNacks,
}

/// A class that runs, with viewers who are at the live edge.
pub(crate) struct World {
    pub(crate) sim: Sim,
    publisher: ClientId,
    pub(crate) audience: Audience,
    recorder: Option<SyncSender<Event>>,
}

impl World {
    /// Lets everybody connect. A frame has so many packets.
    pub(crate) fn new(viewers: usize, packets_per_frame: usize) -> World {
        let mut sim = Sim::new(Instant::now(), 1, |config| config.max_unconnected = 10_000);
        let clip = Clip {
            packets_per_frame,
            ..Clip::default()
        };
        let options = PublisherOptions {
            clip,
            ..PublisherOptions::default()
        };
        let publisher = sim.publisher(STREAM, options, Link::default());
        sim.run(Duration::from_millis(300));
        let viewers: Vec<_> = (0..viewers)
            .map(|_| sim.viewer(STREAM, ViewerOptions::default(), Link::default()))
            .collect();
        sim.run(Duration::from_millis(1500));
        assert!(
            viewers.iter().all(|&viewer| sim.seen(viewer).frames > 10),
            "everybody sees the class"
        );
        World {
            sim,
            publisher,
            audience: Audience::default(),
            recorder: None,
        }
    }

    /// What the publisher sends in the time to come.
    pub(crate) fn record(&mut self, time: Duration) -> Vec<(Instant, Origin, Vec<u8>)> {
        self.sim.record_publisher(self.publisher, time)
    }

    /// Fills what is used again, without sends. Once.
    pub(crate) fn warm_up(&mut self, extras: Extras) {
        if extras == Extras::RecordingAndNacks {
            let now = self.sim.now();
            drop(self.sim.engine.subscribe(now, STREAM));
            self.recorder = Some(recorder());
            self.audience.asks_again = true;
        }
        self.run(WARM_UP, None);
    }

    /// Forwards `time` of the clip.
    pub(crate) fn forward(&mut self, time: Duration, sink: &Sink) -> Cost {
        self.run(time, Some(sink))
    }

    fn run(&mut self, time: Duration, sink: Option<&Sink>) -> Cost {
        let mut packets = self.record(time);
        let mut buf = TransmitBuf::new();
        let World {
            sim,
            audience,
            recorder,
            ..
        } = self;
        let before = sim.engine.counters();
        let (mut cpu, mut allocated) = (Duration::ZERO, 0);
        for (now, from, bytes) in &mut packets {
            let (start, allocations) = (thread_cpu(), allocations::count());
            let engine = &mut sim.engine;
            if engine.poll_timeout().is_some_and(|at| at <= *now) {
                engine.handle_timeout(*now);
            }
            for (from, report) in &mut audience.says {
                engine.handle_datagram(*now, *from, report);
            }
            engine.handle_datagram(*now, *from, bytes);
            while let Some(transmit) = engine.poll_transmit(&mut buf) {
                let contents = buf.filled(&transmit);
                if let Some(sink) = sink {
                    sink.send(contents, transmit.segment_bytes);
                }
                audience.note(transmit.to.mapped_address(), contents, transmit.segment_bytes);
            }
            while let Some(event) = engine.poll_event() {
                if let Some(recorder) = recorder {
                    // As in the server: what the recorder has no room for is lost to it.
                    let _ = recorder.try_send(event);
                }
            }
            cpu += thread_cpu() - start;
            allocated += allocations::count() - allocations;
            audience.answer(sim, *now);
        }
        let after = sim.engine.counters();
        Cost {
            packets: after.datagrams_out - before.datagrams_out,
            sends: after.sends - before.sends,
            cpu,
            allocations: allocated,
        }
    }
}

/// A thread that takes what is to be recorded.
fn recorder() -> SyncSender<Event> {
    let (sender, receiver) = sync_channel(1024);
    std::thread::spawn(move || receiver.into_iter().for_each(drop));
    sender
}
