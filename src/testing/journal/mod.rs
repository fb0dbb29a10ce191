//! The journal: what was asked of an account and what was answered, without secrets.

mod matching;
mod redaction;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use matching::{Match, Matched};
pub use redaction::{Body, Headers, may_hold_json, redacted_query};

use crate::domain::{AccountId, Moment};

/// What is kept of an account's requests.
const ENTRIES: usize = 1000;

/// The latest requests, in the order of their answers.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<VecDeque<Arc<Entry>>>,
}

impl Journal {
    /// Adds an entry. `number` gives it its number while no other can be added.
    pub fn record(&self, mut entry: Entry, number: impl FnOnce() -> u64) {
        let mut entries = self.lock();
        let oldest = if entries.len() == ENTRIES {
            entries.pop_front()
        } else {
            None
        };
        entry.sequence = number();
        entries.push_back(Arc::new(entry));
        drop(entries);
        // What the oldest held is given back when others can go on.
        drop(oldest);
    }

    /// The requests that fit, in their order.
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

/// One request and its answer.
#[derive(Debug)]
pub struct Entry {
    /// Counts all requests of the server.
    pub sequence: u64,
    pub time: Moment,
    pub duration: Duration,
    pub method: String,
    /// The canonical path: with `/v4`, in the vendor's spelling, without the query.
    pub path: String,
    pub query: Option<String>,
    pub operation_id: Option<&'static str>,
    /// Nothing, where the connection was ended or left hanging instead of an answer.
    pub status: Option<u16>,
    pub account: Option<AccountId>,
    pub user_name: Option<String>,
    pub authentication: Authentication,
    /// The Id of the fault that struck.
    pub fault: Option<u64>,
    /// Why the answer is a 4xx.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The path asks for none, or the request failed before it was asked for.
    NotAsked,
    Accepted,
    Refused,
}

/// Headers and body of a request or of an answer.
#[derive(Debug, Default)]
pub struct Message {
    pub headers: Headers,
    pub body: Body,
}
