//! The only task that changes the state: it runs changes, writes and commits the difference, publishes the new state, and then
//! answers.

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
use super::file::{self, Opened, error_message};
use super::load::{self, Corrupt};
use super::state::State;
use super::usage;
use crate::error::{Error, Result};
use crate::testing::journal::Journal;

/// The maximum number of changes that share a commit. All waiting changes share one, but none should wait for a thousand others.
const MAX_BATCH: usize = 256;

/// The interval at which usage is written. A `kill -9` loses the usage of the last interval and nothing else.
const USAGE_INTERVAL: Duration = Duration::from_secs(1);

/// A job for the writer.
pub(super) enum Job {
    Change(Change),
    Close(oneshot::Sender<()>),
    #[cfg(test)]
    Test(super::tests::Probe),
}

/// A change of any accounts, which runs on a copy of the state.
type Change = Box<dyn FnOnce(&mut State) -> Answer + Send>;

/// Sends the outcome of a change to the waiting task, once it is known whether the batch was committed.
type Answer = Box<dyn FnOnce(Commit) + Send>;

/// The outcome of a batch.
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
            // A panic in a change fails one request, and must not stop the writer.
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
                // The waiting task may have been dropped; the change is made anyway.
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
    /// `None` for a database in memory.
    files: Option<Files>,
    published: Arc<ArcSwap<State>>,
    /// The reason why changes currently cannot be saved.
    outage: Arc<ArcSwapOption<String>>,
    journal: Arc<Journal>,
    /// Whether a commit failed and the file could not be loaded again. Until it is, its content is unknown.
    is_state_unknown: bool,
}

impl Writer {
    pub fn new(
        opened: Opened,
        published: Arc<ArcSwap<State>>,
        outage: Arc<ArcSwapOption<String>>,
        journal: Arc<Journal>,
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
            journal,
            is_state_unknown: false,
        }
    }

    /// Runs until it receives a close job, or until all senders are dropped.
    pub async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut timer = interval(USAGE_INTERVAL);
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
                        self.run_changes(mem::take(&mut changes)).await;
                        self.tick().await;
                        probe.run(&mut self.connection).await;
                    }
                }
            }
            self.run_changes(changes).await;
        }
        self.tick().await;
        if let Err(error) = self.connection.close().await {
            tracing::error!(
                error = error_message(&error),
                "the database could not be closed"
            );
        }
        if let Some(answer) = closed {
            let _ = answer.send(());
        }
    }

    /// Waits for jobs and returns all that are waiting, or `None` when all senders are dropped. Runs the periodic work meanwhile.
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
                count = jobs.recv_many(&mut batch, MAX_BATCH) => return (count > 0).then_some(batch),
            }
        }
    }

    /// Runs changes sequentially and commits them together. Errors of changes are also sent after the commit, since they may
    /// depend on other changes of the batch.
    async fn run_changes(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        if self.is_state_unknown {
            self.reload().await;
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
        if self.is_state_unknown {
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
                self.begin_outage(error_message(&error));
                self.reload().await;
                return Commit::Failed;
            }
            self.end_outage();
        }
        for (account, api_user) in difference.api_users.deleted {
            let tenant = newer.tenant(account);
            if let Some(tenant) =
                tenant.filter(|tenant| !tenant.account.api_users.contains(&api_user))
            {
                tenant.usage.forget(api_user);
            }
        }
        let ended = mem::take(&mut newer.ended);
        let is_server_reset = !Arc::ptr_eq(&older.testing, &newer.testing);
        self.published.store(Arc::new(newer));
        for (testing, ended) in ended {
            testing.end(ended);
            self.journal.end(&testing, ended);
        }
        if is_server_reset {
            self.journal.forget_deleted();
        }
        Commit::Done
    }

    /// Loads and publishes the state of the file, since after a failed commit only the file determines what was committed.
    async fn reload(&mut self) {
        let read: Result<State, Corrupt> = load::load(&mut self.connection).await;
        self.is_state_unknown = match read {
            Ok(state) => {
                self.published
                    .store(Arc::new(state.with_testing_of(&self.published.load())));
                false
            }
            Err(error) => {
                self.begin_outage(format!("what it holds cannot be read again: {error}"));
                true
            }
        };
    }

    /// Runs once a second: writes usage, and during an outage checks whether commits succeed again.
    async fn tick(&mut self) {
        if self.is_state_unknown {
            self.reload().await;
        }
        if self.is_state_unknown || !self.files_are_there().await {
            return;
        }
        match self.write_usage().await {
            Ok(()) => self.end_outage(),
            Err(error) => self.begin_outage(error_message(&error)),
        }
    }

    async fn write_usage(&mut self) -> Result<(), sqlx::Error> {
        if self.outage.load().is_some() {
            file::touch(&mut self.connection).await?;
        }
        let state = self.published.load_full();
        usage::save(&mut self.connection, &state).await
    }

    /// Returns whether the files are in their place, so that what is written now will be found again.
    async fn files_are_there(&mut self) -> bool {
        match self.files.as_mut().and_then(Files::missing) {
            None => true,
            Some(Missing::Log) => self.renew_log().await,
            Some(Missing::End) => {
                // Nothing may be written to the rest of the file: it would look complete again.
                self.begin_outage("it was emptied or cut short".to_owned());
                false
            }
            Some(Missing::Database(reason)) => {
                if !self.is_reported(reason) {
                    // Wherever the file is now, it should contain all changes that were answered.
                    file::empty_log(&mut self.connection).await;
                    self.begin_outage(reason.to_owned());
                }
                false
            }
        }
    }

    /// Moves the content of a deleted write-ahead log into the database, since it would be lost when the program ends.
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
                let message = error_message(&error);
                self.begin_outage(format!("its write-ahead log was deleted: {message}"));
                false
            }
        }
    }

    /// Returns whether an outage with this reason was already reported.
    fn is_reported(&self, reason: &str) -> bool {
        let outage = self.outage.load();
        outage
            .as_ref()
            .is_some_and(|reported| reported.as_str() == reason)
    }

    /// Reports the reason why changes cannot be saved, unless it was already reported.
    fn begin_outage(&self, reason: String) {
        if self.is_reported(&reason) {
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
