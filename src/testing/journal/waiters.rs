//! Tasks that wait for requests. A request wakes those whose match it fits, and costs nothing more for all others.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Entry;
use crate::testing::TestState;
use crate::testing::matching::{Match, Reach, UNKNOWN};

/// The number of tasks that may wait at a time.
const MAX_WAITERS: usize = 10_000;

/// The tasks that wait, by the operations that they wait for.
#[derive(Debug, Default)]
pub struct Waiters {
    count: AtomicUsize,
    by_operation: Mutex<HashMap<Option<&'static str>, Vec<Arc<Waiter>>>>,
}

#[derive(Debug)]
struct Waiter {
    matches: Match,
    /// The number of the test state whose requests are waited for; `None` for all.
    testing: Option<u64>,
    came: Notify,
}

impl Waiter {
    /// Returns the operations by which this is found; `None` stands for any.
    fn operations(&self) -> Vec<Option<&'static str>> {
        match &self.matches.reach {
            Reach::Any => vec![None],
            Reach::Only(operations) => operations.iter().copied().map(Some).collect(),
        }
    }
}

impl Waiters {
    /// Wakes the tasks that wait for a request of a test state.
    pub(super) fn wake(&self, entry: &Entry, testing: Option<u64>) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let by_operation = self.lock();
        let request = LazyCell::new(|| entry.matched());
        let own = Some(entry.operation_id.unwrap_or(UNKNOWN));
        let found = [by_operation.get(&None), by_operation.get(&own)];
        for waiter in found.into_iter().flatten().flatten() {
            let is_in_scope = waiter.testing.is_none() || waiter.testing == testing;
            if is_in_scope && waiter.matches.fits(*request) {
                waiter.came.notify_one();
            }
        }
    }

    /// Starts to wait for the requests of a test state, or for all, that match. Returns `None` if too many tasks wait.
    pub fn subscribe(
        self: &Arc<Self>,
        matches: Match,
        testing: Option<&TestState>,
    ) -> Option<Subscription> {
        let waiter = Arc::new(Waiter {
            matches,
            testing: testing.map(|testing| testing.number),
            came: Notify::new(),
        });
        let mut by_operation = self.lock();
        if self.count.load(Ordering::Acquire) >= MAX_WAITERS {
            return None;
        }
        self.count.fetch_add(1, Ordering::AcqRel);
        for operation in waiter.operations() {
            let waiters = by_operation.entry(operation).or_default();
            waiters.push(Arc::clone(&waiter));
        }
        Some(Subscription {
            waiter,
            waiters: Arc::clone(self),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<&'static str>, Vec<Arc<Waiter>>>> {
        self.by_operation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that waits. It ends when this is dropped.
#[derive(Debug)]
pub struct Subscription {
    waiter: Arc<Waiter>,
    waiters: Arc<Waiters>,
}

impl Subscription {
    /// Waits for the next request, or returns at once if one came since the last call.
    pub async fn came(&self) {
        self.waiter.came.notified().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut by_operation = self.waiters.lock();
        for operation in self.waiter.operations() {
            if let Some(waiters) = by_operation.get_mut(&operation) {
                waiters.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
                if waiters.is_empty() {
                    by_operation.remove(&operation);
                }
            }
        }
        self.waiters.count.fetch_sub(1, Ordering::AcqRel);
    }
}
