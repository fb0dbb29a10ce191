//! The OpenAPI description of an operation.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::Operation;

/// The schemas of a document. A type may have different schemas in requests and in responses.
#[derive(Debug)]
pub struct Schemas {
    pub requests: SchemaGenerator,
    pub responses: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.transforms = vec![Box::new(RecursiveTransform(plain))];
        Self {
            requests: settings.clone().into_generator(),
            responses: settings.for_serialize().into_generator(),
        }
    }
}

impl Schemas {
    /// Returns the named schemas.
    pub fn into_components(mut self) -> Map<String, Value> {
        let mut components = self.requests.take_definitions(true);
        for (name, schema) in self.responses.take_definitions(true) {
            let mut schema = Schema::try_from(schema).unwrap_or_default();
            RecursiveTransform(never_null).transform(&mut schema);
            components.insert(name, schema.into());
        }
        components.sort_keys();
        components
    }
}

/// Rewrites a schema so that every consumer understands it: not every client generator supports `true`, and formats are only
/// a hint, while an integer of JSON Schema is unbounded.
fn plain(schema: &mut Schema) {
    if schema.as_bool() == Some(true) {
        schema.ensure_object();
    }
    if schema
        .get("format")
        .is_some_and(|format| format == "uint64" || format == "uint")
        && schema.get("maximum").is_none()
    {
        schema.insert("maximum".to_owned(), u64::MAX.into());
    }
}

/// Removes null from the optional properties of a response: a field without a value is omitted, not written as null.
fn never_null(schema: &mut Schema) {
    let required: Vec<_> = match schema.get("required").and_then(Value::as_array) {
        Some(required) => required.clone(),
        None => Vec::new(),
    };
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties {
        if !required.contains(&Value::from(name.as_str())) {
            remove_null(property);
        }
    }
}

/// Removes null from the types that a schema allows.
pub fn remove_null(schema: &mut Value) {
    let null = json!({"type": "null"});
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            schema["type"] = only.clone();
        }
    } else if let Some(Value::Array(schemas)) = schema.get_mut("anyOf") {
        schemas.retain(|schema| *schema != null);
        if let [only] = &schemas[..] {
            *schema = only.clone();
        }
    }
}

/// The description of a successful response, which OpenAPI requires.
const DONE: &str = "The request completed successfully.";

/// The location of an operation's parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterLocation {
    Path,
    Query,
}

/// The description of an operation under construction: its parameters, body, responses and authentication schemes.
#[derive(Debug)]
pub struct Description<'a> {
    pub operation: &'static Operation,
    pub schemas: &'a mut Schemas,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: BTreeMap<u16, Value>,
    security: Vec<Value>,
}

impl<'a> Description<'a> {
    /// Creates the description that the operation's handler gives.
    pub fn new(operation: &'static Operation, schemas: &'a mut Schemas) -> Self {
        let mut description = Self {
            operation,
            schemas,
            parameters: Vec::new(),
            body: None,
            responses: BTreeMap::new(),
            security: Vec::new(),
        };
        (operation.describe)(&mut description);
        description
    }

    /// Returns the names of the parameters in the path, in their order.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> + use<> {
        let segments = self.operation.path.split('/');
        segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }

    pub fn parameter(&mut self, location: ParameterLocation, name: &str, mut schema: Schema) {
        plain(&mut schema);
        let mut parameter = json!({
            "name": name,
            "in": match location { ParameterLocation::Path => "path", ParameterLocation::Query => "query" },
            "required": location == ParameterLocation::Path,
        });
        let mut schema = Value::from(schema);
        if let Some(description) = schema.get_mut("description").map(Value::take) {
            parameter["description"] = description;
            schema
                .as_object_mut()
                .map(|schema| schema.shift_remove("description"));
        }
        parameter["schema"] = schema;
        self.parameters.push(parameter);
    }

    /// Returns whether there are parameters in the query.
    pub fn has_query(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter["in"] == "query")
    }

    /// Adds the fields of a struct, each as a query parameter.
    pub fn query<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(&mut self.schemas.requests);
        let fields = schema.get("properties").and_then(Value::as_object).cloned();
        for (name, field) in fields.unwrap_or_default() {
            self.parameter(
                ParameterLocation::Query,
                &name,
                Schema::try_from(field).unwrap_or_default(),
            );
        }
    }

    /// Adds a body, whose schema has a name and an example. Each media type may have its own schema.
    pub fn body(&mut self, media_types: &[&str], is_required: bool, schema: &Schema) {
        let example = example(schema.as_value(), self.schemas.requests.definitions());
        let body = self.body.get_or_insert_with(|| json!({"content": {}}));
        body["required"] = is_required.into();
        for (name, content) in content(media_types, schema, example) {
            body["content"][name] = content;
        }
    }

    /// Adds the JSON response of a successful request.
    pub fn response<T: JsonSchema>(&mut self, status: StatusCode) {
        self.response_as::<T>(status, &["application/json"]);
    }

    /// Adds the response of a successful request, under some media types.
    pub fn response_as<T: JsonSchema>(&mut self, status: StatusCode, media_types: &[&str]) {
        let schema = self.schemas.responses.subschema_for::<T>();
        let example = example(schema.as_value(), self.schemas.responses.definitions());
        let content = content(media_types, &schema, example);
        self.add_response(status, json!({"description": DONE, "content": content}));
    }

    /// Adds an error response, with an example of its body.
    pub fn error_response<T: JsonSchema>(
        &mut self,
        status: StatusCode,
        text: &str,
        media_types: &[&str],
        example: &Value,
    ) {
        let schema = self.schemas.responses.subschema_for::<T>();
        let content = content(media_types, &schema, Some(example.clone()));
        self.add_response(status, json!({"description": text, "content": content}));
    }

    /// Adds a response without a body.
    pub fn empty_response(&mut self, status: StatusCode) {
        self.add_response(status, json!({"description": DONE}));
    }

    fn add_response(&mut self, status: StatusCode, response: Value) {
        self.responses.insert(status.as_u16(), response);
    }

    /// Adds one of the accepted authentication schemes; `None` stands for no authentication.
    pub fn secured_by(&mut self, scheme: Option<&str>) {
        let scheme = scheme.map(|scheme| (scheme.to_owned(), json!([])));
        self.security
            .push(Value::Object(scheme.into_iter().collect()));
    }

    /// Returns the description as an OpenAPI object.
    pub fn into_value(self) -> Value {
        let Self {
            operation,
            schemas: _,
            parameters,
            body,
            responses,
            security,
        } = self;
        let mut value = json!({
            "tags": [operation.tag()],
            "operationId": operation.id,
            "summary": operation.summary,
        });
        if let Some(differs) = operation.differs {
            value["description"] = format!("Unlike the live service: {differs}.").into();
        }
        if !parameters.is_empty() {
            value["parameters"] = parameters.into();
        }
        if let Some(body) = body {
            value["requestBody"] = body;
        }
        let responses = responses
            .into_iter()
            .map(|(status, response)| (status.to_string(), response));
        value["responses"] = Value::Object(responses.collect());
        value["security"] = security.into();
        value
    }
}

fn content(media_types: &[&str], schema: &Schema, example: Option<Value>) -> Map<String, Value> {
    let mut content = json!({"schema": schema});
    if let Some(example) = example {
        content["example"] = example;
    }
    let media_types = media_types.iter();
    media_types
        .map(|name| ((*name).to_owned(), content.clone()))
        .collect()
}

/// Returns the first example of a schema: its own, that of the schema it refers to, or a list of one.
fn example(schema: &Value, definitions: &Map<String, Value>) -> Option<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        return example(definitions.get(name.rsplit('/').next()?)?, definitions);
    }
    if let Some(items) = schema.get("items") {
        return Some(json!([example(items, definitions)?]));
    }
    let first = schema["examples"].get(0);
    first.or_else(|| schema["enum"].get(0)).cloned()
}
