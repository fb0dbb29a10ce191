//! The test state of an account or of the server, which is not saved.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::Clock;
use super::fault::Faults;
use super::outbox::Outbox;

/// The clock, the faults and the outbox of an account or of the server; its requests are found by its number. A reset replaces
/// it with a new one, so that whatever an older request still writes is discarded.
#[derive(Debug)]
pub struct TestState {
    /// A number that no other one of this process had.
    pub number: u64,
    clock: Mutex<Option<Clock>>,
    pub faults: Faults,
    pub outbox: Outbox,
    /// Why this ended. Tasks that wait for requests subscribe to it.
    ended: watch::Sender<Option<Ended>>,
}

/// Why a test state ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its account, or the server, was reset.
    Replaced,
    /// Its account was deleted.
    Deleted,
}

impl Default for TestState {
    fn default() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);

        Self {
            number: LAST.fetch_add(1, Ordering::Relaxed),
            clock: Mutex::default(),
            faults: Faults::default(),
            outbox: Outbox::default(),
            ended: watch::Sender::default(),
        }
    }
}

impl TestState {
    /// Returns the state of the server after a reset: with the faults that it began with.
    pub fn anew(&self) -> Self {
        Self {
            faults: self.faults.anew(),
            ..Self::default()
        }
    }

    /// Returns why this ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        *self.ended.borrow()
    }

    /// Waits until this ends.
    pub async fn end_of(&self) {
        // The sender is a part of this, so there is no error.
        let _ = self.ended.subscribe().wait_for(Option::is_some).await;
    }

    /// Notifies the waiting tasks that this was replaced or removed.
    pub fn end(&self, ended: Ended) {
        self.ended.send_replace(Some(ended));
    }

    /// Returns the clock that was set here, if any. An account without a clock uses that of the server, and the server that of
    /// the system.
    pub fn clock(&self) -> Option<Clock> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_clock(&self, clock: Option<Clock>) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    /// Updates the clock based on its current value, atomically, so that no concurrent update is lost.
    pub fn move_clock<E>(
        &self,
        set: impl FnOnce(Option<Clock>) -> Result<Clock, E>,
    ) -> Result<(), E> {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = Some(set(*clock)?);
        Ok(())
    }
}
