//! Records: objects whose fields are declared once. Each line of a declaration generates the field, its change, and everything
//! that is done with all fields alike.

use super::Patch;
use super::value::Value;

/// A field of a record.
#[derive(Debug)]
pub struct Field<T> {
    /// The name of the field in the vendor's documentation.
    pub name: &'static str,
    /// Whether there is a `…Specified` flag, which says whether a request sets the field.
    pub has_flag: bool,
    /// Returns the value of the field in a new record where it is not set, or `None` if it is required.
    pub unset: fn() -> Option<T>,
}

/// A visitor of all fields of a record, in the order of the declaration.
pub trait Visitor {
    type Error;

    fn visit<T: Value>(&mut self, field: &Field<T>, value: &T) -> Result<(), Self::Error>;
}

/// A source of the values of all fields of a record.
pub trait Source {
    /// Returns `None` if there is no value; the source records the reason.
    fn value<T: Value>(&mut self, field: &Field<T>) -> Option<T>;
}

/// A source of the changes of all fields of a record.
pub trait ChangeSource {
    fn patch<T: Value>(&mut self, field: &Field<T>) -> Patch<T>;
}

/// An object whose fields are declared by [`record!`].
pub trait Record: Clone + Sized {
    /// The change of each field.
    type Change: Default;

    /// The columns of the fields, in the order of the fields.
    const COLUMNS: &'static [&'static str];

    fn visit<V: Visitor>(&self, visitor: &mut V) -> Result<(), V::Error>;

    /// Builds a record. Every field is read, even after one that has no value.
    fn build(source: &mut impl Source) -> Option<Self>;

    fn change(source: &mut impl ChangeSource) -> Self::Change;

    /// Applies a change to the fields.
    fn apply(&mut self, change: Self::Change);

    /// Creates a record with the values that a change sets. Returns `None` if a required field is not set.
    fn new(change: Self::Change) -> Option<Self>;
}

/// Declares a record and its change, one line per field: its type; its name in the documentation; `+ Specified`, if it has such a
/// flag; `or` and its value where it is not set, if that differs from [`Value::unset`] of its type.
macro_rules! record {
    (
        $(#[$doc:meta])* $record:ident,
        $(#[$change_doc:meta])* $change:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $name:literal $(+ $flag:ident)? $(or $unset:expr)?,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $record {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        $(#[$change_doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $change {
            $(pub $field: $crate::domain::Patch<$type>,)+
        }

        impl $crate::domain::record::Record for $record {
            type Change = $change;

            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];

            #[inline]
            fn visit<V: $crate::domain::record::Visitor>(
                &self,
                visitor: &mut V,
            ) -> Result<(), V::Error> {
                $(visitor.visit(&record!(@field $type = $name $(+ $flag)? $(or $unset)?), &self.$field)?;)+
                Ok(())
            }

            fn build(source: &mut impl $crate::domain::record::Source) -> Option<Self> {
                $(let $field = source.value(&record!(@field $type = $name $(+ $flag)? $(or $unset)?));)+
                Some(Self { $($field: $field?,)+ })
            }

            fn change(source: &mut impl $crate::domain::record::ChangeSource) -> $change {
                $change {
                    $($field: source.patch(&record!(@field $type = $name $(+ $flag)? $(or $unset)?)),)+
                }
            }

            fn apply(&mut self, change: $change) {
                $(change.$field.apply_to(&mut self.$field, record!(@unset $type $(, $unset)?));)+
            }

            fn new(change: $change) -> Option<Self> {
                Some(Self {
                    $($field: change.$field.value().or_else(record!(@unset $type $(, $unset)?))?,)+
                })
            }
        }
    };
    (@field $type:ty = $name:literal $(+ $flag:ident)? $(or $unset:expr)?) => {
        $crate::domain::record::Field::<$type> {
            name: $name,
            has_flag: record!(@flag $($flag)?),
            unset: record!(@unset $type $(, $unset)?),
        }
    };
    (@flag Specified) => { true };
    (@flag) => { false };
    (@unset $type:ty) => { <$type as $crate::domain::value::Value>::unset };
    (@unset $type:ty, $unset:expr) => { || Some($unset) };
}

pub(crate) use record;
