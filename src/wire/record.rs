//! Responses that show a record: its fields, and computed properties between them, in the order of the vendor's documents.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap;
use serde_json::{Map, Value as Json, json};

use crate::domain::Patch;
use crate::domain::record::{ChangeSource, Field, Record, Visitor};
use crate::domain::value::Value;

/// Writes the fields of a record into an object. `before` is called with the name of each field, and writes the properties
/// that precede it.
pub fn write<M: SerializeMap>(
    object: &mut M,
    record: &impl Record,
    before: impl FnMut(&'static str, &mut M) -> Result<(), M::Error>,
) -> Result<(), M::Error> {
    struct Writer<'o, M, F> {
        object: &'o mut M,
        before: F,
    }

    impl<M: SerializeMap, F: FnMut(&'static str, &mut M) -> Result<(), M::Error>> Visitor
        for Writer<'_, M, F>
    {
        type Error = M::Error;

        #[inline]
        fn visit<T: Value>(&mut self, field: &Field<T>, value: &T) -> Result<(), M::Error> {
            (self.before)(field.name, self.object)?;
            if value.is_written() {
                self.object.serialize_entry(field.name, value)?;
            }
            Ok(())
        }
    }

    record.visit(&mut Writer { object, before })
}

/// The schema of an object that [`write`] fills.
#[derive(Debug)]
pub struct ObjectSchema<'g> {
    generator: &'g mut SchemaGenerator,
    properties: Map<String, Json>,
    required: Vec<&'static str>,
}

impl<'g> ObjectSchema<'g> {
    pub fn new(generator: &'g mut SchemaGenerator) -> Self {
        Self {
            generator,
            properties: Map::new(),
            required: Vec::new(),
        }
    }

    /// Adds a property that is always present.
    pub fn property<T: JsonSchema>(&mut self, name: &'static str) {
        let schema = self.generator.subschema_for::<T>();
        self.add(name, schema);
    }

    fn add(&mut self, name: &'static str, schema: Schema) {
        self.properties.insert(name.to_owned(), schema.into());
        self.required.push(name);
    }

    /// Adds the fields of a record. `before` is called with the name of each, and adds the properties that precede it.
    pub fn record<R: Record>(&mut self, before: impl FnMut(&'static str, &mut Self)) {
        struct Fields<'s, 'g, F> {
            schema: &'s mut ObjectSchema<'g>,
            before: F,
        }

        impl<'g, F: FnMut(&'static str, &mut ObjectSchema<'g>)> ChangeSource for Fields<'_, 'g, F> {
            fn patch<T: Value>(&mut self, field: &Field<T>) -> Patch<T> {
                (self.before)(field.name, self.schema);
                let schema = T::written_schema(self.schema.generator);
                self.schema.add(field.name, schema);
                // A field that can be unset is omitted while it is.
                if (field.unset)().is_some_and(|unset| !unset.is_written()) {
                    self.schema.required.pop();
                }
                Patch::Keep
            }
        }

        let schema = self;
        R::change(&mut Fields { schema, before });
    }

    pub fn build(self, description: &str, example: &Json) -> Schema {
        let Self {
            properties,
            required,
            ..
        } = self;
        let schema = json!({
            "description": description, "type": "object", "properties": properties, "required": required, "examples": [example]
        });
        Schema::try_from(schema).expect("an object is a schema")
    }
}
