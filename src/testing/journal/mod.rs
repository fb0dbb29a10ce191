//! The journal: recorded requests and responses of all accounts, without secrets.

mod curl;
mod redaction;
mod waiters;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
pub use curl::Command;
pub use redaction::{Body, Headers, may_hold_json, names_a_secret, redacted_query};
pub use waiters::{Subscription, Waiters};

use super::Clock;
use super::matching::Matched;
use super::test_state::{Ended, TestState};
use crate::domain::{AccountId, Moment, Problem};

/// The number of requests that are kept of an account, and of those whose credentials name none.
const MAX_OF_ACCOUNT: usize = 1000;

/// The number of requests that are kept of all deleted accounts.
const MAX_OF_DELETED: usize = 10_000;

/// The number of bytes that all entries together have at most by default.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The smallest number that they can be limited to: a few of the largest entries.
const LEAST_MAX_BYTES: usize = 64 * 1024;

/// Checks a limit for the bytes of all entries.
pub fn max_bytes(bytes: usize) -> Result<usize, String> {
    if bytes < LEAST_MAX_BYTES {
        return Err(format!("it must be at least {LEAST_MAX_BYTES}"));
    }
    Ok(bytes)
}

/// The latest requests, in the order of their responses. Those of an account belong to its test state.
#[derive(Debug)]
pub struct Journal {
    entries: Mutex<Entries>,
    max_bytes: AtomicUsize,
    pub waiters: Arc<Waiters>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            max_bytes: AtomicUsize::new(MAX_BYTES),
            waiters: Arc::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    /// All requests in order. A deleted one leaves a gap while few are deleted, but not at the start.
    all: VecDeque<Slot>,
    gaps: usize,
    /// The sequence numbers by test state.
    kept: BTreeMap<u64, VecDeque<u64>>,
    /// The sequence numbers of the requests of deleted accounts.
    of_deleted: BTreeSet<u64>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    sequence: u64,
    /// The number of the test state, or `None` if the account was deleted.
    owner: Option<u64>,
    /// `None` stands for a gap.
    entry: Option<Arc<Entry>>,
}

impl Journal {
    /// Sets the number of bytes that all entries may have together. The oldest are deleted first.
    pub fn set_max_bytes(&self, bytes: usize) {
        self.max_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Numbers a request, and adds it to those of a test state. The requests of one that was replaced are only numbered.
    pub fn record(&self, testing: &TestState, mut entry: Arc<Entry>) -> Arc<Entry> {
        let bytes = entry.bytes();
        let mut entries = self.lock();
        entries.last += 1;
        let sequence = entries.last;
        let unshared = Arc::get_mut(&mut entry);
        unshared.expect("only the journal shares it").sequence = sequence;
        let owner = match testing.ended() {
            Some(Ended::Replaced) => return entry,
            Some(Ended::Deleted) => None,
            None => Some(testing.number),
        };
        entries.all.push_back(Slot {
            sequence,
            owner,
            entry: Some(Arc::clone(&entry)),
        });
        entries.bytes += bytes;
        // The memory of old entries is freed after the lock is released.
        let mut oldest = None;
        let mut old = Vec::new();
        if let Some(owner) = owner {
            let of_owner = entries.kept.entry(owner).or_default();
            of_owner.push_back(sequence);
            if of_owner.len() > MAX_OF_ACCOUNT {
                let first = of_owner[0];
                oldest = entries.remove(first);
            }
        } else {
            entries.of_deleted.insert(sequence);
            old.extend(entries.limit_deleted());
        }
        let max_bytes = self.max_bytes.load(Ordering::Relaxed);
        while entries.bytes > max_bytes
            && let Some(oldest) = entries.all.front().map(|slot| slot.sequence)
        {
            old.extend(entries.remove(oldest));
        }
        drop(entries);
        drop((oldest, old));
        self.waiters.wake(&entry, owner);
        entry
    }

    /// Returns the requests of a test state, or of all, in order.
    pub fn list(&self, testing: Option<&TestState>) -> Vec<Arc<Entry>> {
        let entries = self.lock();
        match testing {
            None => {
                let slots = entries.all.iter();
                slots.filter_map(|slot| slot.entry.clone()).collect()
            }
            Some(testing) => {
                let sequences = entries.kept.get(&testing.number).into_iter().flatten();
                let found = sequences.filter_map(|sequence| entries.find(*sequence));
                found
                    .filter_map(|at| entries.all[at].entry.clone())
                    .collect()
            }
        }
    }

    /// Returns a request of a test state, or any one.
    pub fn get(&self, sequence: u64, testing: Option<&TestState>) -> Option<Arc<Entry>> {
        let entries = self.lock();
        let Slot { owner, entry, .. } = &entries.all[entries.find(sequence)?];
        let is_its = testing.is_none_or(|testing| *owner == Some(testing.number));
        entry.clone().filter(|_| is_its)
    }

    /// Returns the number of requests of a test state.
    pub fn count(&self, testing: &TestState) -> usize {
        let entries = self.lock();
        entries.kept.get(&testing.number).map_or(0, VecDeque::len)
    }

    /// Deletes requests.
    pub fn forget(&self, forgotten: &[Arc<Entry>]) {
        let mut entries = self.lock();
        for entry in forgotten {
            entries.remove(entry.sequence);
        }
    }

    /// Deletes the requests of a test state that ended, or moves them to those of deleted accounts.
    pub fn end(&self, testing: &TestState, ended: Ended) {
        let mut entries = self.lock();
        let sequences = entries.kept.remove(&testing.number).unwrap_or_default();
        for sequence in sequences {
            match ended {
                Ended::Replaced => {
                    entries.remove(sequence);
                }
                Ended::Deleted => {
                    if let Some(at) = entries.find(sequence) {
                        entries.all[at].owner = None;
                    }
                    entries.of_deleted.insert(sequence);
                }
            }
        }
        entries.limit_deleted();
    }

    /// Deletes the requests of deleted accounts.
    pub fn forget_deleted(&self) {
        let mut entries = self.lock();
        for sequence in std::mem::take(&mut entries.of_deleted) {
            entries.remove(sequence);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Returns the index of a request.
    fn find(&self, sequence: u64) -> Option<usize> {
        let found = self
            .all
            .binary_search_by_key(&sequence, |slot| slot.sequence);
        found.ok()
    }

    /// Closes the gaps at the start, and all of them once they are most of the slots.
    fn close_gaps(&mut self) {
        while self.all.pop_front_if(|slot| slot.entry.is_none()).is_some() {
            self.gaps -= 1;
        }
        if self.gaps > self.all.len() / 2 {
            self.all.retain(|slot| slot.entry.is_some());
            self.gaps = 0;
        }
    }

    fn remove(&mut self, sequence: u64) -> Option<Arc<Entry>> {
        let at = self.find(sequence)?;
        let Slot { owner, entry, .. } = &mut self.all[at];
        let (owner, entry) = (*owner, entry.take()?);
        self.bytes -= entry.bytes();
        self.gaps += 1;
        self.close_gaps();
        match owner {
            None => {
                self.of_deleted.remove(&sequence);
            }
            Some(owner) => {
                let of_owner = self.kept.get_mut(&owner)?;
                if of_owner.front() == Some(&sequence) {
                    of_owner.pop_front();
                } else if let Ok(at) = of_owner.binary_search(&sequence) {
                    of_owner.remove(at);
                }
                if of_owner.is_empty() {
                    self.kept.remove(&owner);
                }
            }
        }
        Some(entry)
    }

    fn limit_deleted(&mut self) -> Vec<Arc<Entry>> {
        let surplus = self.of_deleted.len().saturating_sub(MAX_OF_DELETED);
        let oldest: Vec<_> = self.of_deleted.iter().take(surplus).copied().collect();
        oldest
            .into_iter()
            .filter_map(|sequence| self.remove(sequence))
            .collect()
    }
}

/// A request and its response.
#[derive(Debug)]
pub struct Entry {
    /// The sequence number among all requests of the server.
    pub sequence: u64,
    /// The time of the system's clock, and the clock that shows it. The time is only calculated when it is shown.
    pub system: SystemTime,
    pub clock: Clock,
    pub duration: Duration,
    pub method: Cow<'static, str>,
    /// The canonical path: with `/v4`, in the vendor's spelling, and without the query.
    pub path: String,
    pub query: Option<String>,
    pub operation_id: Option<&'static str>,
    /// `None` if the connection was reset or left hanging instead of a response.
    pub status: Option<u16>,
    pub account: Option<AccountId>,
    /// The label of the account.
    pub label: Option<String>,
    pub user_name: Option<String>,
    pub authentication: Authentication,
    /// The Id of the fault that decided the outcome, or of the first that delayed it.
    pub fault: Option<u64>,
    /// Whether a change was committed, whatever became of its response.
    pub committed: bool,
    /// The reasons for a 4xx response.
    pub reasons: Vec<Problem>,
    pub request: Message,
    pub response: Message,
}

impl Entry {
    pub fn matched(&self) -> Matched<'_> {
        Matched {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            operation_id: self.operation_id,
            user_name: self.user_name.as_deref(),
            account: self.account,
            label: self.label.as_deref(),
            status: self.status,
            reasons: &self.reasons,
            body: self.request.body.text(),
            response_body: self.response.body.text(),
        }
    }

    /// Returns the path with the query.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Returns the duration in milliseconds, to a tenth.
    pub fn milliseconds(&self) -> String {
        format!("{:.1}", self.duration.as_secs_f64() * 1000.0)
    }

    /// Returns the time of the account's clock.
    pub fn time(&self) -> Moment {
        self.clock.now(DateTime::<Utc>::from(self.system).into())
    }

    /// Returns the time to the millisecond, as RFC 3339 writes it; a frozen clock shows no milliseconds.
    pub fn precise_time(&self) -> String {
        let millisecond = match self.clock {
            Clock::Frozen(_) => 0,
            Clock::Running | Clock::Moved(_) => {
                DateTime::<Utc>::from(self.system).timestamp_subsec_millis()
            }
        };
        format!("{}.{millisecond:03}Z", self.time())
    }

    /// Returns the reasons as one text.
    pub fn reason(&self) -> Option<String> {
        let all: Vec<_> = self.reasons.iter().map(Problem::to_string).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn bytes(&self) -> usize {
        // What an entry needs in the journal besides its texts.
        const OVERHEAD: usize = size_of::<Entry>() + 128;

        let reasons = self.reasons.iter();
        let reasons: usize = reasons
            .map(|reason| size_of::<Problem>() + reason.field.len() + reason.message.len())
            .sum();
        OVERHEAD
            + reasons
            + self.path.len()
            + self.query.as_ref().map_or(0, String::len)
            + self.user_name.as_ref().map_or(0, String::len)
            + self.request.bytes()
            + self.response.bytes()
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

impl Message {
    /// Returns whether there was a body that nobody read.
    pub fn has_unread_body(&self) -> bool {
        let announces = |(name, value): (Cow<'_, str>, Cow<'_, str>)| match &*name {
            "content-length" => value != "0",
            name => name == "transfer-encoding",
        };
        matches!(self.body, Body::None) && self.headers.iter().any(announces)
    }

    fn bytes(&self) -> usize {
        self.headers.bytes() + self.body.bytes()
    }
}

#[cfg(test)]
impl Entry {
    /// Returns a request for tests.
    pub fn example() -> Self {
        Self {
            sequence: 0,
            system: SystemTime::UNIX_EPOCH,
            clock: Clock::default(),
            duration: Duration::ZERO,
            method: "GET".into(),
            path: "/v4/Operator".to_owned(),
            query: None,
            operation_id: None,
            status: Some(200),
            account: None,
            label: None,
            user_name: None,
            authentication: Authentication::Accepted,
            fault: None,
            committed: false,
            reasons: Vec::new(),
            request: Message::default(),
            response: Message::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Entry, Journal, MAX_OF_ACCOUNT, MAX_OF_DELETED, TestState};

    /// Records requests, and returns the number of the last.
    fn record(journal: &Journal, testing: &TestState, times: usize) -> u64 {
        let recorded =
            (0..times).map(|_| journal.record(testing, Entry::example().into()).sequence);
        recorded.last().unwrap_or_default()
    }

    fn end(journal: &Journal, testing: &TestState, ended: Ended) {
        testing.end(ended);
        journal.end(testing, ended);
    }

    #[test]
    fn the_latest_requests_of_all_deleted_accounts_are_kept() {
        let journal = Journal::default();
        let live = TestState::default();
        record(&journal, &live, 1);
        for _ in 0..=MAX_OF_DELETED / MAX_OF_ACCOUNT {
            let deleted = TestState::default();
            record(&journal, &deleted, MAX_OF_ACCOUNT);
            end(&journal, &deleted, Ended::Deleted);
        }
        let kept = journal.list(None);
        assert_eq!(kept.len(), 1 + MAX_OF_DELETED);
        assert_eq!((kept[0].sequence, kept[1].sequence), (1, 1002));
        assert_eq!(journal.lock().of_deleted.len(), MAX_OF_DELETED);
        journal.forget_deleted();
        assert_eq!(journal.list(None).len(), 1);
        assert_eq!(journal.list(Some(&live)).len(), 1);
    }

    #[test]
    fn a_request_that_outlives_its_account_is_kept_and_one_that_outlives_a_reset_is_not() {
        let journal = Journal::default();
        let [deleted, replaced] = [TestState::default(), TestState::default()];
        record(&journal, &deleted, 1);
        record(&journal, &replaced, 1);
        end(&journal, &deleted, Ended::Deleted);
        end(&journal, &replaced, Ended::Replaced);
        let late = record(&journal, &deleted, 1);
        record(&journal, &replaced, 1);
        let kept: Vec<_> = journal.list(None).iter().map(|one| one.sequence).collect();
        assert_eq!(kept, [1, late]);
        assert!(journal.get(late, Some(&deleted)).is_none());
    }

    #[test]
    fn the_requests_after_an_old_one_leave_few_gaps() {
        let journal = Journal::default();
        let [old, busy] = [TestState::default(), TestState::default()];
        record(&journal, &old, 1);
        let last = record(&journal, &busy, 5 * MAX_OF_ACCOUNT);
        let kept: Vec<_> = journal.list(None).iter().map(|one| one.sequence).collect();
        let first = last - MAX_OF_ACCOUNT as u64 + 1;
        assert_eq!(
            kept,
            [1].into_iter().chain(first..=last).collect::<Vec<_>>()
        );
        assert!(journal.lock().all.len() <= 2 * kept.len());
        assert!(journal.get(1, Some(&old)).is_some());
        assert!(journal.get(first - 1, None).is_none());
        journal.forget(&journal.list(Some(&old)));
        assert_eq!(journal.lock().all.len(), MAX_OF_ACCOUNT);
    }

    #[test]
    fn the_oldest_requests_go_first_and_leave_no_bytes_behind() {
        let journal = Journal::default();
        let one = Entry::example().bytes();
        journal.set_max_bytes(3 * one);
        let [first, second] = [TestState::default(), TestState::default()];
        record(&journal, &first, 2);
        record(&journal, &second, 2);
        let kept: Vec<_> = journal.list(None).iter().map(|one| one.sequence).collect();
        assert_eq!(kept, [2, 3, 4]);
        assert_eq!(journal.count(&first), 1);
        journal.forget(&journal.list(None));
        assert_eq!(journal.lock().bytes, 0);
        assert!(journal.lock().kept.is_empty());
    }
}
