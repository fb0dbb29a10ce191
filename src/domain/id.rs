//! Numeric Ids within an account, assigned in the order of creation and never reused.

/// Declares an Id type: its name, its label in messages, and its schema.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $label:literal, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(i32);

        impl $name {
            /// The largest Id; the number after it means that none is left.
            pub const LAST: i32 = i32::MAX - 1;

            /// Creates the Id that a request contains, which need not exist.
            pub fn named(id: i32) -> Self {
                Self(id)
            }
        }

        impl TryFrom<i32> for $name {
            type Error = String;

            fn try_from(id: i32) -> Result<Self, String> {
                if (1..=Self::LAST).contains(&id) {
                    Ok(Self(id))
                } else {
                    Err(format!("{id} is not an {}, 1 to {}", $label, Self::LAST))
                }
            }
        }

        impl From<$name> for i32 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        $crate::domain::restore_number!($name);

        $crate::domain::value::from_node!($name, Number, $crate::domain::value::ruled_number_unless_0, empty Zero);

        $crate::domain::schema!($name, |_| schemars::json_schema!($schema));
    };
}

pub(crate) use id;
