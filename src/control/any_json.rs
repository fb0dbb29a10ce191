//! Any JSON value as a field.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::bind::{Fields, Item, Located, Part};
use crate::domain::node::{Content, Node};

/// Any JSON value, unchanged; in a query, the text of one.
#[derive(Debug)]
pub struct AnyJson(pub Value);

impl Item for AnyJson {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        let value = match &node.content {
            Content::Text(text) if fields.is_text() => match serde_json::from_str(text) {
                Ok(value) => value,
                Err(error) => return fields.wrong(name, node, format!("is not JSON: {error}")),
            },
            _ => node.into(),
        };
        Located::Value {
            value: Self(value),
            place: node.place.clone(),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// All fields of an object, unchanged.
#[derive(Debug)]
pub struct AnyFields(pub Map<String, Value>);

impl Part for AnyFields {
    fn bind(fields: &mut Fields<'_>) -> Self {
        Self(fields.all())
    }
}
