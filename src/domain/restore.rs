//! Reading back what the program kept. A rule that became stricter since must not take away what was kept before, so none
//! is asked; what was kept only has to mean a value of its type.

use std::str::FromStr;

/// What was kept of a value: a column of a row, or a text or number of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Kept<'_> {
    /// Parses a text. Only for types whose parser asks for nothing but the form.
    pub fn parse<T: FromStr>(self) -> Option<T> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Null | Self::Number(_) | Self::Bytes(_) => None,
        }
    }
}

/// A type whose values are kept.
pub trait Restore: Sized {
    /// Returns the value that was kept, or `None` if that is no value of this type.
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

/// Implements [`Restore`] for whole numbers.
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

/// Implements [`Restore`] for types whose parser asks for nothing but the form in which they are kept, such as words.
macro_rules! restore_parsed {
    ($($type:ty),+ $(,)?) => {
        $(impl $crate::domain::Restore for $type {
            fn restore(kept: $crate::domain::Kept<'_>) -> Option<Self> {
                kept.parse()
            }
        })+
    };
}

/// Implements [`Restore`] for a number with a rule, which is not asked.
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
    fn what_was_kept_is_read_back_whatever_its_rule_says_now() {
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
    fn what_is_no_value_of_the_type_is_nothing() {
        assert_eq!(Email::restore(Kept::Null), None);
        assert_eq!(Email::restore(Kept::Number(1)), None);
        assert_eq!(Option::<Email>::restore(Kept::Number(1)), None);
        assert_eq!(TimeZoneId::restore(Kept::Number(i64::MAX)), None);
        assert_eq!(bool::restore(Kept::Number(2)), None);
        assert_eq!(SmsProvider::restore(Kept::Text("Pigeon")), None);
    }

    #[test]
    fn a_type_may_be_kept_in_two_ways() {
        let account: AccountId = "123456".parse().unwrap();
        assert_eq!(AccountId::restore(Kept::Text("123456")), Some(account));
        assert_eq!(AccountId::restore(Kept::Number(123_456)), Some(account));
        let digest = SecretDigest::of("x");
        let text = format!("sha256:{}", digest.hex());
        assert_eq!(SecretDigest::restore(Kept::Text(&text)), Some(digest));
        assert_eq!(SecretDigest::restore(Kept::Bytes(&[0; 31])), None);
    }
}
