//! Faults: failures and answers on demand, for testing how clients handle them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::matching::{Match, Matched, Reach, UNKNOWN};
use crate::domain::AccountId;

/// The number of faults that an account, or the server, may have.
const MAX_FAULTS: usize = 10_000;

/// The number of bytes that their bodies may have together.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The number of requests that a fault remembers.
const MAX_REQUESTS: usize = 1000;

/// What a fault is, as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub name: Option<String>,
    pub matches: Match,
    pub effect: Effect,
    pub when: When,
    /// The number of matching requests that are skipped first.
    pub skip: u64,
    /// The number of hits after which the fault is spent; without one, it never is.
    pub count: Option<u64>,
    /// The probability that a matching request is hit, from 0 to 1.
    pub probability: f64,
    /// The seed of the random numbers that decide it, so that a run can be repeated.
    pub seed: u64,
    pub enabled: bool,
}

/// A fault, and what it did.
#[derive(Debug, Clone)]
pub struct Fault {
    pub id: u64,
    pub definition: Definition,
    /// The number of requests that were hit.
    pub hits: u64,
    /// The latest of them.
    pub requests: VecDeque<Struck>,
    /// The number of requests that matched.
    seen: u64,
    random: Xoshiro256PlusPlus,
}

/// A request that a fault has struck.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Struck {
    /// Its number in the journal.
    pub sequence: u64,
    /// Whether its change was committed.
    pub committed: bool,
}

/// What happens to a request that is hit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effect {
    /// The time by which everything else is delayed.
    pub delay: Option<Duration>,
    /// What becomes of the response; `None` leaves it as it is.
    pub end: Option<End>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Another response is sent.
    Answer(Answer),
    /// The connection is reset without a response.
    Reset,
    /// No response is ever sent.
    Hang,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Without one, an error status has the error body of the API.
    pub body: Option<Value>,
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
    fn new(definition: Definition) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);

        Self {
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
            random: Xoshiro256PlusPlus::seed_from_u64(definition.seed),
            definition,
            hits: 0,
            requests: VecDeque::new(),
            seen: 0,
        }
    }

    /// Returns whether the fault has hit as often as it was to.
    pub fn is_spent(&self) -> bool {
        let count = self.definition.count;
        count.is_some_and(|count| self.hits >= count)
    }

    /// Returns whether the fault can strike.
    fn is_waiting(&self) -> bool {
        self.definition.enabled && !self.is_spent()
    }

    /// Returns whether the fault strikes a request, which it counts.
    fn strikes(&mut self, when: When, request: Matched<'_>) -> bool {
        let Definition {
            matches,
            skip,
            probability,
            ..
        } = &self.definition;
        if self.definition.when != when || !self.is_waiting() || !matches.fits(request) {
            return false;
        }
        self.seen += 1;
        let is_hit = self.seen > *skip
            && (*probability >= 1.0 || self.random.random::<f64>() < *probability);
        self.hits += u64::from(is_hit);
        is_hit
    }

    /// Returns the operations by which this is found; `None` stands for any.
    fn operations(&self) -> Vec<Option<&'static str>> {
        match &self.definition.matches.reach {
            Reach::Any => vec![None],
            Reach::Only(operations) => operations.iter().copied().map(Some).collect(),
        }
    }

    /// Returns whether this answers for the operation, as it would with valid credentials.
    fn is_canned(&self) -> bool {
        let end = &self.definition.effect.end;
        matches!(end, Some(End::Answer(answer)) if answer.status < 400)
    }

    fn bytes(&self) -> usize {
        match &self.definition.effect.end {
            Some(End::Answer(Answer {
                body: Some(body), ..
            })) => body.to_string().len(),
            _ => 0,
        }
    }
}

/// The faults that strike a request, and what they do together: their delays add up, and the first of them that decides what
/// becomes of the response ends the search.
#[derive(Debug, Default)]
pub struct Strike {
    pub ids: Vec<u64>,
    /// The fault that decides what becomes of the response, or the first that delays it.
    pub decisive: Option<u64>,
    pub effect: Effect,
    /// Whether there is an answer that the credentials of the request do not suffice for.
    pub is_refused: bool,
}

/// What the faults that may strike an operation want to know of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interest {
    pub before: bool,
    pub after: bool,
    /// Whether it depends on the body of the request.
    pub in_body: bool,
}

impl Interest {
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            before: self.before || other.before,
            after: self.after || other.after,
            in_body: self.in_body || other.in_body,
        }
    }
}

/// The error when a fault is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TooMany {
    #[error("there are {MAX_FAULTS} faults, and no more can be made; delete some")]
    Faults,
    #[error("the bodies of all faults have more than {MAX_BYTES} bytes together")]
    Bytes,
}

/// The faults of an account, or of the server.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whether any fault waits. Most requests check nothing else.
    any: AtomicBool,
    all: Mutex<All>,
    /// Those that the server began with, and begins with again after a reset.
    initial: OnceLock<Arc<[Definition]>>,
}

#[derive(Debug, Default)]
struct All {
    by_id: BTreeMap<u64, Fault>,
    /// The faults that wait, by the operations that they may strike.
    waiting: HashMap<Option<&'static str>, BTreeSet<u64>>,
    bytes: usize,
}

impl Faults {
    /// Adds the faults that the server begins with.
    pub fn begin_with(&self, definitions: Vec<Definition>) -> Result<(), TooMany> {
        for definition in &definitions {
            self.add(definition.clone())?;
        }
        self.initial.get_or_init(|| definitions.into());
        Ok(())
    }

    /// Returns the faults that the server began with, none of which has hit yet.
    pub fn anew(&self) -> Self {
        let faults = Self::default();
        if let Some(initial) = self.initial.get() {
            for definition in &**initial {
                faults.change(|all| all.put(Fault::new(definition.clone())));
            }
            faults.initial.get_or_init(|| Arc::clone(initial));
        }
        faults
    }

    pub fn add(&self, definition: Definition) -> Result<Fault, TooMany> {
        let fault = Fault::new(definition);
        self.change(|all| {
            all.make_room(&fault, 0)?;
            all.put(fault.clone());
            Ok(fault)
        })
    }

    /// Returns all faults, the oldest first.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().by_id.values().cloned().collect()
    }

    /// Returns the number of faults that wait for a request, of an account with a label if one is given.
    pub fn waiting(&self, account: Option<AccountId>, label: Option<&str>) -> usize {
        let all = self.lock();
        let may_strike = |fault: &&Fault| {
            let matches = &fault.definition.matches;
            let is_of = matches
                .account
                .is_none_or(|of| account.is_none_or(|is| of == is));
            let has = matches
                .label
                .as_ref()
                .is_none_or(|of| label.is_none_or(|is| of == is));
            fault.is_waiting() && is_of && has
        };
        all.by_id.values().filter(may_strike).count()
    }

    pub fn get(&self, id: u64) -> Option<Fault> {
        self.lock().by_id.get(&id).cloned()
    }

    /// Redefines a fault, which keeps what it did. Another seed begins its random numbers anew.
    pub fn redefine(&self, id: u64, definition: Definition) -> Result<Option<Fault>, TooMany> {
        self.change(|all| {
            let Some(mut fault) = all.by_id.get(&id).cloned() else {
                return Ok(None);
            };
            let before = fault.bytes();
            if fault.definition.seed != definition.seed {
                fault.random = Xoshiro256PlusPlus::seed_from_u64(definition.seed);
            }
            fault.definition = definition;
            all.make_room(&fault, before)?;
            all.remove(id);
            all.put(fault.clone());
            Ok(Some(fault))
        })
    }

    /// Removes a fault. Returns `false` if there is none with that Id.
    pub fn remove(&self, id: u64) -> bool {
        self.change(|all| all.remove(id)).is_some()
    }

    pub fn clear(&self) {
        self.change(|all| *all = All::default());
    }

    /// Returns whether no fault waits for a request.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Returns what the faults want to know that may strike an operation; `None` if there are none.
    pub fn interest(&self, operation_id: Option<&'static str>) -> Option<Interest> {
        if self.is_empty() {
            return None;
        }
        let all = self.lock();
        let ids = all.candidates(operation_id);
        let faults = ids.filter_map(|id| all.by_id.get(&id));
        let interests = faults.map(|fault| Interest {
            before: fault.definition.when == When::Before,
            after: fault.definition.when == When::After,
            in_body: fault.definition.matches.needs_body(),
        });
        interests.reduce(Interest::with)
    }

    /// Adds the faults to a strike that hit a request. Canned answers need a request that is admitted: its credentials are valid,
    /// or none are asked for.
    pub fn strike(&self, when: When, request: Matched<'_>, is_admitted: bool, strike: &mut Strike) {
        let mut all = self.lock();
        let operation_id = request.operation_id;
        let mut candidates: Vec<_> = all.candidates(operation_id).collect();
        candidates.sort_unstable();
        for id in candidates {
            if strike.effect.end.is_some() {
                break;
            }
            let Some(fault) = all.by_id.get_mut(&id) else {
                continue;
            };
            if fault.is_canned() && !is_admitted {
                strike.is_refused |= fault.is_waiting() && fault.definition.matches.fits(request);
                continue;
            }
            if !fault.strikes(when, request) {
                continue;
            }
            strike.ids.push(id);
            let Effect { delay, end } = &fault.definition.effect;
            if let Some(delay) = delay {
                *strike.effect.delay.get_or_insert_default() += *delay;
            }
            if end.is_some() || strike.decisive.is_none() {
                strike.decisive = Some(id);
            }
            strike.effect.end.clone_from(end);
            if fault.is_spent() {
                let fault = fault.clone();
                all.unlist(&fault);
            }
        }
        let is_any = !all.waiting.is_empty();
        self.any.store(is_any, Ordering::Release);
    }

    /// Adds a request to those that a fault has hit. Returns `false` if the fault is not one of these.
    pub fn record(&self, id: u64, request: Struck) -> bool {
        let mut all = self.lock();
        let Some(fault) = all.by_id.get_mut(&id) else {
            return false;
        };
        if fault.requests.len() == MAX_REQUESTS {
            fault.requests.pop_front();
        }
        fault.requests.push_back(request);
        true
    }

    fn change<T>(&self, change: impl FnOnce(&mut All) -> T) -> T {
        let mut all = self.lock();
        let changed = change(&mut all);
        self.any.store(!all.waiting.is_empty(), Ordering::Release);
        changed
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// Returns the Ids of the faults that may strike an operation.
    fn candidates<'a>(&'a self, operation_id: Option<&'a str>) -> impl Iterator<Item = u64> + 'a {
        let own = Some(operation_id.unwrap_or(UNKNOWN));
        let found = [self.waiting.get(&None), self.waiting.get(&own)];
        found.into_iter().flatten().flatten().copied()
    }

    fn put(&mut self, fault: Fault) {
        if fault.is_waiting() {
            for operation in fault.operations() {
                self.waiting.entry(operation).or_default().insert(fault.id);
            }
        }
        self.bytes += fault.bytes();
        self.by_id.insert(fault.id, fault);
    }

    fn remove(&mut self, id: u64) -> Option<Fault> {
        let fault = self.by_id.remove(&id)?;
        self.bytes -= fault.bytes();
        self.unlist(&fault);
        Some(fault)
    }

    /// Takes a fault out of those that wait.
    fn unlist(&mut self, fault: &Fault) {
        for operation in fault.operations() {
            if let Some(waiting) = self.waiting.get_mut(&operation) {
                waiting.remove(&fault.id);
                if waiting.is_empty() {
                    self.waiting.remove(&operation);
                }
            }
        }
    }

    /// Checks that a fault can be added, or take the place of one whose body has some bytes.
    fn make_room(&self, fault: &Fault, before: usize) -> Result<(), TooMany> {
        if self.bytes - before + fault.bytes() > MAX_BYTES {
            return Err(TooMany::Bytes);
        }
        if self.by_id.len() >= MAX_FAULTS && !self.by_id.contains_key(&fault.id) {
            return Err(TooMany::Faults);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Definition, Effect, End, Faults, Strike, When};
    use crate::testing::matching::{Match, Matched};

    const GET: Matched<'static> = Matched {
        method: "GET",
        path: "/v4/Operator",
        query: None,
        operation_id: None,
        user_name: None,
        account: None,
        label: None,
        status: None,
        reasons: &[],
        body: None,
        response_body: None,
    };

    fn faults(skip: u64, count: Option<u64>, probability: f64) -> Faults {
        let matches = Match {
            method: Some("get".to_owned()),
            ..Match::default()
        };
        let faults = Faults::default();
        let definition = Definition {
            name: None,
            matches,
            effect: Effect {
                delay: None,
                end: Some(End::Hang),
            },
            when: When::Before,
            skip,
            count,
            probability,
            seed: 7,
            enabled: true,
        };
        faults.add(definition).unwrap();
        faults
    }

    fn is_hit(faults: &Faults, when: When, request: Matched<'_>) -> bool {
        let mut strike = Strike::default();
        faults.strike(when, request, true, &mut strike);
        !strike.ids.is_empty()
    }

    #[test]
    fn a_fault_skips_hits_and_is_spent() {
        let faults = faults(1, Some(2), 1.0);
        let hit: Vec<_> = (0..5).map(|_| is_hit(&faults, When::Before, GET)).collect();
        assert_eq!(hit, [false, true, true, false, false]);
        assert!(faults.list()[0].is_spent());
        assert!(faults.interest(None).is_none());
    }

    #[test]
    fn a_fault_hits_only_what_it_matches_at_its_time() {
        let faults = faults(0, None, 1.0);
        let post = Matched {
            method: "POST",
            ..GET
        };
        assert!(!is_hit(&faults, When::Before, post));
        assert!(!is_hit(&faults, When::After, GET));
        assert!(is_hit(&faults, When::Before, GET));
        assert_eq!(faults.list()[0].hits, 1);
    }

    #[test]
    fn the_seed_decides_which_requests_are_hit() {
        let run = || {
            let faults = faults(0, None, 0.25);
            (0..1000)
                .map(|_| is_hit(&faults, When::Before, GET))
                .collect::<Vec<_>>()
        };
        let hits = run().iter().filter(|is_hit| **is_hit).count();
        assert!((200..300).contains(&hits), "{hits}");
        assert_eq!(run(), run());
    }
}
