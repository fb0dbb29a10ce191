//! Faults: failures on demand, for testing how clients handle them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::journal::{Match, Matched};

/// A failure and the requests that it applies to.
#[derive(Debug, Clone)]
pub struct Fault {
    pub id: u64,
    pub matches: Match,
    pub effect: Effect,
    pub when: When,
    /// The number of matching requests that are skipped first.
    pub skip: u64,
    /// The number of hits after which the fault is removed; without one, it stays.
    pub count: Option<u64>,
    /// The probability that a matching request is hit, from 0 to 1.
    pub probability: f64,
    /// The number of requests that matched.
    pub seen: u64,
    /// The number of those that were hit.
    pub hits: u64,
}

/// What happens to a request that is hit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Another response is sent.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Option<Value>,
    },
    /// The response is delayed.
    Delay(Duration),
    /// The connection is reset without a response.
    Reset,
    /// No response is ever sent.
    Hang,
}

/// The moment at which a fault takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// After authentication and before anything else: the change is not made.
    #[default]
    Before,
    /// After the change was committed, instead of its response.
    After,
}

impl Fault {
    /// Returns an Id that no other fault of this process had.
    pub fn new_id() -> u64 {
        static LAST: AtomicU64 = AtomicU64::new(0);

        LAST.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The faults of an account, or of the server.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whether there are any faults. Most requests check nothing else.
    any: AtomicBool,
    all: Mutex<Vec<Fault>>,
}

impl Faults {
    pub fn add(&self, fault: Fault) {
        let mut all = self.lock();
        all.push(fault);
        self.any.store(true, Ordering::Release);
    }

    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Removes a fault. Returns `false` if there is none with that Id.
    pub fn remove(&self, id: u64) -> bool {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|fault| fault.id != id);
        self.any.store(!all.is_empty(), Ordering::Release);
        all.len() < before
    }

    pub fn clear(&self) {
        let mut all = self.lock();
        all.clear();
        self.any.store(false, Ordering::Release);
    }

    pub fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Returns the Id and the effect of the fault that hits a request, if any. `chance` returns random numbers from 0 to 1.
    pub fn strike(
        &self,
        when: When,
        request: Matched<'_>,
        mut chance: impl FnMut() -> f64,
    ) -> Option<(u64, Effect)> {
        let mut all = self.lock();
        let index = all.iter_mut().position(|fault| {
            if fault.when != when || !fault.matches.fits(request) {
                return false;
            }
            fault.seen += 1;
            fault.seen > fault.skip && (fault.probability >= 1.0 || chance() < fault.probability)
        })?;
        let fault = &mut all[index];
        fault.hits += 1;
        let hit = (fault.id, fault.effect.clone());
        if fault.count.is_some_and(|count| fault.hits >= count) {
            all.remove(index);
            self.any.store(!all.is_empty(), Ordering::Release);
        }
        Some(hit)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Fault, Faults, When};
    use crate::testing::journal::{Match, Matched};

    const GET: Matched<'static> = Matched {
        method: "GET",
        path: "/v4/Operator",
        operation_id: None,
        user_name: None,
        status: None,
    };

    fn faults(skip: u64, count: Option<u64>, probability: f64) -> Faults {
        let matches = Match {
            method: Some("get".to_owned()),
            ..Match::default()
        };
        let faults = Faults::default();
        faults.add(Fault {
            id: 1,
            matches,
            effect: Effect::Hang,
            when: When::Before,
            skip,
            count,
            probability,
            seen: 0,
            hits: 0,
        });
        faults
    }

    fn is_hit(faults: &Faults, request: Matched<'_>, chance: f64) -> bool {
        faults.strike(When::Before, request, || chance).is_some()
    }

    #[test]
    fn a_fault_skips_hits_and_is_removed() {
        let faults = faults(1, Some(2), 1.0);
        let hit: Vec<_> = (0..5).map(|_| is_hit(&faults, GET, 0.0)).collect();
        assert_eq!(hit, [false, true, true, false, false]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_hits_only_what_it_matches_at_its_time() {
        let faults = faults(0, None, 1.0);
        assert!(!is_hit(
            &faults,
            Matched {
                method: "POST",
                ..GET
            },
            0.0
        ));
        assert!(faults.strike(When::After, GET, || 0.0).is_none());
        assert!(is_hit(&faults, GET, 0.0));
        assert_eq!(faults.list()[0].hits, 1);
    }

    #[test]
    fn a_fault_hits_according_to_its_probability() {
        let faults = faults(0, None, 0.25);
        assert!(is_hit(&faults, GET, 0.2));
        assert!(!is_hit(&faults, GET, 0.3));
    }
}
