//! The crate's error type; `status` maps each error to its HTTP status.

use std::any::Any;

use crate::domain::Problem;

/// The reason why a request was not carried out. Such a request changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    UnknownPath(String),
    #[error("{0}")]
    WrongMethod(String),
    #[error("the user name or the password is not correct, or there is none")]
    Unauthenticated,
    #[error("{0} belongs to the live service and is not emulated")]
    NotEmulated(String),
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the content type must be {allowed}, not {sent}")]
    WrongType { allowed: &'static str, sent: String },
    #[error("the body has the content encoding {0}, which is not supported; send it without one")]
    WrongEncoding(String),
    #[error("the request did not arrive in time")]
    TooSlow,
    /// The request cannot be bound: one sentence for each mistake.
    #[error("{}", sentences(.0))]
    Malformed(Vec<Problem>),
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("{0}")]
    NotFound(String),
    /// The request breaks rules: one sentence for each of them.
    #[error("{}", sentences(.0))]
    Refused(Vec<Problem>),
    #[error("the emulator is starting, and not ready yet")]
    NotReady,
    /// A fault that was made, with its status.
    #[error("{0}")]
    Injected(u16),
    /// A fault of the server. Its details are logged, once.
    #[error("the server failed: {0}")]
    Failed(String),
}

/// Joins the problems into one string.
fn sentences(problems: &[Problem]) -> String {
    let all: Vec<_> = problems.iter().map(Problem::to_string).collect();
    all.join("; ")
}

impl Error {
    /// Returns the error for a mistake that keeps a request from being bound.
    pub fn malformed(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Malformed(vec![Problem::new(field, message)])
    }

    /// Returns the error for a rule that a request breaks.
    pub fn refused(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(vec![Problem::new(field, message)])
    }

    /// Returns the error for a panic, with its message.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the layers that catch panics pass them by value"
    )]
    pub fn of_panic(panic: Box<dyn Any + Send>) -> Self {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Self::Failed(format!(
            "a panic: {}",
            message.unwrap_or("without a message")
        ))
    }

    /// Returns the error for a body whose media type is not allowed; an empty `sent` means that there is none.
    pub fn wrong_type(allowed: &'static str, sent: &str) -> Self {
        let sent = if sent.is_empty() { "missing" } else { sent };
        Self::WrongType {
            allowed,
            sent: sent.to_owned(),
        }
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
