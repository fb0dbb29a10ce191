//! Verification: whether so many requests match, and if not, which come nearest.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::scope::Scope;
use crate::testing::journal::Entry;
use crate::testing::matching::{Criterion, Match};

/// How many requests should match.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub at_least: usize,
    pub at_most: Option<usize>,
}

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self {
                at_least,
                at_most: Some(at_most),
            } if at_least == at_most => {
                write!(formatter, "exactly {at_least}")
            }
            Self {
                at_least: 0,
                at_most: Some(at_most),
            } => write!(formatter, "at most {at_most}"),
            Self {
                at_least,
                at_most: Some(at_most),
            } => write!(formatter, "{at_least} to {at_most}"),
            Self {
                at_least,
                at_most: None,
            } => write!(formatter, "at least {at_least}"),
        }
    }
}

/// The result of a verification.
#[derive(Debug)]
pub enum Verification {
    Met { count: usize },
    Missed(Missed),
}

/// An expectation that was not met.
#[derive(Debug)]
pub struct Missed {
    pub expected: Expected,
    pub found: Vec<Arc<Entry>>,
    /// The requests that come nearest, the nearest first; none if too many matched.
    pub nearest: Vec<NearMiss>,
}

/// A request that does not match.
#[derive(Debug)]
pub struct NearMiss {
    pub entry: Arc<Entry>,
    pub differs: Vec<Difference>,
}

/// A criterion that a request does not fulfill.
#[derive(Debug)]
pub struct Difference {
    pub criterion: Criterion,
    pub expected: Value,
    pub actual: Value,
}

/// The number of requests that are named.
const NEAREST: usize = 5;

/// Checks how many requests match.
pub fn verify(scope: &Scope, matches: &Match, expected: Expected) -> Verification {
    let (found, others): (Vec<_>, Vec<_>) = scope
        .requests(&Match::default())
        .into_iter()
        .partition(|entry| matches.fits(entry.matched()));
    let count = found.len();
    let is_at_most = expected.at_most.is_none_or(|at_most| count <= at_most);
    if count >= expected.at_least && is_at_most {
        return Verification::Met { count };
    }
    let mut others: Vec<_> = if count < expected.at_least {
        let all = others.into_iter();
        all.map(|entry| (distance(matches, &entry), entry))
            .collect()
    } else {
        Vec::new()
    };
    others.sort_by_key(|(distance, entry)| (*distance, Reverse(entry.sequence)));
    let nearest = others.into_iter().take(NEAREST);
    Verification::Missed(Missed {
        expected,
        found,
        nearest: nearest
            .map(|(_, entry)| NearMiss::of(matches, entry))
            .collect(),
    })
}

/// Returns how far a request is from matching: a criterion that says which operation is meant weighs most.
fn distance(matches: &Match, entry: &Entry) -> usize {
    let differs = matches.differences(entry.matched());
    let weights = differs.map(|criterion| match criterion {
        Criterion::Path => {
            let path = matches.path.as_deref().unwrap_or_default();
            let differing = path.split('/').zip(entry.path.split('/'));
            let differing =
                differing.filter(|(one, other)| *one != "*" && !one.eq_ignore_ascii_case(other));
            let length = |path: &str| path.split('/').count();
            2 + differing.count() + length(path).abs_diff(length(&entry.path))
        }
        Criterion::OperationId => 4,
        Criterion::Method => 3,
        _ => 1,
    });
    weights.sum()
}

impl NearMiss {
    fn of(matches: &Match, entry: Arc<Entry>) -> Self {
        let request = entry.matched();
        let differs = matches.differences(request).map(|criterion| Difference {
            criterion,
            expected: matches.expected(criterion),
            actual: request.actual(criterion),
        });
        Self {
            differs: differs.collect(),
            entry,
        }
    }
}

impl Missed {
    /// Returns what was expected and what came: a sentence for the number of requests, and one for each request that comes near.
    /// If too many matched, the latest of them are named instead.
    pub fn sentences(&self) -> Vec<String> {
        let count = self.found.len();
        let (requests, verb) = match count {
            1 => ("request", "matches"),
            _ => ("requests", "match"),
        };
        let mut sentences = vec![format!(
            "{count} {requests} {verb}, and {} should",
            self.expected
        )];
        let name = |entry: &Entry| {
            format!(
                "request {}, {} {}",
                entry.sequence, entry.method, entry.path
            )
        };
        if count < self.expected.at_least {
            sentences.extend(self.nearest.iter().map(|NearMiss { entry, differs }| {
                let differs: Vec<_> = differs.iter().map(Difference::to_string).collect();
                format!("{}, comes near: {}", name(entry), differs.join(", "))
            }));
        } else {
            let latest = self.found.iter().rev().take(NEAREST);
            sentences.extend(latest.map(|entry| format!("{}, matches", name(entry))));
        }
        sentences
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            criterion,
            expected,
            actual,
        } = self;
        let name: &'static str = criterion.into();
        match criterion {
            // It has no value of its own to be compared with.
            Criterion::Text => write!(formatter, "{name} {expected} does not occur"),
            _ => write!(formatter, "{name} is {}, not {expected}", short(actual)),
        }
    }
}

/// Writes a value, of which a long one is truncated.
fn short(value: &Value) -> String {
    const MAX_LENGTH: usize = 200;
    let mut text = value.to_string();
    if text.len() > MAX_LENGTH {
        text.truncate(text.floor_char_boundary(MAX_LENGTH));
        text.push('…');
    }
    text
}
