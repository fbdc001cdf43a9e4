//! A thread of the tester: waits on the sockets of its viewers, lets them receive and report.

use crate::port::ReceiveBuf;
use crate::tally::{Live, Phase, Tally};
use crate::viewer::{Scene, Viewer};
use anyhow::{Context, Result};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sockets looked after between two looks at the clock.
const MAX_EVENTS: usize = 64;

/// What the wake-up is called among the sockets.
const WAKE_UP: u64 = u64::MAX;

/// What a thread is told.
enum Message {
    Join(Box<Viewer>),
    Leave(u64),
    Phase(Phase),
    Finish(SyncSender<Tally>),
}

/// A thread from outside.
pub(crate) struct Handle {
    inbox: Sender<Message>,
    wake_up: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    /// Starts a thread.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn start(live: Arc<Live>, start: Instant) -> Result<Handle> {
        let (inbox, messages) = channel();
        let wake_up = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &wake_up, EventData::new_u64(WAKE_UP), EventFlags::IN)?;
        let worker = Worker {
            epoll,
            wake_up: Arc::clone(&wake_up),
            messages,
            viewers: Slab::new(),
            by_number: HashMap::new(),
            timers: BinaryHeap::new(),
            tally: Tally::new(),
            live,
            phase: Phase::Coming,
            start,
            finishing: None,
        };
        let thread = std::thread::Builder::new()
            .name("viewers".to_owned())
            .spawn(|| worker.run())
            .context("no thread can be started")?;
        Ok(Handle {
            inbox,
            wake_up,
            thread: Some(thread),
        })
    }

    /// Hands over a viewer that has its answer.
    pub(crate) fn join(&self, viewer: Viewer) {
        self.tell(Message::Join(Box::new(viewer)));
    }

    /// Takes a viewer away.
    pub(crate) fn leave(&self, number: u64) {
        self.tell(Message::Leave(number));
    }

    /// Another phase begins.
    pub(crate) fn begin(&self, phase: Phase) {
        self.tell(Message::Phase(phase));
    }

    /// Ends the thread and its viewers; what they saw comes back.
    pub(crate) fn finish(mut self) -> Option<Tally> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.tell(Message::Finish(sender));
        let tally = receiver.recv().ok();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        tally
    }

    fn tell(&self, message: Message) {
        // A thread that is gone has said why.
        let _ = self.inbox.send(message);
        let _ = rustix::io::write(&self.wake_up, &1u64.to_ne_bytes());
    }
}

struct Worker {
    epoll: OwnedFd,
    wake_up: Arc<OwnedFd>,
    messages: Receiver<Message>,
    viewers: Slab<Viewer>,
    by_number: HashMap<u64, usize>,
    /// When which viewer wants to be called; an entry counts only if the viewer still says so.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    tally: Tally,
    live: Arc<Live>,
    phase: Phase,
    start: Instant,
    /// Somebody to be told what was seen, once it is to end.
    finishing: Option<SyncSender<Tally>>,
}

impl Worker {
    fn run(mut self) {
        let mut buf = ReceiveBuf::new();
        let mut events = Vec::with_capacity(MAX_EVENTS);
        loop {
            let timeout = self.until_timer();
            events.clear();
            // Interrupted by a signal: look around and wait again.
            let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref());
            let now = Instant::now();
            for event in &events {
                match event.data.u64() {
                    WAKE_UP => {
                        let _ = rustix::io::read(&self.wake_up, &mut [0; 8]);
                        self.take_messages(now);
                    }
                    key => self.call(usize::try_from(key).unwrap_or(usize::MAX), now, Some(&mut buf)),
                }
            }
            while let Some(&Reverse((at, key))) = self.timers.peek()
                && at <= now
            {
                self.timers.pop();
                if self.viewers.get(key).is_some_and(|viewer| viewer.armed == at) {
                    self.call(key, now, None);
                }
            }
            if let Some(reply) = self.finishing.take() {
                self.finish(reply);
                return;
            }
        }
    }

    fn until_timer(&self) -> Option<Timespec> {
        let Reverse((at, _)) = self.timers.peek()?;
        let timeout = at.saturating_duration_since(Instant::now());
        Some(Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        })
    }

    /// Lets a viewer receive, or else do what its timer asks for.
    fn call(&mut self, key: usize, now: Instant, buf: Option<&mut ReceiveBuf>) {
        let Some(viewer) = self.viewers.get_mut(key) else {
            return;
        };
        let mut scene = Scene {
            now,
            start: self.start,
            phase: self.phase,
            tally: &mut self.tally,
            live: &self.live,
        };
        let is_timer = buf.is_none();
        let over = match buf {
            Some(buf) => viewer.receive(buf, &mut scene),
            None => viewer.handle_timeout(&mut scene),
        };
        if let Some(why) = over {
            // Who has left must not take the server's farewell for its fault.
            let number = viewer.number;
            self.take_messages(now);
            if self.by_number.get(&number) != Some(&key) {
                return;
            }
            *self.tally.ended.entry(why).or_default() += 1;
            self.remove(key);
            return;
        }
        let mut due = viewer.timeout();
        if is_timer {
            // Never at once again, whatever a viewer says.
            due = due.max(now + Duration::from_micros(500));
        }
        if is_timer || due < viewer.armed {
            viewer.armed = due;
            self.timers.push(Reverse((due, key)));
        }
    }

    fn take_messages(&mut self, now: Instant) {
        while let Ok(message) = self.messages.try_recv() {
            match message {
                Message::Join(viewer) => self.add(*viewer, now),
                Message::Leave(number) => {
                    if let Some(&key) = self.by_number.get(&number) {
                        self.remove(key);
                    }
                }
                Message::Phase(phase) => {
                    for (_, viewer) in &mut self.viewers {
                        viewer.end_phase(self.phase, &mut self.tally);
                    }
                    self.phase = phase;
                }
                Message::Finish(reply) => self.finishing = Some(reply),
            }
        }
    }

    fn add(&mut self, mut viewer: Viewer, now: Instant) {
        viewer.armed = now;
        let entry = self.viewers.vacant_entry();
        let key = entry.key();
        let added = epoll::add(
            &self.epoll,
            viewer.port.as_fd(),
            EventData::new_u64(key as u64),
            EventFlags::IN,
        );
        if added.is_err() {
            *self
                .tally
                .ended
                .entry("the kernel watches no more sockets")
                .or_default() += 1;
            Live::add(&self.live.settled, 1);
            return;
        }
        self.by_number.insert(viewer.number, key);
        entry.insert(viewer);
        self.timers.push(Reverse((now, key)));
    }

    fn remove(&mut self, key: usize) {
        if let Some(viewer) = self.viewers.try_remove(key) {
            self.by_number.remove(&viewer.number);
            viewer.end(self.phase, &mut self.tally, &self.live);
        }
    }

    fn finish(mut self, reply: SyncSender<Tally>) {
        let keys: Vec<usize> = self.viewers.iter().map(|(key, _)| key).collect();
        keys.into_iter().for_each(|key| self.remove(key));
        let _ = reply.send(self.tally);
    }
}
