//! Freezes, advances and resumes the clock of an account or of the server.

use super::scope::Scope;
use crate::domain::Moment;
use crate::error::{Error, Result};
use crate::system;
use crate::testing::Clock;
use crate::testing::clock::Period;

/// Returns the clock that applies to a scope: the account's own, or else the server's.
pub fn of(scope: &Scope) -> Clock {
    let server = || scope.all.testing.clock();
    scope.testing().clock().or_else(server).unwrap_or_default()
}

/// Freezes the clock at a date and time, or at the current time.
pub fn freeze(scope: &Scope, at: Option<Moment>) {
    let at = at.unwrap_or_else(|| scope.now());
    scope.testing().set_clock(Some(Clock::Frozen(at)));
}

/// The amount or the target of a clock change.
#[derive(Debug, Clone, Copy)]
pub enum Advance {
    By(Period),
    To(Moment),
}

/// Moves the clock forward.
pub fn advance(scope: &Scope, advance: Advance) -> Result<()> {
    let server = scope
        .tenant
        .as_ref()
        .and_then(|_| scope.all.testing.clock());
    scope.testing().move_clock(|own| {
        let (clock, system) = (own.or(server).unwrap_or_default(), system::time());
        let now = clock.now(system);
        let to = match advance {
            Advance::By(period) => {
                let later = period.after(now);
                later.map_err(|message| Error::malformed("by", message))?
            }
            Advance::To(to) => to,
        };
        if to < now {
            return Err(Error::malformed(
                "to",
                format!("{to} lies before {now}; freeze the clock to go back"),
            ));
        }
        Ok(clock.set(to, system))
    })
}

/// Resets the clock of an account to that of the server, and the clock of the server to that of the system.
pub fn resume(scope: &Scope) {
    scope.testing().set_clock(None);
}
