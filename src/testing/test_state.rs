//! The test state of an account or of the server, which is not saved.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::Clock;
use super::fault::Faults;
use super::journal::Journal;

/// The clock, the journal and the faults of an account or of the server. A reset replaces it with a new one, so that whatever
/// an older request still writes is discarded.
#[derive(Debug, Default)]
pub struct TestState {
    clock: Mutex<Option<Clock>>,
    pub journal: Journal,
    pub faults: Faults,
    /// Whether this was replaced or removed. Tasks that wait for requests subscribe to it.
    has_ended: watch::Sender<bool>,
}

impl TestState {
    /// Returns a receiver that is notified of every request recorded from now on, and when this is replaced or removed; at once
    /// if that has already happened.
    pub fn changes(&self) -> watch::Receiver<bool> {
        let mut changes = self.has_ended.subscribe();
        if *changes.borrow() {
            changes.mark_changed();
        }
        changes
    }

    /// Notifies the waiting tasks that a request was recorded.
    pub fn recorded(&self) {
        if self.has_ended.receiver_count() > 0 {
            self.has_ended.send_modify(|_| ());
        }
    }

    /// Notifies the waiting tasks that this was replaced or removed.
    pub fn end(&self) {
        self.has_ended.send_replace(true);
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
