//! The change that a request makes to one field.

/// A change of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field is absent: it stays as it is.
    #[default]
    Keep,
    /// The field is null: it goes back to unset, or to its default.
    Clear,
    /// The field takes this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Applies the change to a field. A field that cannot be unset is not cleared.
    pub fn apply_to(self, field: &mut T, unset: impl FnOnce() -> Option<T>) {
        let value = match self {
            Self::Keep => None,
            Self::Clear => unset(),
            Self::Set(value) => Some(value),
        };
        if let Some(value) = value {
            *field = value;
        }
    }

    /// Returns the value that is set, if any.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Patch::{self, Clear, Keep, Set};

    #[test]
    fn a_patch_keeps_clears_or_sets() {
        let after = |patch: Patch<i32>, unset| {
            let mut field = 7;
            patch.apply_to(&mut field, || unset);
            field
        };
        assert_eq!((after(Keep, Some(0)), after(Set(8), Some(0))), (7, 8));
        assert_eq!((after(Clear, Some(0)), after(Clear, None)), (0, 7));
    }
}
