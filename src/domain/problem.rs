//! What is wrong with a request or a document, by field, so that one answer can name every mistake.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a text. Lines and columns begin with 1.
    Text { line: usize, column: usize },
    /// In an object, as its `number`-th value, by a path such as `accounts[0].Name`.
    Object { number: usize, path: Arc<str> },
}

impl Default for Place {
    fn default() -> Self {
        Self::Text { line: 1, column: 1 }
    }
}

/// Follows the name of a thing: `the operator in line 4`.
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
    /// Where the field stands, or the object that lacks it; none, where its name says it.
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

    /// Says that the problems are those of the parts of a field.
    pub fn prefix(&mut self, name: &str) {
        for Problem { field, .. } in &mut self.all {
            let dot = if field.is_empty() { "" } else { "." };
            *field = format!("{name}{dot}{field}");
        }
    }

    /// Says where the problems stand, by their fields.
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
