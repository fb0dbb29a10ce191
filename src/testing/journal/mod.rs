//! The journal: recorded requests and responses of an account, without secrets.

mod matching;
mod redaction;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use matching::{Match, Matched};
pub use redaction::{Body, Headers, may_hold_json, redacted_query};

use crate::domain::{AccountId, Moment};

/// The maximum number of requests that the journal of an account keeps.
const MAX_ENTRIES: usize = 1000;

/// The latest requests, in the order of their responses.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<VecDeque<Arc<Entry>>>,
}

impl Journal {
    /// Adds an entry. `number` returns its sequence number and is called while no other entry can be added.
    pub fn record(&self, mut entry: Entry, number: impl FnOnce() -> u64) {
        let mut entries = self.lock();
        let oldest = if entries.len() == MAX_ENTRIES {
            entries.pop_front()
        } else {
            None
        };
        entry.sequence = number();
        entries.push_back(Arc::new(entry));
        drop(entries);
        // The memory of the oldest entry is freed after the lock is released.
        drop(oldest);
    }

    /// Returns the requests that match, in order.
    pub fn find(&self, matches: &Match) -> Vec<Arc<Entry>> {
        let entries = self.lock();
        let fits = |entry: &&Arc<Entry>| matches.fits(entry.matched());
        entries.iter().filter(fits).cloned().collect()
    }

    pub fn count(&self, matches: &Match) -> usize {
        let entries = self.lock();
        let fits = |entry: &&Arc<Entry>| matches.fits(entry.matched());
        entries.iter().filter(fits).count()
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request and its response.
#[derive(Debug)]
pub struct Entry {
    /// The sequence number among all requests of the server.
    pub sequence: u64,
    pub time: Moment,
    pub duration: Duration,
    pub method: String,
    /// The canonical path: with `/v4`, in the vendor's spelling, and without the query.
    pub path: String,
    pub query: Option<String>,
    pub operation_id: Option<&'static str>,
    /// `None` if the connection was reset or left hanging instead of a response.
    pub status: Option<u16>,
    pub account: Option<AccountId>,
    pub user_name: Option<String>,
    pub authentication: Authentication,
    /// The Id of the fault that was applied.
    pub fault: Option<u64>,
    /// The reason for a 4xx response.
    pub reason: Option<String>,
    pub request: Message,
    pub response: Message,
}

impl Entry {
    pub fn matched(&self) -> Matched<'_> {
        Matched {
            method: &self.method,
            path: &self.path,
            operation_id: self.operation_id,
            user_name: self.user_name.as_deref(),
            status: self.status,
        }
    }
}

/// The outcome of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The path requires none, or the request failed before authentication.
    NotAsked,
    Accepted,
    Refused,
}

/// The headers and the body of a request or response.
#[derive(Debug, Default)]
pub struct Message {
    pub headers: Headers,
    pub body: Body,
}
