//! The one task that changes anything: it runs changes, writes the difference, commits, publishes, and only then answers.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::difference::Difference;
use super::disk::{Files, Missing};
use super::file::{self, Opened, told};
use super::load::{self, Corrupt};
use super::state::State;
use super::usage;
use crate::error::{Error, Result};

/// As many changes share a commit as are waiting, but no more than this, so that none waits for a thousand others.
const LARGEST_BATCH: usize = 256;

/// A `kill -9` loses the usage of this long, and nothing else.
const USAGE_IS_WRITTEN_EVERY: Duration = Duration::from_secs(1);

/// Something for the writer to do.
pub(super) enum Job {
    Change(Change),
    Close(oneshot::Sender<()>),
    #[cfg(test)]
    Test(super::tests::Probe),
}

/// A change of any accounts, on a copy of the state.
type Change = Box<dyn FnOnce(&mut State) -> Answer + Send>;

/// Tells the one who waits what became of the change, once it is known whether the batch was committed.
type Answer = Box<dyn FnOnce(Commit) + Send>;

/// What became of a batch.
#[derive(Clone, Copy)]
pub(super) enum Commit {
    Done,
    Failed,
}

impl Job {
    pub fn change<T: Send + 'static>(
        change: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
        answer: oneshot::Sender<Result<T>>,
    ) -> Self {
        Self::Change(Box::new(move |state| {
            let before = state.clone();
            // A change that panics is an error of one request, and must not end the writer for all others.
            let outcome = catch_unwind(AssertUnwindSafe(|| change(state)))
                .unwrap_or_else(|_| Err(Error::Failed("a change panicked".to_owned())));
            if outcome.is_err() {
                *state = before;
            }
            Box::new(move |commit| {
                let outcome = match commit {
                    Commit::Done => outcome,
                    Commit::Failed => Err(Error::Failed(
                        "the change could not be committed".to_owned(),
                    )),
                };
                // The one who waited may be gone; the change is made all the same.
                let _ = answer.send(outcome);
            })
        }))
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

pub(super) struct Writer {
    connection: SqliteConnection,
    /// None in memory.
    files: Option<Files>,
    published: Arc<ArcSwap<State>>,
    /// Why changes cannot be kept, while they cannot.
    outage: Arc<ArcSwapOption<String>>,
    /// Whether a commit failed and the file could not be read again: until it is, nobody knows what it holds.
    is_lost: bool,
}

impl Writer {
    pub fn new(
        opened: Opened,
        published: Arc<ArcSwap<State>>,
        outage: Arc<ArcSwapOption<String>>,
    ) -> Self {
        let Opened {
            connection,
            files,
            state: _,
        } = opened;
        Self {
            connection,
            files,
            published,
            outage,
            is_lost: false,
        }
    }

    /// Works until it is told to close, or until nobody is left to tell it anything.
    pub async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut timer = interval(USAGE_IS_WRITTEN_EVERY);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut closed = None;
        while closed.is_none() {
            let Some(batch) = self.next_batch(&mut jobs, &mut timer).await else {
                break;
            };
            let mut changes = Vec::with_capacity(batch.len());
            for job in batch {
                match job {
                    Job::Change(change) => changes.push(change),
                    Job::Close(answer) => closed = Some(answer),
                    #[cfg(test)]
                    Job::Test(probe) => {
                        self.make(mem::take(&mut changes)).await;
                        self.tick().await;
                        probe.run(&mut self.connection).await;
                    }
                }
            }
            self.make(changes).await;
        }
        self.tick().await;
        if let Err(error) = self.connection.close().await {
            tracing::error!(error = told(&error), "the database could not be closed");
        }
        if let Some(answer) = closed {
            let _ = answer.send(());
        }
    }

    /// All jobs that wait, or none when nobody is left to send any. What is done once a second is done meanwhile.
    async fn next_batch(
        &mut self,
        jobs: &mut mpsc::UnboundedReceiver<Job>,
        timer: &mut Interval,
    ) -> Option<Vec<Job>> {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                _ = timer.tick() => self.tick().await,
                count = jobs.recv_many(&mut batch, LARGEST_BATCH) => return (count > 0).then_some(batch),
            }
        }
    }

    /// Makes changes, one after the other, and commits them together. Refusals wait for the commit as well, since they
    /// may rest on what it holds.
    async fn make(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        if self.is_lost {
            self.read_again().await;
        }
        let older = self.published.load_full();
        let mut newer = State::clone(&older);
        let answers: Vec<Answer> = changes
            .into_iter()
            .map(|change| change(&mut newer))
            .collect();
        let commit = self.commit(&older, newer).await;
        for answer in answers {
            answer(commit);
        }
    }

    async fn commit(&mut self, older: &State, mut newer: State) -> Commit {
        let difference = Difference::between(older, &newer);
        if self.is_lost {
            return Commit::Failed;
        }
        if difference.is_empty() && newer.ended.is_empty() {
            return Commit::Done;
        }
        if !difference.is_empty() {
            if !self.files_are_there().await {
                return Commit::Failed;
            }
            if let Err(error) = difference.commit(&mut self.connection).await {
                self.begin_outage(told(&error));
                self.read_again().await;
                return Commit::Failed;
            }
            self.end_outage();
        }
        for (account, api_user) in difference.api_users.gone {
            let tenant = newer.tenant(account);
            if let Some(tenant) =
                tenant.filter(|tenant| !tenant.account.api_users.contains(&api_user))
            {
                tenant.usage.forget(api_user);
            }
        }
        let ended = mem::take(&mut newer.ended);
        self.published.store(Arc::new(newer));
        for test_state in ended {
            test_state.end();
        }
        Commit::Done
    }

    /// After a commit that failed, the file alone knows what holds.
    async fn read_again(&mut self) {
        let read: Result<State, Corrupt> = load::load(&mut self.connection).await;
        self.is_lost = match read {
            Ok(state) => {
                self.published
                    .store(Arc::new(state.with_test_state_of(&self.published.load())));
                false
            }
            Err(error) => {
                self.begin_outage(format!("what it holds cannot be read again: {error}"));
                true
            }
        };
    }

    /// Once a second: usage is written, and in an outage it is tried whether a commit succeeds again.
    async fn tick(&mut self) {
        if self.is_lost {
            self.read_again().await;
        }
        if self.is_lost || !self.files_are_there().await {
            return;
        }
        match self.write_usage().await {
            Ok(()) => self.end_outage(),
            Err(error) => self.begin_outage(told(&error)),
        }
    }

    async fn write_usage(&mut self) -> Result<(), sqlx::Error> {
        if self.outage.load().is_some() {
            file::touch(&mut self.connection).await?;
        }
        let state = self.published.load_full();
        usage::save(&mut self.connection, &state).await
    }

    /// Whether what is written now will be found again.
    async fn files_are_there(&mut self) -> bool {
        match self.files.as_mut().and_then(Files::missing) {
            None => true,
            Some(Missing::Log) => self.renew_log().await,
            Some(Missing::End) => {
                // Nothing may be written to what is left: it would look whole again.
                self.begin_outage("it was emptied or cut short".to_owned());
                false
            }
            Some(Missing::Database(told)) => {
                if !self.is_told(told) {
                    // Wherever the file is now, all that was answered goes into it.
                    file::empty_log(&mut self.connection).await;
                    self.begin_outage(told.to_owned());
                }
                false
            }
        }
    }

    /// What was in a write-ahead log that was deleted would be gone with the program: it goes into the database.
    async fn renew_log(&mut self) -> bool {
        let renewed = file::renew_log(&mut self.connection).await;
        let is_there = self.files.as_mut().is_some_and(Files::find_log);
        match renewed {
            Ok(()) if is_there => {
                tracing::warn!(
                    "the write-ahead log was deleted; nothing is lost, and there is another"
                );
                true
            }
            Ok(()) => {
                self.begin_outage("its write-ahead log was deleted".to_owned());
                false
            }
            Err(error) => {
                let told = told(&error);
                self.begin_outage(format!("its write-ahead log was deleted: {told}"));
                false
            }
        }
    }

    /// Whether this is known as the reason why changes cannot be kept.
    fn is_told(&self, reason: &str) -> bool {
        let told = self.outage.load();
        told.as_ref().is_some_and(|told| told.as_str() == reason)
    }

    /// Tells why changes cannot be kept, unless that is known.
    fn begin_outage(&self, reason: String) {
        if self.is_told(&reason) {
            return;
        }
        let database = self.files.as_ref().map(|files| files.path().display());
        let database = database.map_or_else(|| "in memory".to_owned(), |path| path.to_string());
        tracing::error!(
            database,
            reason,
            "changes cannot be kept in the database, and are answered with 500"
        );
        self.outage.store(Some(Arc::new(reason)));
    }

    fn end_outage(&self) {
        if self.outage.load().is_some() {
            tracing::info!("changes are kept again");
            self.outage.store(None);
        }
    }
}
