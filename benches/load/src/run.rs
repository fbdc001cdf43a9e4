//! The course of a run: publish, let the early viewers and then the others join, settle, measure, end.

use crate::clip::Clip;
use crate::connection::{Connection, Identity, random};
use crate::options::Options;
use crate::port::Port;
use crate::process::{self, Usage};
use crate::publisher::Publisher;
use crate::report::{Collected, Mark, Report};
use crate::sdp::{self, Remote};
use crate::stamp::Stamp;
use crate::stun::Role;
use crate::tally::{Live, Phase, Tally, Times};
use crate::viewer::{Habits, Viewer};
use crate::whep::{self, Endpoint};
use crate::worker::Handle;
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

/// HTTP requests under way.
const MAX_REQUESTS: usize = 256;

/// Files and sockets that the tester needs besides one for each viewer.
const OTHER_FILES: u64 = 600;

/// So long the connections of those who were answered may take.
const CONNECTING: Duration = Duration::from_secs(16);

/// So long the end may take.
const ENDING: Duration = Duration::from_secs(20);

/// Before the first viewer the server is looked at in peace.
const BEFORE: Duration = Duration::from_millis(500);

/// Runs a test; `stop` ends it early, and the report is of what there was.
///
/// # Errors
/// It cannot begin: an option is wrong, the server cannot be reached for publishing, there is no process to look at.
/// What goes wrong with single viewers is in the report.
pub async fn run(options: Options, stop: CancellationToken) -> Result<Report> {
    options.check()?;
    raise_file_limit(options.viewers + options.early)?;
    let usage = |pid: Option<u32>| pid.map(Usage::of).transpose();
    usage(options.pid)?;
    let http = whep::client(options.insecure)?;
    let identity = Identity::new()?;
    let ip = local_ip(&options.whep)?;
    let (publisher, stamp) = publish(&options, &http, &identity).await?;
    stop.run_until_cancelled(sleep(BEFORE)).await;
    let server_before = usage(options.pid)?;
    let dropped_before = process::receive_buffer_errors();

    let stage = Arc::new(Stage::set(&options, http, identity, ip, stamp)?);
    let ticker = tokio::spawn(Arc::clone(&stage).tick(options.clone()));
    let mut slots = JoinSet::new();
    let joining = stage.join_all(&options, &mut slots, &stop).await;
    stage.begin(Phase::Settling);
    stop.run_until_cancelled(sleep(options.settle_time())).await;
    stage.begin(Phase::Steady);
    let (start, began) = (stage.mark(options.pid), Instant::now());
    stop.run_until_cancelled(sleep(options.steady_time())).await;
    let (end, time) = (stage.mark(options.pid), began.elapsed());

    ticker.abort();
    // The slots know by the end of the threads that they are not to come again.
    let tally = stage.finish();
    let ending = async { while slots.join_next().await.is_some() {} };
    let ended = timeout(ENDING, ending).await;
    let published = match publisher {
        Some(publisher) => Some(publisher.stop().await),
        None => None,
    };
    if ended.is_err() {
        stage.note_error("the server did not take the end of all connections in time");
    }
    let dropped = process::receive_buffer_errors().zip(dropped_before);
    let collected = Collected {
        target: options.whep.to_string(),
        threads: options.worker_count(),
        early: options.early,
        asked: stage.asked.load(Ordering::Relaxed),
        admitted: stage.admitted.load(Ordering::Relaxed),
        answered: lock(&stage.answered).clone(),
        joining,
        server_before,
        start,
        end,
        time,
        receive_buffer_errors: dropped.map(|(after, before)| after.saturating_sub(before)),
        published,
        errors: lock(&stage.errors).clone(),
        seconds: lock(&stage.seconds).clone(),
    };
    Ok(Report::new(&tally, collected))
}

async fn publish(
    options: &Options,
    http: &reqwest::Client,
    identity: &Identity,
) -> Result<(Option<Publisher>, Option<Stamp>)> {
    let Some(url) = &options.publish else {
        return Ok((None, None));
    };
    let clip = Clip::read(options.file.as_deref())?;
    let ip = local_ip(url)?;
    let endpoint = Endpoint::new(http.clone(), url.clone(), options.publish_token.clone());
    let stamp = match options.stamp_every {
        0 => None,
        _ => Some(Stamp::new(random()?)),
    };
    let stamps = stamp.map(|stamp| (stamp, options.stamp_every));
    let publisher = Publisher::start(endpoint, identity, ip, clip, stamps).await?;
    Ok((Some(publisher), stamp))
}

/// What all viewers' tasks share.
struct Stage {
    endpoint: Endpoint,
    identity: Identity,
    ip: IpAddr,
    is_peer: bool,
    stay: Option<Duration>,
    habits: Habits,
    live: Arc<Live>,
    /// Taken away at the end.
    workers: Mutex<Vec<Handle>>,
    requests: Semaphore,
    over: CancellationToken,
    asked: AtomicU64,
    admitted: AtomicU64,
    answered: Mutex<Times>,
    errors: Mutex<BTreeMap<String, u64>>,
    seconds: Mutex<Vec<(u64, u64, u64)>>,
}

impl Stage {
    fn set(
        options: &Options,
        http: reqwest::Client,
        identity: Identity,
        ip: IpAddr,
        stamp: Option<Stamp>,
    ) -> Result<Stage> {
        let live = Arc::new(Live::default());
        let start = Instant::now();
        let workers = (0..options.worker_count()).map(|_| Handle::start(Arc::clone(&live), start));
        Ok(Stage {
            endpoint: Endpoint::new(http, options.whep.clone(), options.token.clone()),
            identity,
            ip,
            is_peer: options.peer,
            stay: options.stay_time(),
            habits: Habits {
                nacks: options.nack,
                stamp,
                settle: options.settle_time(),
            },
            workers: Mutex::new(workers.collect::<Result<_>>()?),
            live,
            requests: Semaphore::new(MAX_REQUESTS),
            over: CancellationToken::new(),
            asked: AtomicU64::new(0),
            admitted: AtomicU64::new(0),
            answered: Mutex::new(Times::new()),
            errors: Mutex::default(),
            seconds: Mutex::default(),
        })
    }

    /// Lets the early ones and then the others come; returns how long the others took until the last answer.
    async fn join_all(
        self: &Arc<Self>,
        options: &Options,
        slots: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Duration {
        let (answered, mut answers) = mpsc::unbounded_channel();
        for _ in 0..options.early {
            slots.spawn(Arc::clone(self).fill_slot(true, answered.clone()));
        }
        let mut early = 0;
        while early < options.early && stop.run_until_cancelled(answers.recv()).await.is_some() {
            early += 1;
        }
        if options.early > 0 {
            self.wait_for_connections(stop).await;
            // They are to be at the live edge when the others come.
            let edge = options.settle_time() + Duration::from_secs(1);
            stop.run_until_cancelled(sleep(edge)).await;
        }
        let began = tokio::time::Instant::now();
        for number in 0..options.viewers {
            let part = number as f64 / options.viewers as f64;
            let at = began + options.ramp_time().mul_f64(part);
            if stop.run_until_cancelled(sleep_until(at)).await.is_none() {
                break;
            }
            slots.spawn(Arc::clone(self).fill_slot(false, answered.clone()));
        }
        drop(answered);
        let wanted = slots.len();
        let mut joining = began.elapsed();
        for _ in early..wanted {
            if stop.run_until_cancelled(answers.recv()).await.is_none() {
                break;
            }
            joining = began.elapsed();
        }
        self.wait_for_connections(stop).await;
        joining
    }

    /// Until each who was admitted has keys or has given up.
    async fn wait_for_connections(&self, stop: &CancellationToken) {
        let waiting = async {
            while Live::read(&self.live.settled) < self.admitted.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = stop.run_until_cancelled(timeout(CONNECTING, waiting)).await;
    }

    /// One viewer after another, until it is all over; tells when the first has its answer or refusal.
    async fn fill_slot(self: Arc<Self>, is_early: bool, answered: mpsc::UnboundedSender<()>) {
        let mut answered = Some(answered);
        loop {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            let resource = match self.join(number, is_early).await {
                Ok(resource) => Some(resource),
                Err(error) => {
                    self.note_error(&format!("{error:#}"));
                    None
                }
            };
            if let Some(answered) = answered.take() {
                let _ = answered.send(());
            }
            let is_over = match self.stay {
                // Not all at once.
                Some(stay) => {
                    let share = f64::from(u32::try_from(number % 101).unwrap_or(0)) / 100.0;
                    let time = stay.mul_f64(0.5 + share);
                    self.over.run_until_cancelled(sleep(time)).await.is_none()
                }
                None => {
                    self.over.cancelled().await;
                    true
                }
            };
            if let Some(resource) = resource {
                self.leave(number, &resource).await;
            }
            if is_over {
                return;
            }
        }
    }

    async fn join(&self, number: u64, is_early: bool) -> Result<Url> {
        let asked = Instant::now();
        let permit = self.requests.acquire().await?;
        let port = Port::open(self.ip)?;
        let local = self.identity.local(self.ip, &port)?;
        let (told, remote, role) = if self.is_peer {
            let told = self.endpoint.ask_for_offer().await?;
            let remote = Remote::parse(&told.sdp)?;
            let answer = sdp::view_answer(&local, number, &remote);
            self.endpoint.answer(&told.resource, answer).await?;
            (told, remote, Role::Controlled)
        } else {
            let told = self.endpoint.offer(sdp::view_offer(&local, number)).await?;
            let remote = Remote::parse(&told.sdp)?;
            (told, remote, Role::Controlling)
        };
        drop(permit);
        let now = Instant::now();
        lock(&self.answered).note(u64::try_from((now - asked).as_micros()).unwrap_or(u64::MAX));
        self.admitted.fetch_add(1, Ordering::Relaxed);
        let connection = Connection::new(&self.identity, &local, &remote, role, now)?;
        let viewer = Viewer::new((number, is_early), (port, connection, remote), self.habits, asked, now);
        self.with_worker(number, |worker| worker.join(viewer));
        Ok(told.resource)
    }

    async fn leave(&self, number: u64, resource: &Url) {
        self.with_worker(number, |worker| worker.leave(number));
        let Ok(_permit) = self.requests.acquire().await else {
            return;
        };
        if let Err(error) = self.endpoint.end(resource).await {
            self.note_error(&format!("ending a connection: {error:#}"));
        }
    }

    fn with_worker(&self, number: u64, tell: impl FnOnce(&Handle)) {
        let workers = lock(&self.workers);
        let count = workers.len().max(1) as u64;
        if let Some(worker) = usize::try_from(number % count).ok().and_then(|at| workers.get(at)) {
            tell(worker);
        }
    }

    fn begin(&self, phase: Phase) {
        lock(&self.workers).iter().for_each(|worker| worker.begin(phase));
    }

    fn mark(&self, pid: Option<u32>) -> Mark {
        Mark {
            packets: Live::read(&self.live.packets),
            bytes: Live::read(&self.live.bytes),
            connected: Live::read(&self.live.connected),
            tester: Usage::of(std::process::id()).unwrap_or_default(),
            server: pid.and_then(|pid| Usage::of(pid).ok()),
        }
    }

    /// Ends the threads and tells the slots; what the threads saw, added up.
    fn finish(&self) -> Tally {
        let workers = std::mem::take(&mut *lock(&self.workers));
        let mut total = Tally::new();
        for tally in workers.into_iter().filter_map(Handle::finish) {
            total.add(&tally);
        }
        self.over.cancel();
        total
    }

    fn note_error(&self, error: &str) {
        *lock(&self.errors).entry(error.to_owned()).or_default() += 1;
    }

    /// Once a second: notes the totals, and shows them where somebody watches.
    async fn tick(self: Arc<Self>, options: Options) {
        let expected = options.ramp
            + options.settle
            + options.seconds
            + if options.early > 0 { options.settle + 2.0 } else { 0.0 };
        let bar = ProgressBar::new(expected.ceil() as u64);
        bar.set_style(
            ProgressStyle::with_template("{elapsed} {wide_bar} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        let mut before = (0, 0);
        clock.tick().await;
        loop {
            clock.tick().await;
            let (packets, bytes) = (Live::read(&self.live.packets), Live::read(&self.live.bytes));
            let connected = Live::read(&self.live.connected);
            lock(&self.seconds).push((connected, packets, bytes));
            bar.inc(1);
            bar.set_message(format!(
                "{connected} of {} connected, {} show a picture, {} packets/s, {:.1} Mb/s",
                options.viewers + options.early,
                Live::read(&self.live.showing),
                packets - before.0,
                8e-6 * (bytes - before.1) as f64
            ));
            before = (packets, bytes);
        }
    }
}

/// Nothing is left half done where these locks are held.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Our address on the way to a server.
fn local_ip(url: &Url) -> Result<IpAddr> {
    let host = url.host_str().context("the URL has no host")?;
    let addresses = url
        .socket_addrs(|| None)
        .with_context(|| format!("{host} is not known to the resolver"))?;
    // Media goes to other ports; only the way counts. IPv4 first, as servers list it first.
    let (v4, v6): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses.into_iter().partition(SocketAddr::is_ipv4);
    for address in v4.into_iter().chain(v6) {
        let any: SocketAddr = if address.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0u16; 8], 0).into()
        };
        let probe = UdpSocket::bind(any)?;
        if probe.connect(address).is_ok() {
            return Ok(probe.local_addr()?.ip());
        }
    }
    bail!("there is no way to {host}")
}

/// Each viewer has a socket.
fn raise_file_limit(viewers: usize) -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let wanted = viewers as u64 + OTHER_FILES;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    ensure!(
        limit.maximum.is_none_or(|maximum| maximum >= wanted),
        "{viewers} viewers need {wanted} open files, and this shell allows {}: raise it with ulimit -Hn",
        limit.maximum.unwrap_or(0)
    );
    limit.current = Some(wanted);
    setrlimit(Resource::Nofile, limit)?;
    Ok(())
}
