//! Objects that are declared field by field, whose values have positions: seeds, saved documents, and bodies of the control API.

use std::mem;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::schema::{self, SchemaBuilder};
use super::{BODY, Fields, NewFields, SentAs, Source};
use crate::domain::input::FieldValue;
use crate::domain::node::{Content, Key, Node};
use crate::domain::operator::{Profile, ProfileChange};
use crate::domain::record::Record as _;
use crate::domain::user::{UserSettings, UserSettingsChange};
use crate::domain::value::{Empty, FromNode};
use crate::domain::{Place, Problems, Restore};

/// The value of a field, with its position. Null counts as absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Located<T> {
    #[default]
    Absent,
    /// Present, but not valid: a problem says why.
    Invalid,
    Value {
        value: T,
        place: Place,
    },
}

/// A list, whose items have positions of their own.
pub type List<T> = Vec<Located<T>>;

impl<T> Located<T> {
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Value { value, .. } => Some(value),
            Self::Absent | Self::Invalid => None,
        }
    }

    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value { value, .. } => Some(value),
            Self::Absent | Self::Invalid => None,
        }
    }

    pub fn into_sent(self) -> FieldValue<T> {
        match self {
            Self::Absent => FieldValue::Absent,
            Self::Invalid => FieldValue::Invalid,
            Self::Value { value, .. } => FieldValue::Value(value),
        }
    }

    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Value { place, .. } => Some(place),
            Self::Absent | Self::Invalid => None,
        }
    }
}

impl<T> Located<List<T>> {
    /// Returns the items that could be read, each with its position.
    pub fn items(&self) -> impl Iterator<Item = (&T, &Place)> {
        let items = self.get().into_iter().flatten();
        items.filter_map(|item| item.get().zip(item.place()))
    }
}

/// A value that a field can hold: a value of a simple type, a list, or an object.
pub trait Item: Sized {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self>;

    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<T: FromNode + Restore> Item for T {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        let value = if fields.source.is_kept {
            fields.restore(name, node)
        } else {
            fields.read(name, node)
        };
        match value {
            FieldValue::Absent => Located::Absent,
            FieldValue::Invalid => Located::Invalid,
            FieldValue::Value(value) => Located::Value {
                value,
                place: node.place.clone(),
            },
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let schema = T::written_schema(generator);
        match T::EMPTY {
            _ if generator.contract().is_serialize() => schema,
            Empty::Nothing => schema,
            Empty::Blank | Empty::Nil => schema::or_blank(schema),
            Empty::Zero => schema::or_zero(schema),
        }
    }
}

impl<T: Item> Item for List<T> {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        let Content::List(items) = &node.content else {
            let message = format!("must be an array, not {}", node.content);
            return fields.wrong(name, node, message);
        };
        let item = |item: &Node| match item.content {
            Content::Null => Located::Absent,
            _ => T::read(item, name, fields),
        };
        Located::Value {
            value: items.iter().map(item).collect(),
            place: node.place.clone(),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let items = schema::or_null(T::schema(generator));
        schemars::json_schema!({"type": "array", "items": items})
    }
}

/// Several fields of an object that are bound together.
pub trait Part: Sized {
    fn bind(fields: &mut Fields<'_>) -> Self;
}

impl Part for ProfileChange {
    fn bind(fields: &mut Fields<'_>) -> Self {
        Profile::change(&mut NewFields(fields))
    }
}

impl Part for UserSettingsChange {
    fn bind(fields: &mut Fields<'_>) -> Self {
        UserSettings::change(&mut NewFields(fields))
    }
}

/// The positions of the fields of an object.
#[derive(Debug)]
pub struct Places(Vec<(String, Place)>);

impl Part for Places {
    fn bind(fields: &mut Fields<'_>) -> Self {
        let entries = fields.entries.iter().filter(|_| fields.source.is_located);
        let places = entries.map(|(key, node)| (key.name.clone(), node.place.clone()));
        Self(places.collect())
    }
}

impl Places {
    pub fn of(&self, name: &str) -> Option<&Place> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, place)| place)
    }
}

/// An object that is declared by [`shape!`].
pub trait Shape: Sized + JsonSchema {
    fn bind(fields: &mut Fields<'_>) -> Self;

    /// Binds an object that is a field of another.
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        match fields.part(name, node, Self::bind) {
            None => Located::Invalid,
            Some(value) => Located::Value {
                value,
                place: node.place.clone(),
            },
        }
    }

    /// Binds a whole document; null counts as an empty one.
    fn read_root(root: &Node, source: &'static Source) -> (Option<Self>, Problems) {
        let empty = Content::Object(Vec::new()).into();
        let root = if root.is_null() { &empty } else { root };
        let mut fields = Fields::new(&[], None, source);
        let bound = fields.part("", root, |fields| {
            // As in Compose files, such keys are reserved for YAML anchors, which the document uses elsewhere.
            let is_reserved = |(key, _): &&(Key, Node)| key.name.starts_with("x-");
            let reserved = fields.entries.iter().filter(is_reserved);
            let reserved: Vec<_> = reserved.map(|(key, _)| key.name.clone()).collect();
            fields.known.extend(reserved);
            Self::bind(fields)
        });
        (bound, fields.problems)
    }

    /// Returns the schema of the object: all fields that its binding reads.
    fn object_schema(generator: &mut SchemaGenerator, description: &str) -> Schema {
        let mut fields = Fields::new(&[], None, &BODY);
        fields.schema = Some(SchemaBuilder::new(mem::take(generator), SentAs::Document));
        let _ = Self::bind(&mut fields);
        let builder = fields.schema.expect("the binding keeps the builder");
        let schema;
        (schema, *generator) = builder.into_object(description);
        schema
    }
}

impl Fields<'_> {
    /// Reads a field of a shape, which `description` describes in the schema.
    pub fn located<T: Item>(&mut self, name: &str, description: &str) -> Located<T> {
        self.expect(name);
        if let Some(schema) = &mut self.schema {
            schema.item::<T>(name, description);
        }
        match self.get(name) {
            Some(node) if !node.is_null() => T::read(node, name, self),
            _ => Located::Absent,
        }
    }

    /// Returns all fields, whatever their names are.
    pub fn all(&mut self) -> serde_json::Map<String, serde_json::Value> {
        let names = self.entries.iter().map(|(key, _)| key.name.clone());
        self.known.extend(names);
        let fields = self.entries.iter();
        fields
            .map(|(key, node)| (key.name.clone(), node.into()))
            .collect()
    }

    /// Ignores a field that responses of the API contain, but requests cannot set.
    pub fn ignore(&mut self, name: &str) {
        self.expect(name);
        if let Some(schema) = &mut self.schema {
            schema.read_only(name);
        }
    }
}

/// Declares an object, one line per field: its type and its name; then, after `..`, fields that are bound together; then the
/// fields that the schema marks as required, and the names that are ignored.
macro_rules! shape {
    (
        $(#[doc = $doc:literal])*
        $shape:ident = $schema:literal $(, $alter:path)? {
            $($(#[doc = $field_doc:literal])* $field:ident: $type:ty = $name:literal,)*
            $(..$part:ident: $part_type:ty,)*
        }
        $(required: $($required:literal),+;)?
        $(passed over: $($ignored:literal),+ $(,)?)?
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $shape {
            $($(#[doc = $field_doc])* pub $field: $crate::bind::Located<$type>,)*
            $(pub $part: $part_type,)*
        }

        impl $crate::bind::Shape for $shape {
            fn bind(fields: &mut $crate::bind::Fields<'_>) -> Self {
                $(let $field = fields.located($name, concat!($($field_doc),*));)*
                $(let $part = <$part_type as $crate::bind::Part>::bind(fields);)*
                $($(fields.require($required);)+)?
                $($(fields.ignore($ignored);)+)?
                Self {
                    $($field,)*
                    $($part,)*
                }
            }
        }

        impl $crate::bind::Item for $shape {
            fn read(
                node: &$crate::domain::node::Node,
                name: &str,
                fields: &mut $crate::bind::Fields<'_>,
            ) -> $crate::bind::Located<Self> {
                <Self as $crate::bind::Shape>::read(node, name, fields)
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }

        impl schemars::JsonSchema for $shape {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let schema = <Self as $crate::bind::Shape>::object_schema(generator, concat!($($doc),*).trim());
                $(let schema = $alter(schema);)?
                schema
            }
        }
    };
}

pub(crate) use shape;
