//! The input of a request with all of its problems, so that one response can report every mistake.

use super::Problems;
use crate::error::Result;

/// The value of a field that some objects require and others must not have.
#[derive(Debug)]
pub enum FieldValue<T> {
    /// Missing or empty.
    Absent,
    /// Present, but not valid: a problem says why.
    Invalid,
    Value(T),
}

impl<T> From<Option<T>> for FieldValue<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

impl<T> FieldValue<T> {
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Invalid => None,
        }
    }
}

/// A value as a request describes it, and the problems of that description. Without problems there is a value.
#[derive(Debug, Clone)]
pub struct Input<T> {
    value: Option<T>,
    problems: Problems,
}

impl<T> Input<T> {
    pub fn new(value: Option<T>, problems: Problems) -> Self {
        Self { value, problems }
    }

    /// Returns the value, as far as it could be read.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Converts the value and keeps the problems.
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Input<U> {
        Input {
            value: self.value.map(map),
            problems: self.problems,
        }
    }

    /// Returns what `decide` makes of the value, unless there is an error: first of the binding, then of the caller's right and
    /// the requested resource (`access`), then of the rules, including those that `decide` finds broken. `decide` is called even
    /// if the value could not be read, since some rules apply whatever the request contains.
    pub fn settle<R>(
        self,
        access: impl FnOnce(Option<&T>) -> Result<()>,
        decide: impl FnOnce(Option<T>, &mut Problems) -> Option<R>,
    ) -> Result<R> {
        let Self {
            value,
            mut problems,
        } = self;
        let access = if problems.is_malformed() {
            Ok(())
        } else {
            access(value.as_ref())
        };
        let decided = decide(value, &mut problems);
        access?;
        problems.into_result()?;
        Ok(decided.expect("`decide` returns a value unless there are problems"))
    }
}

#[cfg(test)]
mod tests {
    use super::Input;
    use crate::domain::{Problem, Problems};
    use crate::error::Error;

    fn problems(malformed: &[&str], refused: &[&str]) -> Problems {
        let mut problems = Problems::default();
        for message in malformed {
            problems.malformed("", *message);
        }
        for message in refused {
            problems.refused("", *message);
        }
        problems
    }

    fn settle(binding: Problems, rules: Problems, is_allowed: bool) -> Result<u8, Error> {
        let access = |_: Option<&u8>| {
            if is_allowed {
                Ok(())
            } else {
                Err(Error::Forbidden("no right"))
            }
        };
        let decide = |value, problems: &mut Problems| {
            problems.append(rules);
            value
        };
        Input::new(Some(1), binding).settle(access, decide)
    }

    fn equal(found: &[Problem], expected: &[&str]) -> bool {
        found
            .iter()
            .map(|problem| problem.message.as_str())
            .eq(expected.iter().copied())
    }

    #[test]
    fn errors_of_binding_come_before_those_of_rights_and_those_before_broken_rules() {
        let malformed = || problems(&["a"], &["b"]);
        let refused = || problems(&[], &["b"]);
        let rules = || problems(&[], &["c"]);
        assert!(
            matches!(settle(malformed(), rules(), false), Err(Error::Malformed(all)) if equal(&all, &["a", "b", "c"]))
        );
        assert!(matches!(
            settle(refused(), rules(), false),
            Err(Error::Forbidden(_))
        ));
        assert!(
            matches!(settle(refused(), rules(), true), Err(Error::Refused(all)) if equal(&all, &["b", "c"]))
        );
        assert!(
            matches!(settle(refused(), problems(&["c"], &[]), true), Err(Error::Malformed(all)) if equal(&all, &["b", "c"]))
        );
        assert!(matches!(
            settle(Problems::default(), Problems::default(), true),
            Ok(1)
        ));
    }
}
