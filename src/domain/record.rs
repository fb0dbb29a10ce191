//! Objects whose fields are declared once: from a line of the declaration follow the field and its change, and everything
//! that is done with all fields alike.

use super::Patch;
use super::value::Value;

/// A field of a record.
#[derive(Debug)]
pub struct Field<T> {
    /// Its name in the documents of the vendor.
    pub name: &'static str,
    /// Whether a flag, `…Specified`, says whether a request means the field.
    pub has_flag: bool,
    /// Returns what it holds in a new record where nobody said; none, if somebody has to.
    pub unset: fn() -> Option<T>,
}

/// Sees every field of a record, in the order of the declaration.
pub trait Visitor {
    type Error;

    fn visit<T: Value>(&mut self, field: &Field<T>, value: &T) -> Result<(), Self::Error>;
}

/// Yields a value for every field of a record.
pub trait Source {
    /// Returns none where there is no value; the source keeps why.
    fn value<T: Value>(&mut self, field: &Field<T>) -> Option<T>;
}

/// Yields what a change says of every field of a record.
pub trait ChangeSource {
    fn patch<T: Value>(&mut self, field: &Field<T>) -> Patch<T>;
}

/// An object whose fields are declared by [`record!`].
pub trait Record: Clone + Sized {
    /// What a request says of each field.
    type Change: Default;

    /// The columns of its fields, in their order.
    const COLUMNS: &'static [&'static str];

    fn visit<V: Visitor>(&self, visitor: &mut V) -> Result<(), V::Error>;

    /// Builds a record. Every field is asked for, also behind one that has no value.
    fn build(source: &mut impl Source) -> Option<Self>;

    fn change(source: &mut impl ChangeSource) -> Self::Change;

    /// Does to the fields what a change says.
    fn apply(&mut self, change: Self::Change);

    /// Returns a new record with what a change sets; none, if a field that somebody has to set is not.
    fn new(change: Self::Change) -> Option<Self>;
}

/// Declares a record and its change, a line a field: its type; its name in the documents; `+ Specified`, if it has such a flag;
/// `or` and what it holds where nobody said, if that is not what is usual for its type.
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
                $(change.$field.onto(&mut self.$field, record!(@unset $type $(, $unset)?));)+
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
