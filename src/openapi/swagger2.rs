//! Translates the OpenAPI document to Swagger 2.0, for clients that expect the vendor's version of the format. What it cannot
//! express is omitted: operations on another server URL, alternatives of a schema, and a second media type.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub fn translate(document: &Value) -> Value {
    let schemas = &document["components"]["schemas"];
    let is_on_server = |path: &(&String, &Value)| path.1.get("servers").is_none();
    let paths: Map<_, _> = entries(&document["paths"])
        .filter(is_on_server)
        .map(|(name, path)| {
            (
                name.clone(),
                each(path, |operation| self::operation(operation, schemas)),
            )
        })
        .collect();
    let definitions = each(schemas, schema);
    let security: Map<_, _> = entries(&document["components"]["securitySchemes"])
        .filter(|(_, scheme)| scheme["scheme"] == "basic")
        .map(|(name, scheme)| {
            (
                name.clone(),
                json!({"type": "basic", "description": scheme["description"]}),
            )
        })
        .collect();
    let paths = Value::Object(paths);
    json!({
        "swagger": "2.0",
        "info": document["info"],
        "basePath": document["servers"][0]["url"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": security,
        "definitions": used(&paths, &definitions),
        "paths": paths,
    })
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn each(object: &Value, translate: impl Fn(&Value) -> Value) -> Value {
    entries(object)
        .map(|(name, value)| (name.clone(), translate(value)))
        .collect()
}

fn operation(operation: &Value, schemas: &Value) -> Value {
    let mut translated = operation.clone();
    let mut parameters: Vec<_> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|value| parameter(value, schemas))
        .collect();
    if let Some(body) = operation.get("requestBody") {
        let (_, content) = media_type(body);
        parameters.push(json!({
            "name": "body", "in": "body", "required": body["required"], "schema": schema(&content["schema"]),
        }));
    }
    translated["parameters"] = parameters.into();
    translated["responses"] = each(&operation["responses"], |response| {
        let mut translated = json!({"description": response["description"]});
        if response.get("content").is_some() {
            let (name, content) = media_type(response);
            translated["schema"] = schema(&content["schema"]);
            translated["examples"] = json!({name: content["example"]});
        }
        translated
    });
    if let Some(translated) = translated.as_object_mut() {
        translated.shift_remove("requestBody");
    }
    translated
}

/// Returns the first media type of a body, and its content.
fn media_type(body: &Value) -> (&str, &Value) {
    entries(&body["content"])
        .next()
        .map_or(("application/json", &Value::Null), |(name, content)| {
            (name, content)
        })
}

/// Translates a parameter. In Swagger 2.0 it is itself a schema, and cannot refer to another.
fn parameter(parameter: &Value, schemas: &Value) -> Value {
    let inline = &parameter["schema"];
    let reference = inline["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next());
    let mut translated = parameter.clone();
    for (name, value) in entries(&schema(reference.map_or(inline, |name| &schemas[name]))) {
        if translated.get(name).is_none() {
            translated[name] = value.clone();
        }
    }
    if let Some(translated) = translated.as_object_mut() {
        translated.shift_remove("schema");
        translated.shift_remove("example");
    }
    translated
}

fn schema(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    if let Some(kinds) = fields.get("oneOf").filter(|_| !fields.contains_key("type")) {
        return one_of(kinds, fields.get("examples"));
    }
    if let Some(Value::Array(schemas)) =
        fields.get("anyOf").filter(|_| !fields.contains_key("type"))
    {
        return schemas.first().map_or(Value::Null, schema);
    }
    let mut translated = Map::new();
    for (name, value) in fields {
        let (name, value) = match (name.as_str(), value) {
            ("$ref", Value::String(name)) => (
                "$ref",
                name.replace("/components/schemas/", "/definitions/").into(),
            ),
            ("type", Value::Array(types)) => ("type", types[0].clone()),
            ("enum", Value::Array(words)) => (
                "enum",
                words
                    .iter()
                    .filter(|word| !word.is_null())
                    .cloned()
                    .collect(),
            ),
            // The vendor's file uses this format, although the offset is missing.
            ("format", Value::String(format)) if format == "date-time-local" => {
                ("format", "date-time".into())
            }
            ("examples", examples) => ("example", examples[0].clone()),
            ("properties", properties) => ("properties", each(properties, schema)),
            ("items" | "additionalProperties", value) => (name.as_str(), schema(value)),
            ("required", Value::Array(names)) if names.is_empty() => continue,
            ("writeOnly" | "$defs" | "propertyNames", _) => continue,
            (name, value) => (name, value.clone()),
        };
        translated.insert(name.to_owned(), value);
    }
    Value::Object(translated)
}

/// Merges the schemas of several kinds: the result has the fields of all, and requires those that all require.
fn one_of(kinds: &Value, examples: Option<&Value>) -> Value {
    let kinds: Vec<_> = kinds.as_array().into_iter().flatten().map(schema).collect();
    let mut properties = Map::new();
    for (name, property) in kinds.iter().flat_map(|kind| entries(&kind["properties"])) {
        let known = properties
            .entry(name.clone())
            .or_insert_with(|| property.clone());
        if let (Some(Value::Array(words)), Some(Value::Array(more))) =
            (known.get_mut("enum"), property.get("enum"))
        {
            words.extend(
                more.iter()
                    .filter(|word| !words.contains(word))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        for (bound, wider) in [
            ("minimum", i64::min as fn(_, _) -> _),
            ("maximum", i64::max),
        ] {
            let limit = |schema: &Value| schema[bound].as_i64();
            if let (Some(one), Some(other)) = (limit(known), limit(property)) {
                known[bound] = wider(one, other).into();
            }
        }
    }
    let is_required = |name: &&String| {
        kinds.iter().all(|kind| {
            kind["required"]
                .as_array()
                .is_some_and(|required| required.contains(&json!(name)))
        })
    };
    let required: Vec<_> = properties.keys().filter(is_required).cloned().collect();
    let mut translated = json!({"type": "object", "properties": properties, "required": required});
    if let Some(examples) = examples {
        translated["example"] = examples[0].clone();
    }
    translated
}

/// Returns the definitions that the paths refer to, directly or through other definitions.
fn used(paths: &Value, definitions: &Value) -> Map<String, Value> {
    let mut names = BTreeSet::new();
    let mut waiting = vec![paths];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(object) => waiting.extend(object.values()),
            Value::Array(items) => waiting.extend(items),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix("#/definitions/")
                    && names.insert(name)
                {
                    waiting.push(&definitions[name]);
                }
            }
            _ => {}
        }
    }
    names
        .into_iter()
        .map(|name| (name.to_owned(), definitions[name].clone()))
        .collect()
}
