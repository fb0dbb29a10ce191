//! The OpenAPI document and the page that shows it. The document lists every operation of the server, under the vendor's names,
//! and is generated from the code that serves them.

mod pages;
mod swagger2;

use serde_json::{Map, Value, json};

use crate::operation::{Api, Description, Schemas};

pub use pages::pages;

/// The descriptions of some APIs, as OpenAPI 3.1 and as Swagger 2.0.
#[derive(Debug)]
pub struct Documents {
    pub openapi: String,
    pub swagger2: String,
}

impl Documents {
    /// Generates the documents. The server of the first API applies to all paths that do not name their own.
    pub fn of(apis: &[&'static Api]) -> Self {
        let document = document(apis);
        Self {
            openapi: format!("{document:#}\n"),
            swagger2: format!("{:#}\n", swagger2::translate(&document)),
        }
    }
}

fn document(apis: &[&'static Api]) -> Value {
    let server = apis.first().map_or("/", |api| api.server);
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for api in apis {
        for operation in api.operations() {
            let mut description = Description::new(operation, &mut schemas);
            (api.describe)(&mut description);
            let path = paths
                .entry(format!("{}{}", api.prefix, operation.path))
                .or_insert_with(|| {
                    if api.server == server {
                        json!({})
                    } else {
                        json!({"servers": [{"url": api.server}]})
                    }
                });
            path[operation.method.to_lowercase()] = description.into_value();
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Uptrends API v4, emulated",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A local stand-in for the account API of Uptrends, and the API of the emulator itself. \
                Nothing here acts on a real account.\n\n\
                Property names are found in any letter case, unknown and read-only properties are passed over, \
                and null is the same as nothing, unless an operation says otherwise. Every answer can be replaced \
                by a fault.",
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": schemas.into_components(),
            "securitySchemes": {
                "basicauth": {
                    "type": "http", "scheme": "basic", "description": "User name and password of an API user.",
                },
                "user-basicauth": {
                    "type": "http", "scheme": "basic", "description": "E-mail address and password of an operator.",
                },
                "controlToken": {
                    "type": "http", "scheme": "bearer", "description": "What --control-token says, if it is used.",
                },
            },
        },
    })
}
