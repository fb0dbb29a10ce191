//! What a request asks for, with all that is wrong with it, so that one answer can name every mistake.

use super::Problems;
use crate::error::Result;

/// A field that some descriptions need and others must not have.
#[derive(Debug)]
pub enum FieldValue<T> {
    /// Not there, or with nothing in it.
    Absent,
    /// There, but not valid: a problem says why.
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

/// A value as a request describes it, and the mistakes in the description. Without mistakes there is a value.
#[derive(Debug, Clone)]
pub struct Input<T> {
    value: Option<T>,
    problems: Problems,
}

impl<T> Input<T> {
    pub fn new(value: Option<T>, problems: Problems) -> Self {
        Self { value, problems }
    }

    /// What is asked for, as far as it could be read.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The same request, understood as one for something else.
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Input<U> {
        Input {
            value: self.value.map(map),
            problems: self.problems,
        }
    }

    /// Returns what `decide` makes of the value, unless something stands against it: first the binding, then the right to ask
    /// and the resource that is asked for (`access`), then the rules, among them those that `decide` finds broken. Some rules
    /// hold whatever is asked for, also where it could not be read.
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
        Ok(decided.expect("what has no problems is decided"))
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

    fn settle(of_draft: Problems, of_rules: Problems, may: bool) -> Result<u8, Error> {
        let access = |_: Option<&u8>| {
            if may {
                Ok(())
            } else {
                Err(Error::Forbidden("no right"))
            }
        };
        let decide = |value, problems: &mut Problems| {
            problems.append(of_rules);
            value
        };
        Input::new(Some(1), of_draft).settle(access, decide)
    }

    fn are(found: &[Problem], expected: &[&str]) -> bool {
        found
            .iter()
            .map(|problem| problem.message.as_str())
            .eq(expected.iter().copied())
    }

    #[test]
    fn a_request_fails_of_its_binding_then_of_the_right_then_of_the_rules() {
        let malformed = || problems(&["a"], &["b"]);
        let refused = || problems(&[], &["b"]);
        let of_rules = || problems(&[], &["c"]);
        assert!(
            matches!(settle(malformed(), of_rules(), false), Err(Error::Malformed(all)) if are(&all, &["a", "b", "c"]))
        );
        assert!(matches!(
            settle(refused(), of_rules(), false),
            Err(Error::Forbidden(_))
        ));
        assert!(
            matches!(settle(refused(), of_rules(), true), Err(Error::Refused(all)) if are(&all, &["b", "c"]))
        );
        assert!(
            matches!(settle(refused(), problems(&["c"], &[]), true), Err(Error::Malformed(all)) if are(&all, &["b", "c"]))
        );
        assert!(matches!(
            settle(Problems::default(), Problems::default(), true),
            Ok(1)
        ));
    }
}
