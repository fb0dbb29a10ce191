//! Faults: failures on demand, so that a client can be tried against them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::journal::{Match, Matched};

/// What is to go wrong, and when.
#[derive(Debug, Clone)]
pub struct Fault {
    pub id: u64,
    pub matches: Match,
    pub effect: Effect,
    pub when: When,
    /// So many matching requests pass first.
    pub skip: u64,
    /// After so many hits the fault is gone; without a number it stays.
    pub count: Option<u64>,
    /// How likely a matching request is struck, 0 to 1.
    pub probability: f64,
    /// How many requests matched, and how many of them were struck.
    pub seen: u64,
    pub hits: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Another answer.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Option<Value>,
    },
    /// The right answer, later.
    Delay(Duration),
    /// The connection ends without an answer.
    Reset,
    /// No answer ever comes.
    Hang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// After authentication and before anything else: the change is not made.
    #[default]
    Before,
    /// After the change was committed, in the place of its answer.
    After,
}

impl Fault {
    /// An Id that no fault of this run had before.
    pub fn new_id() -> u64 {
        static LAST: AtomicU64 = AtomicU64::new(0);

        LAST.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The faults of an account, or of the server.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whether there are any: all that most requests have to look at.
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

    /// Takes a fault away; `false` if there is none of that Id.
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

    /// The fault that strikes a request, if one does: its Id and what it does. `chance` gives numbers from 0 to 1.
    pub fn strike(
        &self,
        when: When,
        request: Matched<'_>,
        mut chance: impl FnMut() -> f64,
    ) -> Option<(u64, Effect)> {
        let mut all = self.lock();
        let at = all.iter_mut().position(|fault| {
            if fault.when != when || !fault.matches.fits(request) {
                return false;
            }
            fault.seen += 1;
            fault.seen > fault.skip && (fault.probability >= 1.0 || chance() < fault.probability)
        })?;
        let fault = &mut all[at];
        fault.hits += 1;
        let struck = (fault.id, fault.effect.clone());
        if fault.count.is_some_and(|count| fault.hits >= count) {
            all.remove(at);
            self.any.store(!all.is_empty(), Ordering::Release);
        }
        Some(struck)
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

    fn strikes(faults: &Faults, request: Matched<'_>, chance: f64) -> bool {
        faults.strike(When::Before, request, || chance).is_some()
    }

    #[test]
    fn a_fault_skips_strikes_and_is_gone() {
        let faults = faults(1, Some(2), 1.0);
        let struck: Vec<_> = (0..5).map(|_| strikes(&faults, GET, 0.0)).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_strikes_only_what_it_matches_and_when() {
        let faults = faults(0, None, 1.0);
        assert!(!strikes(
            &faults,
            Matched {
                method: "POST",
                ..GET
            },
            0.0
        ));
        assert!(faults.strike(When::After, GET, || 0.0).is_none());
        assert!(strikes(&faults, GET, 0.0));
        assert_eq!(faults.list()[0].hits, 1);
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_is_likely() {
        let faults = faults(0, None, 0.25);
        assert!(strikes(&faults, GET, 0.2));
        assert!(!strikes(&faults, GET, 0.3));
    }
}
