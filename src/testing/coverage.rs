//! Coverage: which operations were called since the start, and what became of the requests. It belongs to the test suite rather
//! than to an account, so it outlives the journal's limits, resets and deleted accounts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::journal::Entry;
use crate::domain::{AccountId, Problem};

/// The number of accounts, and of labels, that are counted on their own. Beyond it, the tenth of the accounts that was used least
/// recently is added to its labels, and that of the labels to the server: so many at once, since finding them takes a while.
const MAX_COUNTED: usize = 10_000;

/// The number of different requests that no operation has, in one sum; further ones are counted together.
const MAX_UNKNOWN: usize = 100;

/// The number of them in all sums.
const MAX_ALL_UNKNOWN: usize = 10_000;

/// The counts of a server. All sums are made when they are read.
#[derive(Debug, Default)]
pub struct Coverage(Mutex<Counts>);

/// Which requests a sum is about.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    All,
    Account(AccountId),
    Label(&'a str),
}

#[derive(Debug)]
struct Counts {
    /// `None` stands for requests whose credentials name no account.
    accounts: BTreeMap<Option<AccountId>, Counted>,
    /// The accounts with a label that are not counted on their own any more.
    labels: BTreeMap<String, Counted>,
    /// The accounts without one, and those of labels that are not counted on their own any more.
    others: Tally,
    /// The number of requests, which tells when an account was used.
    time: u64,
    /// The greatest number of an account that was added to its label for lack of room.
    greatest_added: Option<AccountId>,
    /// Whether a label was added to the others for lack of room.
    is_label_added: bool,
    /// The number of further requests that no operation has that can be kept.
    room: usize,
}

#[derive(Debug, Default)]
struct Counted {
    label: Option<String>,
    last_used: u64,
    /// Whether some of its requests may be counted elsewhere.
    is_partial: bool,
    tally: Tally,
}

/// What became of some requests.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub operations: BTreeMap<&'static str, Outcomes>,
    /// The requests that no operation has, by method and path.
    pub unknown: BTreeMap<(String, String), u64>,
    /// Further ones.
    pub other_unknown: u64,
}

/// What became of the requests of one operation.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// The number of responses with each status; `None` stands for a request without a response.
    pub statuses: BTreeMap<Option<u16>, u64>,
    /// The number of responses with a status that complain of each field.
    pub fields: BTreeMap<(u16, String), u64>,
    /// The number of requests that a fault struck before they were carried out.
    pub struck_before: u64,
    /// The number of requests that a fault struck afterwards.
    pub struck_after: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            labels: BTreeMap::new(),
            others: Tally::default(),
            time: 0,
            greatest_added: None,
            is_label_added: false,
            room: MAX_ALL_UNKNOWN,
        }
    }
}

impl Coverage {
    /// Counts a request, and whether a fault struck it before or after it was carried out.
    pub fn record(&self, entry: &Entry, is_struck_before: bool, is_struck_after: bool) {
        let mut counts = self.lock();
        let (tally, room) = counts.tally_of(entry.account, entry.label.as_deref());
        let Some(operation_id) = entry.operation_id else {
            let request = (entry.method.to_string(), entry.path.clone());
            return tally.add_unknown(request, 1, MAX_UNKNOWN, room);
        };
        let outcomes = tally.operations.entry(operation_id).or_default();
        *outcomes.statuses.entry(entry.status).or_default() += 1;
        outcomes.struck_before += u64::from(is_struck_before);
        outcomes.struck_after += u64::from(is_struck_after);
        if let Some(status @ (400 | 403)) = entry.status {
            for field in fields(&entry.reasons) {
                *outcomes.fields.entry((status, field)).or_default() += 1;
            }
        }
    }

    /// Returns the sum of some requests, and whether a part of it may be counted elsewhere.
    pub fn sum(&self, which: Which<'_>) -> (Tally, bool) {
        let counts = self.lock();
        let mut sum = Tally::default();
        // What is most frequent in the sum is known once it is complete.
        let mut add = |tally: &Tally| sum.add(tally, usize::MAX, &mut { usize::MAX });
        let mut is_partial = false;
        match which {
            Which::All => {
                let counted = counts.accounts.values().chain(counts.labels.values());
                counted.for_each(|counted| add(&counted.tally));
                add(&counts.others);
            }
            Which::Account(account) => match counts.accounts.get(&Some(account)) {
                Some(counted) => {
                    is_partial = counted.is_partial;
                    add(&counted.tally);
                }
                None => is_partial = counts.may_be_added(Some(account)),
            },
            Which::Label(label) => {
                let accounts = counts.accounts.values();
                let accounts = accounts.filter(|counted| counted.label.as_deref() == Some(label));
                let counted = accounts.chain(counts.labels.get(label));
                counted.for_each(|counted| add(&counted.tally));
                is_partial = counts.is_label_added;
            }
        }
        drop(counts);
        sum.limit_unknown();
        (sum, is_partial)
    }

    /// Forgets some requests.
    pub fn clear(&self, which: Which<'_>) {
        let mut counts = self.lock();
        match which {
            Which::All => *counts = Counts::default(),
            Which::Account(account) => {
                counts.accounts.remove(&Some(account));
            }
            Which::Label(label) => {
                counts.labels.remove(label);
                counts
                    .accounts
                    .retain(|_, counted| counted.label.as_deref() != Some(label));
            }
        }
        counts.room = MAX_ALL_UNKNOWN.saturating_sub(counts.unknown());
    }

    /// Returns the labels of which requests were counted.
    pub fn labels(&self) -> BTreeSet<String> {
        let counts = self.lock();
        let accounts = counts.accounts.values();
        let labels = accounts.filter_map(|counted| counted.label.clone());
        labels.chain(counts.labels.keys().cloned()).collect()
    }

    /// Adds what was counted for the number of an account to its label, since another account has the number from now on.
    pub fn renew(&self, account: AccountId) {
        let mut counts = self.lock();
        if let Some(counted) = counts.accounts.remove(&Some(account)) {
            counts.add_to_label(counted);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Returns the tally of an account, and how many further unknown requests can be kept.
    fn tally_of(
        &mut self,
        account: Option<AccountId>,
        label: Option<&str>,
    ) -> (&mut Tally, &mut usize) {
        self.time += 1;
        let is_same = |counted: &Counted| counted.label.as_deref() == label;
        if !self.accounts.get(&account).is_some_and(is_same) {
            // The last requests of a deleted account may come after the first of another with its number.
            if let Some(other) = self.accounts.remove(&account) {
                self.add_to_label(other);
            } else if self.accounts.len() >= MAX_COUNTED {
                self.make_room();
            }
            let counted = Counted {
                label: label.map(str::to_owned),
                is_partial: self.may_be_added(account),
                ..Counted::default()
            };
            self.accounts.insert(account, counted);
        }
        let counted = self.accounts.entry(account).or_default();
        counted.last_used = self.time;
        (&mut counted.tally, &mut self.room)
    }

    /// Returns whether requests of an account may have been added to its label for lack of room.
    fn may_be_added(&self, account: Option<AccountId>) -> bool {
        account.is_some() && account <= self.greatest_added
    }

    /// Adds the accounts that were used least recently to their labels.
    fn make_room(&mut self) {
        let accounts = self.accounts.iter();
        for account in least_recent(accounts.filter(|(account, _)| account.is_some())) {
            self.greatest_added = self.greatest_added.max(account);
            if let Some(counted) = self.accounts.remove(&account) {
                self.add_to_label(counted);
            }
        }
    }

    fn add_to_label(&mut self, counted: Counted) {
        self.room += counted.tally.unknown.len();
        let sum = match counted.label {
            Some(label) => self.labels.entry(label).or_default(),
            None => return self.others.add(&counted.tally, MAX_UNKNOWN, &mut self.room),
        };
        sum.last_used = sum.last_used.max(counted.last_used);
        sum.tally.add(&counted.tally, MAX_UNKNOWN, &mut self.room);
        if self.labels.len() > MAX_COUNTED {
            for label in least_recent(self.labels.iter()) {
                if let Some(Counted { tally, .. }) = self.labels.remove(&label) {
                    self.is_label_added = true;
                    self.room += tally.unknown.len();
                    self.others.add(&tally, MAX_UNKNOWN, &mut self.room);
                }
            }
        }
    }

    /// Returns the number of different requests that no operation has, in all sums.
    fn unknown(&self) -> usize {
        let counted = self.accounts.values().chain(self.labels.values());
        let counted: usize = counted.map(|counted| counted.tally.unknown.len()).sum();
        counted + self.others.unknown.len()
    }
}

impl Tally {
    fn add(&mut self, other: &Self, max_unknown: usize, room: &mut usize) {
        for (id, other) in &other.operations {
            let own = self.operations.entry(id).or_default();
            for (status, times) in &other.statuses {
                *own.statuses.entry(*status).or_default() += times;
            }
            for (field, times) in &other.fields {
                *own.fields.entry(field.clone()).or_default() += times;
            }
            own.struck_before += other.struck_before;
            own.struck_after += other.struck_after;
        }
        for (request, times) in &other.unknown {
            self.add_unknown(request.clone(), *times, max_unknown, room);
        }
        self.other_unknown += other.other_unknown;
    }

    /// Counts requests that no operation has, on their own if there is room for it.
    fn add_unknown(
        &mut self,
        request: (String, String),
        times: u64,
        max_unknown: usize,
        room: &mut usize,
    ) {
        if let Some(counted) = self.unknown.get_mut(&request) {
            *counted += times;
        } else if self.unknown.len() < max_unknown && *room > 0 {
            *room -= 1;
            self.unknown.insert(request, times);
        } else {
            self.other_unknown += times;
        }
    }

    /// Counts only the most frequent unknown requests on their own.
    fn limit_unknown(&mut self) {
        let mut all: Vec<_> = mem::take(&mut self.unknown).into_iter().collect();
        all.sort_by_key(|(_, times)| Reverse(*times));
        let others = all.split_off(all.len().min(MAX_UNKNOWN));
        self.other_unknown += others.iter().map(|(_, times)| times).sum::<u64>();
        self.unknown = all.into_iter().collect();
    }
}

/// Returns the keys of the tenth that was used least recently.
fn least_recent<'a, K: Clone + 'a>(all: impl Iterator<Item = (&'a K, &'a Counted)>) -> Vec<K> {
    let mut all: Vec<_> = all.collect();
    let tenth = all.len() / 10;
    all.select_nth_unstable_by_key(tenth, |(_, counted)| counted.last_used);
    all[..tenth].iter().map(|(key, _)| (*key).clone()).collect()
}

/// Returns the fields that a response complains of, the items of a list as one: `Authorizations[]`. Their names are those of the
/// API, whatever the client sent.
fn fields(reasons: &[Problem]) -> BTreeSet<String> {
    let named = reasons.iter().filter(|reason| !reason.field.is_empty());
    named
        .map(|reason| {
            let mut parts = reason.field.split('[');
            let mut field = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
                field.extend(["[", rest]);
            }
            field
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Coverage, MAX_COUNTED, MAX_UNKNOWN, Which, fields};
    use crate::domain::{AccountId, Problem};
    use crate::testing::journal::Entry;

    fn entry(account: usize, label: Option<&str>, operation_id: Option<&'static str>) -> Entry {
        Entry {
            path: format!("/v4/{account}"),
            operation_id,
            account: Some(id(account)),
            label: label.map(str::to_owned),
            ..Entry::example()
        }
    }

    fn id(account: usize) -> AccountId {
        account.to_string().parse().unwrap()
    }

    fn calls(coverage: &Coverage, which: Which<'_>) -> (u64, bool) {
        let (tally, is_partial) = coverage.sum(which);
        let outcomes = tally.operations.values();
        let calls = outcomes.flat_map(|outcomes| outcomes.statuses.values());
        (calls.sum(), is_partial)
    }

    #[test]
    fn the_accounts_that_were_used_least_recently_are_added_to_their_labels() {
        let coverage = Coverage::default();
        let get = Some("Operator_GetOperator");
        for account in 0..MAX_COUNTED {
            coverage.record(&entry(account, Some("suite"), get), false, false);
        }
        coverage.record(&entry(0, Some("suite"), get), false, false);
        for account in MAX_COUNTED..MAX_COUNTED + 2 {
            coverage.record(&entry(account, None, get), false, false);
        }
        assert_eq!(calls(&coverage, Which::Account(id(0))), (2, false));
        assert_eq!(calls(&coverage, Which::Account(id(1))), (0, true));
        let added = MAX_COUNTED / 10;
        assert_eq!(calls(&coverage, Which::Account(id(added))), (0, true));
        assert_eq!(calls(&coverage, Which::Account(id(added + 1))), (1, false));
        assert_eq!(
            calls(&coverage, Which::Account(id(MAX_COUNTED))),
            (1, false)
        );
        let all = MAX_COUNTED as u64;
        assert_eq!(calls(&coverage, Which::Label("suite")), (all + 1, false));
        assert_eq!(calls(&coverage, Which::All), (all + 3, false));
        coverage.record(&entry(1, Some("suite"), get), false, false);
        assert_eq!(calls(&coverage, Which::Account(id(1))), (1, true));
        assert_eq!(calls(&coverage, Which::All), (all + 4, false));
        coverage.clear(Which::Label("suite"));
        assert_eq!(calls(&coverage, Which::All), (2, false));
    }

    #[test]
    fn labels_beyond_the_limit_are_added_to_the_server() {
        let coverage = Coverage::default();
        let get = Some("Operator_GetOperator");
        for label in 0..=MAX_COUNTED {
            coverage.record(&entry(7, Some(&label.to_string()), get), false, false);
        }
        coverage.record(&entry(7, None, get), false, false);
        let added = MAX_COUNTED / 10;
        assert_eq!(coverage.labels().len(), MAX_COUNTED + 1 - added);
        let of_label = |label: usize| calls(&coverage, Which::Label(&label.to_string()));
        assert_eq!(of_label(added), (1, true));
        assert_eq!(of_label(added - 1), (0, true));
        assert_eq!(
            calls(&coverage, Which::All),
            (MAX_COUNTED as u64 + 2, false)
        );
        assert_eq!(calls(&coverage, Which::Account(id(7))), (1, false));
    }

    #[test]
    fn the_memory_for_unknown_requests_is_limited() {
        let coverage = Coverage::default();
        for account in 0..=MAX_COUNTED / MAX_UNKNOWN {
            for path in 0..=MAX_UNKNOWN {
                let mut entry = entry(account, None, None);
                entry.path = format!("/v4/{path}");
                coverage.record(&entry, false, false);
            }
        }
        let (all, _) = coverage.sum(Which::All);
        assert_eq!(all.unknown.len(), MAX_UNKNOWN);
        let counted = all.unknown.values().sum::<u64>() + all.other_unknown;
        assert_eq!(
            counted,
            ((MAX_UNKNOWN + 1) * (MAX_COUNTED / MAX_UNKNOWN + 1)) as u64
        );
        let last = Which::Account(id(MAX_COUNTED / MAX_UNKNOWN));
        assert_eq!(coverage.sum(last).0.unknown.len(), 0);
        coverage.clear(Which::Account(id(0)));
        coverage.record(&entry(0, None, None), false, false);
        assert_eq!(coverage.sum(Which::Account(id(0))).0.unknown.len(), 1);
    }

    #[test]
    fn the_items_of_a_list_are_one_field_and_count_once() {
        let problem = |field| Problem::new(field, "is wrong");
        let reasons = [
            problem("Email"),
            problem("Authorizations[2]"),
            problem("Authorizations[13]"),
            problem("a[1].b[0].c"),
            problem(""),
        ];
        let fields: Vec<_> = fields(&reasons).into_iter().collect();
        assert_eq!(fields, ["Authorizations[]", "Email", "a[].b[].c"]);
    }
}
