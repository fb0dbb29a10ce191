//! Restoring of values that the program saved. A rule that became stricter must not invalidate values that were saved before, so
//! no rule is checked; a saved value only has to be one of its type.

use std::str::FromStr;

/// A saved value: a column of a row, or a string or number of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Kept<'_> {
    /// Parses a string. Only for types whose parser checks nothing but the format.
    pub fn parse<T: FromStr>(self) -> Option<T> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Null | Self::Number(_) | Self::Bytes(_) => None,
        }
    }
}

/// A type whose values are saved.
pub trait Restore: Sized {
    /// Restores a saved value. Returns `None` if it is not a value of this type.
    fn restore(kept: Kept<'_>) -> Option<Self>;
}

impl<T: Restore> Restore for Option<T> {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        match kept {
            Kept::Null => Some(None),
            kept => T::restore(kept).map(Some),
        }
    }
}

impl Restore for bool {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        match kept {
            Kept::Number(0) => Some(false),
            Kept::Number(1) => Some(true),
            _ => None,
        }
    }
}

impl Restore for i64 {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        match kept {
            Kept::Number(number) => Some(number),
            Kept::Null | Kept::Text(_) | Kept::Bytes(_) => None,
        }
    }
}

/// Implements [`Restore`] for integers.
macro_rules! restore_whole {
    ($($type:ty),+) => {
        $(impl Restore for $type {
            fn restore(kept: Kept<'_>) -> Option<Self> {
                i64::restore(kept)?.try_into().ok()
            }
        })+
    };
}

restore_whole!(i32, u16, u32, u64, usize);

impl Restore for f64 {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        i32::restore(kept).map(Self::from)
    }
}

/// Implements [`Restore`] for types whose parser checks nothing but the format in which they are saved, such as words.
macro_rules! restore_parsed {
    ($($type:ty),+ $(,)?) => {
        $(impl $crate::domain::Restore for $type {
            fn restore(kept: $crate::domain::Kept<'_>) -> Option<Self> {
                kept.parse()
            }
        })+
    };
}

/// Implements [`Restore`] for a number with a rule, which is not checked.
macro_rules! restore_number {
    ($type:ty) => {
        impl $crate::domain::Restore for $type {
            fn restore(kept: $crate::domain::Kept<'_>) -> Option<Self> {
                <i32 as $crate::domain::Restore>::restore(kept).map(Self)
            }
        }
    };
}

pub(crate) use {restore_number, restore_parsed};

restore_parsed!(String);

#[cfg(test)]
mod tests {
    use super::{Kept, Restore};
    use crate::domain::SecretDigest;
    use crate::domain::account::AccountId;
    use crate::domain::operator::SmsProvider;
    use crate::domain::text::Email;
    use crate::domain::timezone::TimeZoneId;

    #[test]
    fn a_saved_value_is_restored_even_if_it_breaks_its_rule() {
        let email = Email::restore(Kept::Text("nobody")).unwrap();
        assert_eq!(email.as_str(), "nobody");
        assert_eq!(TimeZoneId::restore(Kept::Number(-1)).unwrap().get(), -1);
        assert_eq!(Option::<Email>::restore(Kept::Null), Some(None));
        assert_eq!(
            SmsProvider::restore(Kept::Text("SmsProviderUSA")),
            Some(SmsProvider::SmsProviderUsa)
        );
    }

    #[test]
    fn a_saved_value_of_another_type_is_not_restored() {
        assert_eq!(Email::restore(Kept::Null), None);
        assert_eq!(Email::restore(Kept::Number(1)), None);
        assert_eq!(Option::<Email>::restore(Kept::Number(1)), None);
        assert_eq!(TimeZoneId::restore(Kept::Number(i64::MAX)), None);
        assert_eq!(bool::restore(Kept::Number(2)), None);
        assert_eq!(SmsProvider::restore(Kept::Text("Pigeon")), None);
    }

    #[test]
    fn a_type_may_be_saved_in_two_formats() {
        let account: AccountId = "123456".parse().unwrap();
        assert_eq!(AccountId::restore(Kept::Text("123456")), Some(account));
        assert_eq!(AccountId::restore(Kept::Number(123_456)), Some(account));
        let digest = SecretDigest::of("x");
        let text = format!("sha256:{}", digest.hex());
        assert_eq!(SecretDigest::restore(Kept::Text(&text)), Some(digest));
        assert_eq!(SecretDigest::restore(Kept::Bytes(&[0; 31])), None);
    }
}
