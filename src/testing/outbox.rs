//! The outbox: what the live service would have sent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::text::Email;
use crate::domain::{Moment, OperatorGuid};

/// The number of messages that are kept of an account, and that are returned of all.
pub const MAX_MESSAGES: usize = 1000;

/// The latest messages of an account, in the order in which they would have been sent.
#[derive(Debug, Default)]
pub struct Outbox(Mutex<VecDeque<(u64, Message)>>);

/// An e-mail that would have been sent.
#[derive(Debug, Clone)]
pub struct Message {
    pub to: Email,
    pub kind: Kind,
    /// The operator that it is about.
    pub operator: OperatorGuid,
    pub time: Moment,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// "SetupMode: Invitation": the operator is asked to choose a password.
    Invitation,
}

impl Outbox {
    pub fn add(&self, message: Message) {
        static LAST: AtomicU64 = AtomicU64::new(0);

        let mut messages = self.lock();
        if messages.len() == MAX_MESSAGES {
            messages.pop_front();
        }
        messages.push_back((LAST.fetch_add(1, Ordering::Relaxed), message));
    }

    /// Returns all messages, the oldest first, each with a number that grows with every message of any account.
    pub fn list(&self) -> Vec<(u64, Message)> {
        self.lock().iter().cloned().collect()
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, Message)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
