//! A macro for the rules of types as JSON Schemas, which clients can read before they send a request. Each schema is declared
//! next to the code that enforces the rule.

/// Implements `JsonSchema` for a type, with a schema that describes its rule.
macro_rules! schema {
    ($name:ident, $schema:expr) => {
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema = $schema;
                schema(generator)
            }
        }
    };
}

pub(crate) use schema;
