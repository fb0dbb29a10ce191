//! The problems of a request or a document, by field, so that one response can report every mistake.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// The position of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a text; lines and columns start at 1.
    Text { line: usize, column: usize },
    /// In an object, as its `number`-th value, by a path such as `accounts[0].Name`.
    Object { number: usize, path: Arc<str> },
}

impl Default for Place {
    fn default() -> Self {
        Self::Text { line: 1, column: 1 }
    }
}

/// Writes a phrase that follows a noun: `the operator in line 4`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { line, .. } => write!(f, "in line {line}"),
            Self::Object { path, .. } => write!(f, "at {path}"),
        }
    }
}

/// One mistake and the field it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the field, or a path such as `effect.status`; empty where the message is about no single field.
    pub field: String,
    /// The position of the field, or of the object that lacks it; `None` where the name of the field is enough.
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

    /// Creates a problem that is about no single field.
    pub fn general(message: impl Into<String>) -> Self {
        Self::new("", message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if let Some(Place::Text { line, column }) = self.place {
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
    /// Adds a problem as it is.
    pub fn add(&mut self, problem: Problem, malformed: bool) {
        self.malformed |= malformed;
        self.all.push(problem);
    }

    /// Adds a mistake that keeps the request from being bound.
    pub fn malformed(&mut self, field: &str, message: impl Into<String>) {
        self.malformed = true;
        self.all.push(Problem::new(field, message));
    }

    /// Adds a rule that the request breaks.
    pub fn refused(&mut self, field: &str, message: impl Into<String>) {
        self.all.push(Problem::new(field, message));
    }

    /// Adds a rule that the request breaks, unless `is_satisfied`.
    pub fn refuse_unless(&mut self, is_satisfied: bool, field: &str, message: &str) {
        if !is_satisfied {
            self.refused(field, message);
        }
    }

    pub fn append(&mut self, mut more: Self) {
        self.malformed |= more.malformed;
        self.all.append(&mut more.all);
    }

    /// Prefixes the names of the fields with that of the field that contains them.
    pub fn prefix(&mut self, name: &str) {
        for Problem { field, .. } in &mut self.all {
            let dot = if field.is_empty() { "" } else { "." };
            *field = format!("{name}{dot}{field}");
        }
    }

    /// Sets the position of each problem, by its field.
    pub fn locate(&mut self, place_of: impl Fn(&str) -> Option<Place>) {
        for problem in &mut self.all {
            problem.place = place_of(&problem.field);
        }
    }

    pub fn into_vec(self) -> Vec<Problem> {
        self.all
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Returns an error with all mistakes, if any: `Malformed` if one of them keeps the request from being bound, or else
    /// `Refused`.
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
