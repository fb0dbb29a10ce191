//! Reading back what the program kept. A rule that became stricter since must not take away what was kept before, so none
//! is asked; what was kept only has to mean a value of its type.

use std::str::FromStr;

/// A value that is kept as a text.
pub trait Restore: FromStr {
    /// Reads the text as which the value was kept. Where this is not said otherwise, all that parsing asks for is its form.
    fn restore(text: &str) -> Result<Self, Self::Err> {
        text.parse()
    }
}

impl Restore for String {}

/// A value that is kept as a number.
pub trait RestoreNumber {
    fn restore(number: i32) -> Self;
}
