//! Datagrams out, written on demand into the caller's buffer: no queue of packets exists per viewer.

use super::{Engine, Event, Transmit, TransmitBuf};
use crate::codec::Kind;
use crate::forward::viewer::Written;
use crate::id::PeerId;

/// A packet that a viewer asked for again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retransmit {
    pub viewer: usize,
    /// Its place may have been given to another meanwhile.
    pub peer: PeerId,
    pub kind: Kind,
    /// As the viewer calls it.
    pub number: u16,
}

impl Engine {
    /// The next thing to send, written into `buf`; `None` when there is nothing more to send now.
    pub fn poll_transmit(&mut self, buf: &mut TransmitBuf) -> Option<Transmit> {
        let transmit = self
            .poll_control(buf)
            .or_else(|| self.poll_live(buf))
            .or_else(|| self.poll_retransmit(buf))
            .or_else(|| self.poll_steps(buf))?;
        self.counters.sends += 1;
        self.counters.bytes_out += transmit.len as u64;
        self.counters.datagrams_out += match transmit.segment_bytes {
            Some(segment) => transmit.len.div_ceil(segment) as u64,
            None => 1,
        };
        Some(transmit)
    }

    fn poll_control(&mut self, buf: &mut TransmitBuf) -> Option<Transmit> {
        let (to, len) = self.control.pop(buf.space())?;
        Some(Transmit {
            to,
            len,
            segment_bytes: None,
            arrived: None,
        })
    }

    fn poll_live(&mut self, buf: &mut TransmitBuf) -> Option<Transmit> {
        while let Some(&key) = self.work.front() {
            if let Some(stream) = self.streams.get_mut(key) {
                let written = stream.write_next(&mut self.viewers, self.now, buf.space());
                while let Some(viewer) = stream.take_stepped() {
                    let peer = self.viewers.get(viewer).map(|viewer| viewer.peer);
                    self.stepped.extend(peer.map(|peer| (viewer, peer)));
                }
                if let Some((viewer, written)) = written {
                    return self.transmit_to(viewer, written);
                }
                stream.is_queued = false;
            }
            self.work.pop_front();
        }
        None
    }

    fn poll_retransmit(&mut self, buf: &mut TransmitBuf) -> Option<Transmit> {
        while let Some(wanted) = self.retransmits.pop_front() {
            let Some(viewer) = self
                .viewers
                .get_mut(wanted.viewer)
                .filter(|viewer| viewer.peer == wanted.peer)
            else {
                continue;
            };
            let Some(stream) = self.streams.get(viewer.stream) else {
                continue;
            };
            let (audio, video) = stream.media();
            if let Some(written) = viewer.write_rtx(audio, video, wanted.kind, wanted.number, self.now, buf.space()) {
                self.counters.retransmits += 1;
                return self.transmit_to(wanted.viewer, written);
            }
        }
        None
    }

    /// One piece for one viewer at a time, so that those who are behind share what there is.
    fn poll_steps(&mut self, buf: &mut TransmitBuf) -> Option<Transmit> {
        let mut without_work = 0;
        while without_work < self.stepped.len() {
            self.next_step %= self.stepped.len();
            let &(key, peer) = self.stepped.get(self.next_step)?;
            let viewer = self.viewers.get_mut(key).filter(|viewer| viewer.peer == peer);
            let Some(viewer) = viewer.filter(|viewer| viewer.needs_steps()) else {
                if let Some(viewer) = self.viewers.get_mut(key).filter(|viewer| viewer.peer == peer) {
                    viewer.is_stepped = false;
                }
                self.stepped.swap_remove(self.next_step);
                continue;
            };
            self.next_step += 1;
            let Some(stream) = self.streams.get_mut(viewer.stream) else {
                continue;
            };
            if stream.has_late() {
                // Whether a packet is late for a viewer is told by its cursor, so those go first.
                without_work += 1;
                continue;
            }
            let (audio, video) = stream.media_mut();
            match viewer.write_step(audio, video, self.config.catch_up_pace, self.now, buf.space()) {
                Some(written) => {
                    let arrived = None; // most of it is history, or waits for the line
                    return self.transmit_to(key, Written { arrived, ..written });
                }
                None => without_work += 1,
            }
        }
        None
    }

    fn transmit_to(&mut self, viewer: usize, written: Written) -> Option<Transmit> {
        let viewer = self.viewers.get_mut(viewer)?;
        if viewer.gets_first_picture() {
            self.events.push_back(Event::FirstPicture { peer: viewer.peer });
        }
        Some(Transmit {
            to: viewer.to,
            len: written.len,
            segment_bytes: written.segment_bytes,
            arrived: written.arrived,
        })
    }
}
