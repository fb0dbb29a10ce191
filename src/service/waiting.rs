//! Waits until so many requests match.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::scope::Scope;
use super::verification::{Expected, Missed, Verification, verify};
use crate::error::Result;
use crate::testing::matching::Match;

/// What is said when too many tasks wait.
pub const CROWDED: &str = "too many tasks wait for requests already";

/// The result of waiting.
#[derive(Debug)]
pub enum Waited {
    /// Enough requests match.
    Met { count: usize },
    /// Fewer requests came in time.
    Late(Missed),
    /// Too many tasks wait already.
    Crowded,
}

/// Waits until at least so many requests match. An account that is deleted meanwhile is an error.
pub async fn wait(
    mut scope: Scope,
    matches: &Match,
    at_least: usize,
    timeout: Duration,
) -> Result<Waited> {
    let deadline = Instant::now() + timeout;
    let expected = Expected {
        at_least,
        at_most: None,
    };
    loop {
        // Subscribed before counting, so that no request is missed between counting and waiting.
        let Some(subscription) = scope.subscribe(matches.clone()) else {
            return Ok(Waited::Crowded);
        };
        loop {
            let count = scope.requests(matches).len();
            if count >= at_least {
                return Ok(Waited::Met { count });
            }
            tokio::select! {
                () = subscription.came() => {}
                () = scope.testing().end_of() => break,
                () = sleep_until(deadline) => {
                    return Ok(match verify(&scope, matches, expected) {
                        Verification::Met { count } => Waited::Met { count },
                        Verification::Missed(missed) => Waited::Late(missed),
                    });
                }
            }
        }
        // A reset begins a new journal.
        scope = scope.again()?;
    }
}
