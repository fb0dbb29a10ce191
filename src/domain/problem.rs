//! What is wrong with a request or a document, by field, so that one answer can name every mistake.

use std::fmt;

use crate::error::{Error, Result};

/// A place in a text; lines and columns begin with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

/// One mistake and the field it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the field, or a path such as `effect.status`; empty where the message is about no single field.
    pub field: String,
    /// Where it is in the text that the field holds, or that the field is part of.
    pub place: Option<Place>,
    /// A phrase that follows the name of the field: `is required`.
    pub message: String,
}

impl Problem {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            place: None,
            message: message.into(),
        }
    }

    /// A mistake that is about no single field.
    pub fn general(message: impl Into<String>) -> Self {
        Self::new("", message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.field.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// The mistakes found in one request, in the order of its fields.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    malformed: bool,
    all: Vec<Problem>,
}

impl Problems {
    /// Adds a mistake that keeps the request from being bound.
    pub fn malformed(&mut self, field: &str, message: impl Into<String>) {
        self.malformed = true;
        self.all.push(Problem::new(field, message));
    }

    /// Adds a rule that the request breaks.
    pub fn refused(&mut self, field: &str, message: impl Into<String>) {
        self.all.push(Problem::new(field, message));
    }

    /// Adds a rule that the request breaks, unless it is kept.
    pub fn refuse_unless(&mut self, kept: bool, field: &str, message: &str) {
        if !kept {
            self.refused(field, message);
        }
    }

    pub fn append(&mut self, mut more: Self) {
        self.malformed |= more.malformed;
        self.all.append(&mut more.all);
    }

    pub fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Returns an error of all mistakes: a malformed request, if one of them keeps it from being bound.
    pub fn into_result(self) -> Result<()> {
        match self {
            Self { all, .. } if all.is_empty() => Ok(()),
            Self {
                malformed: true,
                all,
            } => Err(Error::Malformed(all)),
            Self {
                malformed: false,
                all,
            } => Err(Error::Refused(all)),
        }
    }
}
