//! Takes what is due and hands it to its handler: a few jobs of each kind at a time, so that slow work of one kind never
//! holds up another. New work is begun at once; work that another server added, or that failed before, within a second.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::Instrument;

use super::{Failure, Job, Work, place, store};
use crate::App;
use crate::db::{Db, Ts};

/// How often the queue is looked through when nobody says that there is something.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often old rows are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// How long done work is remembered, and with it that it is not wanted again.
const KEPT_S: i64 = 30 * 24 * 3600;
/// How long admins see what was given up.
const GIVEN_UP_S: i64 = 400 * 24 * 3600;
/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// Longest text of an error that is kept.
const ERROR_CHARS: usize = 500;

type Handle = Arc<dyn Fn(App, Work) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> + Send + Sync>;

/// How much one kind of work is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Jobs of the kind that one server does at the same time.
    pub at_once: usize,
    /// Attempts before a job is given up. With 12 that is after about three hours.
    pub attempts: i64,
}

/// Who handles which kind of work.
#[derive(Default)]
pub struct Handlers(HashMap<&'static str, (Effort, Handle)>);

impl Handlers {
    /// Has work of `kind` done by `handle`.
    pub fn add<F>(
        &mut self,
        kind: &'static str,
        effort: Effort,
        handle: impl Fn(App, Work) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let handle: Handle = Arc::new(move |app, work| Box::pin(handle(app, work)));
        self.0.insert(kind, (effort, handle));
    }
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Runs until the server stops, and then until the work in hand is done, at most for the time of the settings; what is
/// left is taken over by another server, or by this one when it starts again.
pub async fn run(app: App, handlers: Handlers) {
    let mut runner = Runner {
        in_hand: HashMap::new(),
        tasks: JoinSet::new(),
        pruned: None,
        announced: None,
        app,
        handlers,
    };
    runner.take_over_own().await;
    runner.announce().await;
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if let Err(error) = runner.start_due().await {
            tracing::error!(%error, "jobs could not be looked for");
            look.reset(); // what keeps failing is not tried in a busy loop
            tokio::select! {
                () = runner.app.shutdown.cancelled() => break,
                _ = look.tick() => continue,
            }
        }
        tokio::select! {
            () = runner.app.shutdown.cancelled() => break,
            () = runner.app.jobs.added.notified() => {}
            Some(ended) = runner.tasks.join_next() => runner.count_out(ended),
            _ = look.tick() => runner.keep_house().await,
        }
    }
    runner.finish().await;
}

struct Runner {
    app: App,
    handlers: Handlers,
    /// Jobs that this server has, by kind.
    in_hand: HashMap<&'static str, usize>,
    /// Each gives its kind at its end.
    tasks: JoinSet<&'static str>,
    pruned: Option<Instant>,
    announced: Option<Instant>,
}

impl Runner {
    /// A SQLite file has one server, so claims that are there at the start are those of its last run.
    async fn take_over_own(&self) {
        if matches!(self.app.db, Db::Sqlite { .. }) {
            self.release(Ts(i64::MAX)).await;
        }
    }

    /// Says that this server is there, now and then.
    async fn announce(&mut self) {
        if self.announced.is_some_and(|at| at.elapsed() < place::ANNOUNCE_EVERY) {
            return;
        }
        match place::announce(&self.app, Ts::now()).await {
            Ok(()) => self.announced = Some(Instant::now()),
            Err(error) => tracing::error!(%error, "other servers do not know that this one is there"),
        }
    }

    async fn start_due(&mut self) -> sqlx::Result<()> {
        let place = &*self.app.jobs.place.id;
        let absent = place::absent_since(&self.app, Ts::now());
        for (&kind, (effort, handle)) in &self.handlers.0 {
            let in_hand = self.in_hand.entry(kind).or_default();
            let free = effort.at_once.saturating_sub(*in_hand);
            if free == 0 {
                continue;
            }
            let limit = i64::try_from(free).unwrap_or(i64::MAX);
            for (id,) in store::list_due(&self.app.db, kind, place, absent, Ts::now(), limit).await? {
                let now = Ts::now();
                let Some(job) = store::claim(&self.app.db, id, now, lease(&self.app, now)).await? else {
                    continue; // another server was faster
                };
                *in_hand += 1;
                let span = tracing::info_span!("job", %id, kind);
                let (app, effort, handle) = (self.app.clone(), *effort, handle.clone());
                let task = async move {
                    attend(&app, &job, effort, &handle).await;
                    kind
                };
                self.tasks.spawn(task.instrument(span));
            }
        }
        Ok(())
    }

    fn count_out(&mut self, ended: Result<&'static str, tokio::task::JoinError>) {
        let kind = ended.expect("a handler's panic is caught, and nobody aborts it before the end");
        if let Some(in_hand) = self.in_hand.get_mut(kind) {
            *in_hand -= 1;
        }
    }

    async fn keep_house(&mut self) {
        self.announce().await;
        let now = Ts::now();
        match store::has_expired(&self.app.db, now).await {
            Ok(true) => self.release(now).await,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "lost jobs could not be looked for"),
        }
        if self.pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY) {
            self.pruned = Some(Instant::now());
            if let Err(error) = store::prune(&self.app.db, now.plus_s(-KEPT_S), now.plus_s(-GIVEN_UP_S)).await {
                tracing::error!(%error, "old jobs could not be removed");
            }
        }
    }

    async fn release(&self, before: Ts) {
        match store::release_expired(&self.app.db, before, Ts::now()).await {
            Ok((0, 0)) => {}
            Ok((again, dead)) => tracing::warn!(again, dead, "took over the jobs of a server that had ended"),
            Err(error) => tracing::error!(%error, "lost jobs could not be put back"),
        }
    }

    async fn finish(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.app.config.http.shutdown, all).await.is_err() {
            tracing::warn!(
                jobs = self.tasks.len(),
                "jobs were broken off; they are taken over when their claim is over"
            );
            self.tasks.shutdown().await;
        }
    }
}

/// Until when a claim made at `now` is good.
fn lease(app: &App, now: Ts) -> Ts {
    let seconds = app.config.jobs.lease.as_secs();
    now.plus_s(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// Sees one job through: waits for its handler, renews the claim meanwhile, and writes down what came of it.
async fn attend(app: &App, job: &Job, effort: Effort, handle: &Handle) {
    let done = async { handle(app.clone(), Work::new(job.clone(), app.db.clone())).await };
    let result = tokio::select! {
        result = AssertUnwindSafe(done).catch_unwind() => {
            result.unwrap_or_else(|_| Err(Failure::Again(anyhow::anyhow!("its handler panicked"))))
        }
        () = keep_claim(app, job) => {
            tracing::warn!("the claim was lost; somebody else has this job");
            return;
        }
    };
    let written = match result {
        Ok(()) => store::mark_done(&app.db, job, Ts::now()).await,
        Err(Failure::Again(error)) if job.attempts < effort.attempts => {
            let pause = pause(job.attempts, random());
            tracing::warn!(
                error = format!("{error:#}"),
                attempts = job.attempts,
                again_in_s = pause.as_secs(),
                "a job failed"
            );
            let again = Ts::now().plus_s(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX));
            store::put_back(&app.db, job, again, &short(&error), Ts::now()).await
        }
        Err(failure) => {
            tracing::error!(error = %failure, attempts = job.attempts, summary = job.summary, "a job is given up");
            store::bury(&app.db, job, &short(&failure), Ts::now()).await
        }
    };
    match written {
        Ok(true) => {}
        Ok(false) => tracing::warn!("what came of a job could not be written down: the claim was lost"),
        Err(error) => tracing::error!(%error, "what came of a job could not be written down"),
    }
}

/// Renews a claim three times in its time; comes back when it is lost.
async fn keep_claim(app: &App, job: &Job) {
    let mut tick = interval(app.config.jobs.lease / 3);
    tick.tick().await; // the first one comes at once
    loop {
        tick.tick().await;
        match store::renew(&app.db, job, lease(app, Ts::now())).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::error!(%error, "a claim could not be renewed"),
        }
    }
}

/// How long to wait after attempt number `attempts` failed: doubled each time, and between three quarters and five
/// quarters of that, so that what failed together is not tried again together.
fn pause(attempts: i64, random: u32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).expect("clamped");
    let whole = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    whole.mul_f64(0.75 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2) // without randomness all wait equally long
}

fn short(error: &impl std::fmt::Display) -> String {
    format!("{error:#}").chars().take(ERROR_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_differ() {
        let cases = [(1, 10), (2, 20), (3, 40), (9, 2560), (10, 3600), (1000, 3600)];
        for (attempts, seconds) in cases {
            assert_eq!(
                pause(attempts, 0),
                Duration::from_secs(seconds).mul_f64(0.75),
                "{attempts}"
            );
            assert_eq!(
                pause(attempts, u32::MAX),
                Duration::from_secs(seconds).mul_f64(1.25),
                "{attempts}"
            );
        }
    }
}
