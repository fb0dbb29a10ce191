//! The clock of an account or of the server: frozen, moved on, let go.

use super::scope::Scope;
use crate::domain::Moment;
use crate::error::{Error, Result};
use crate::system;
use crate::testing::Clock;
use crate::testing::clock::Period;

/// The clock that counts: an account's own, or the server's.
pub fn of(scope: &Scope) -> Clock {
    let server = || scope.all.beside.clock();
    scope.beside().clock().or_else(server).unwrap_or_default()
}

/// Stops the clock at a date and time; nothing stands for now.
pub fn freeze(scope: &Scope, at: Option<&str>) -> Result<()> {
    let at = at
        .map(|at| moment("at", at))
        .transpose()?
        .unwrap_or_else(|| scope.now());
    scope.beside().set_clock(Some(Clock::Frozen(at)));
    Ok(())
}

/// Moves the clock on `by` an ISO 8601 duration or `to` a date and time.
pub fn advance(scope: &Scope, by: Option<&str>, to: Option<&str>) -> Result<()> {
    let server = scope.slot.as_ref().and_then(|_| scope.all.beside.clock());
    scope.beside().move_clock(|own| {
        let (clock, system) = (own.or(server).unwrap_or_default(), system::time());
        let now = clock.now(system);
        let to = match (by, to) {
            (Some(by), None) => by
                .parse()
                .and_then(|period: Period| period.after(now))
                .map_err(|message| Error::malformed("by", message))?,
            (None, Some(to)) => moment("to", to)?,
            _ => {
                return Err(Error::malformed(
                    "",
                    "say either by (an ISO 8601 duration) or to (a date and time)",
                ));
            }
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

/// Gives an account the clock of the server again, and the server that of the system.
pub fn resume(scope: &Scope) {
    scope.beside().set_clock(None);
}

fn moment(field: &str, text: &str) -> Result<Moment> {
    text.parse()
        .map_err(|message| Error::malformed(field, message))
}
