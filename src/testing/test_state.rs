//! What belongs to an account, or to the server, without being saved.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::Clock;
use super::fault::Faults;
use super::journal::Journal;

/// A reset puts a new one of these in the place of the old, so that what an old request still writes goes nowhere.
#[derive(Debug, Default)]
pub struct TestState {
    clock: Mutex<Option<Clock>>,
    pub journal: Journal,
    pub faults: Faults,
    /// Whether another has come in its place, or none. Whoever waits for requests listens here.
    has_ended: watch::Sender<bool>,
}

impl TestState {
    /// Tells of every request that is recorded from now on, and when all this has ended, at once if it has.
    pub fn changes(&self) -> watch::Receiver<bool> {
        let mut changes = self.has_ended.subscribe();
        if *changes.borrow() {
            changes.mark_changed();
        }
        changes
    }

    /// Tells those who wait that a request was recorded.
    pub fn recorded(&self) {
        if self.has_ended.receiver_count() > 0 {
            self.has_ended.send_modify(|_| ());
        }
    }

    /// Tells them that another has come in the place of all this, or none.
    pub fn end(&self) {
        self.has_ended.send_replace(true);
    }

    /// The clock that was set here; an account without one has the server's, and the server the system's.
    pub fn clock(&self) -> Option<Clock> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_clock(&self, clock: Option<Clock>) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    /// Sets the clock from what it is, so that of two who move it on at once neither is lost.
    pub fn move_clock<E>(
        &self,
        set: impl FnOnce(Option<Clock>) -> Result<Clock, E>,
    ) -> Result<(), E> {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = Some(set(*clock)?);
        Ok(())
    }
}
