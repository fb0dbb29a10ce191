//! The builder of an object's schema, which runs while the object is bound, so that the schema says what the binding enforces.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::Item;
use crate::domain::value::FromNode;
use crate::operation::remove_null;

/// The encoding of a body, which decides how a field can express that it has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentAs {
    Json,
    /// A form has no null; an empty field counts as absent.
    Form,
    /// A document that may be an export: it holds strings as they were sent, including surrounding whitespace.
    Document,
}

/// The schema of one object: its fields in the order in which they are bound.
#[derive(Debug)]
pub struct SchemaBuilder {
    generator: SchemaGenerator,
    sent_as: SentAs,
    properties: Map<String, Value>,
    /// The schema of each field's value, without what counts as absent.
    value_schemas: Map<String, Value>,
    required: Vec<String>,
    /// The names of the numbers for which 0 counts as absent.
    zeros: Vec<String>,
    kinds: Vec<Schema>,
    either: Vec<Value>,
}

impl SchemaBuilder {
    pub fn new(generator: SchemaGenerator, sent_as: SentAs) -> Self {
        Self {
            generator,
            sent_as,
            properties: Map::new(),
            value_schemas: Map::new(),
            required: Vec::new(),
            zeros: Vec::new(),
            kinds: Vec::new(),
            either: Vec::new(),
        }
    }

    pub fn field<T: FromNode>(&mut self, name: &str, alter: impl FnOnce(Schema) -> Schema) {
        if self.sent_as == SentAs::Document {
            let mut schema = T::written_schema(&mut self.generator);
            if !self.describes_responses() {
                schema = alter(schema);
            }
            self.properties.insert(name.to_owned(), schema.into());
            return;
        }
        let value_schema = T::schema(&mut self.generator);
        self.value_schemas
            .insert(name.to_owned(), value_schema.clone().into());
        let mut schema = alter(value_schema);
        if self.sent_as == SentAs::Form {
            schema = or_empty(schema);
        }
        self.properties.insert(name.to_owned(), schema.into());
    }

    /// Adds a field of a shape, except for a write-only one in a schema for responses.
    pub fn item<T: Item>(&mut self, name: &str, description: &str) {
        let mut schema = T::schema(&mut self.generator);
        if self.describes_responses() {
            if schema.get("writeOnly").is_some() {
                return;
            }
        } else {
            schema = or_null(schema);
        }
        if !description.is_empty() {
            schema.insert("description".to_owned(), description.trim().into());
        }
        self.properties.insert(name.to_owned(), schema.into());
    }

    /// Adds a field that is ignored in requests.
    pub fn read_only(&mut self, name: &str) {
        if !self.describes_responses() {
            self.properties
                .insert(name.to_owned(), json!({"readOnly": true}));
        }
    }

    pub fn require(&mut self, name: &str) {
        if let Some(property) = self.properties.get_mut(name) {
            remove_null(property);
        }
        self.required.push(name.to_owned());
    }

    /// Returns whether the schema is for responses, not for requests.
    pub fn describes_responses(&self) -> bool {
        self.generator.contract().is_serialize()
    }

    /// Marks a number for which 0 counts as absent.
    pub fn zero(&mut self, name: &str) {
        self.zeros.push(name.to_owned());
    }

    pub fn require_either(&mut self, names: [&str; 2]) {
        let required = |name: &str| json!({"required": [name], "properties": {name: self.value_schemas.get(name)}});
        self.either = names.map(required).into();
    }

    /// Adds the kinds of the object. Each has the fields that it needs, and no others. A number of another kind may be sent as
    /// the 0 that counts as absent.
    pub fn kinds(&mut self, name: &str, kinds: &[(&'static str, &[&'static str])]) {
        let schema_of_kind = |(kind, needed): &(&'static str, &[&'static str])| {
            let mut properties =
                Map::from_iter([(name.to_owned(), json!({"type": "string", "enum": [kind]}))]);
            for field in *needed {
                properties.insert((*field).to_owned(), json!(self.value_schemas.get(*field)));
            }
            let required: Vec<_> = properties.keys().cloned().collect();
            for zero in &self.zeros {
                properties.entry(zero.as_str()).or_insert_with(
                    || json!({"type": ["integer", "null"], "format": "int32", "minimum": 0, "maximum": 0}),
                );
            }
            json_schema!({
                "title": kind, "type": "object", "properties": properties, "required": required
            })
        };
        self.kinds = kinds.iter().map(schema_of_kind).collect();
    }

    /// Returns the schema of a shape, which has no other fields.
    pub fn into_object(self, description: &str) -> (Schema, SchemaGenerator) {
        let Self {
            generator,
            properties,
            required,
            ..
        } = self;
        let mut schema = json_schema!({
            "type": "object", "additionalProperties": false, "properties": properties, "description": description
        });
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        (schema, generator)
    }

    /// Adds the schema to those of the generator under its name, and returns a reference to it.
    pub fn into_schema(self, name: &str, example: &Value) -> (Schema, SchemaGenerator) {
        let Self {
            mut generator,
            sent_as: _,
            properties,
            value_schemas: _,
            required,
            zeros: _,
            kinds,
            either,
        } = self;
        let mut schema = if kinds.is_empty() {
            json!({
                "type": "object", "properties": properties, "required": required, "examples": [example]
            })
        } else {
            json!({"oneOf": kinds, "examples": [example]})
        };
        if !either.is_empty() {
            schema["anyOf"] = either.into();
        }
        generator.definitions_mut().insert(name.to_owned(), schema);
        (
            Schema::new_ref(format!("#/components/schemas/{name}")),
            generator,
        )
    }
}

/// Sets the range of a number in the schema of a shape.
pub fn limit(schema: &mut Schema, field: &str, least: u64, most: u64) {
    if let Some(properties) = schema.get_mut("properties") {
        properties[field]["minimum"] = least.into();
        properties[field]["maximum"] = most.into();
    }
}

/// Adds an example to a schema.
pub fn with_example(mut schema: Schema, example: &Value) -> Schema {
    schema.insert("examples".to_owned(), json!([example]));
    schema
}

/// Allows null, which counts as absent.
pub fn or_null(mut schema: Schema) -> Schema {
    if let Some(Value::Array(schemas)) = schema.get_mut("anyOf") {
        schemas.push(json!({"type": "null"}));
        return schema;
    }
    if schema.get("type").is_none() {
        return json_schema!({"anyOf": [schema, {"type": "null"}]});
    }
    let types = match schema.remove("type") {
        Some(Value::Array(types)) => [types, vec!["null".into()]].concat(),
        one => vec![one.into(), "null".into()],
    };
    schema.insert("type".to_owned(), types.into());
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema
}

/// Allows 0, which counts as absent.
pub fn or_zero(mut schema: Schema) -> Schema {
    schema.insert("minimum".to_owned(), 0.into());
    schema
}

/// Disallows a blank string, since it counts as absent and the field is required.
pub fn not_blank(mut schema: Schema) -> Schema {
    if schema.get("pattern").is_none() {
        schema.insert("pattern".to_owned(), "\\S".into());
    }
    schema
}

/// Allows an empty string, whatever the rule, since it counts as absent.
pub fn or_blank(mut schema: Schema) -> Schema {
    allow_empty(&mut schema);
    if schema.get("type").is_some() && schema.get("format").is_none() {
        return schema;
    }
    let blank = json!({"type": "string", "maxLength": 0});
    if let Some(Value::Array(schemas)) = schema.get_mut("anyOf") {
        schemas.push(blank);
        return schema;
    }
    json_schema!({"anyOf": [schema, blank]})
}

/// Describes a field of a form: an empty string counts as absent, and there is no null.
fn or_empty(schema: Schema) -> Schema {
    let mut value = schema.to_value();
    remove_null(&mut value);
    let mut schema = Schema::try_from(value).unwrap_or_default();
    if schema.get("type").is_some_and(|kind| kind == "string") {
        allow_empty(&mut schema);
    }
    schema
}

/// Allows a string to be empty, whatever its rule.
fn allow_empty(schema: &mut Schema) {
    schema.remove("minLength");
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if let Some(pattern) = pattern.filter(|pattern| !pattern.starts_with("^$|")) {
        let pattern = format!("^$|{pattern}");
        schema.insert("pattern".to_owned(), pattern.into());
    }
}

/// Disallows the all-zero GUID, which counts as absent.
pub fn not_nil(mut schema: Schema) -> Schema {
    schema.insert("pattern".to_owned(), "[1-9A-Fa-f]".into());
    schema
}
