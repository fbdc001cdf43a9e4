//! The real engine: real handshakes to begin with, then a publisher's real packets.

use crate::sink::Sink;
use crate::{Cost, allocations, thread_cpu};
use lectern_media::engine::TransmitBuf;
use lectern_media::id::StreamId;
use lectern_media::sim::{ClientId, Link, PublisherOptions, Sim, ViewerOptions};
use std::time::{Duration, Instant};

const STREAM: StreamId = StreamId(1);

/// Until the histories have gone round once, and with them everything that is allocated to be used again. Together with
/// what is measured it must stay below the time after which silent viewers are removed.
const WARM_UP: Duration = Duration::from_secs(16);

/// A class that runs, with viewers who are at the live edge.
pub(crate) struct World {
    sim: Sim,
    publisher: ClientId,
}

/// Viewers fall silent while the engine is measured alone; who has reported before and stops is sent no more video.
fn viewer_options() -> ViewerOptions {
    ViewerOptions {
        reports: false,
        ..ViewerOptions::default()
    }
}

impl World {
    /// Lets everybody connect.
    pub(crate) fn new(viewers: usize) -> World {
        let mut sim = Sim::new(Instant::now(), 1, |config| config.max_unconnected = 10_000);
        let publisher = sim.publisher(STREAM, PublisherOptions::default(), Link::default());
        sim.run(Duration::from_millis(300));
        let viewers: Vec<_> = (0..viewers)
            .map(|_| sim.viewer(STREAM, viewer_options(), Link::default()))
            .collect();
        sim.run(Duration::from_millis(1500));
        assert!(
            viewers.iter().all(|&viewer| sim.seen(viewer).frames > 10),
            "everybody sees the class"
        );
        World { sim, publisher }
    }

    /// Forwards `time` of the clip, after [`WARM_UP`] without sends that does not count.
    pub(crate) fn forward(&mut self, time: Duration, sink: Option<&mut Sink>) -> Cost {
        self.run(WARM_UP, None);
        self.run(time, sink)
    }

    fn run(&mut self, time: Duration, sink: Option<&mut Sink>) -> Cost {
        let mut packets = self.sim.record_publisher(self.publisher, time);
        let mut buf = TransmitBuf::new();
        let before = self.sim.engine.counters();
        let (start, allocated) = (thread_cpu(), allocations::count());
        for (now, from, bytes) in &mut packets {
            if self.sim.engine.poll_timeout().is_some_and(|at| at <= *now) {
                self.sim.engine.handle_timeout(*now);
            }
            self.sim.engine.handle_datagram(*now, *from, bytes);
            while let Some(transmit) = self.sim.engine.poll_transmit(&mut buf) {
                if let Some(sink) = &sink {
                    sink.send(buf.filled(&transmit), transmit.segment_bytes);
                }
            }
            while self.sim.engine.poll_event().is_some() {}
        }
        let (cpu, allocations) = (thread_cpu() - start, allocations::count() - allocated);
        let after = self.sim.engine.counters();
        Cost {
            packets: after.datagrams_out - before.datagrams_out,
            sends: after.sends - before.sends,
            cpu,
            allocations,
        }
    }
}
