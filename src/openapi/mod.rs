//! The OpenAPI document: every operation of the server, in the vendor's names, made from the code that serves them. The
//! page that shows it is here, too.

mod pages;
mod swagger2;

use serde_json::{Map, Value, json};

use crate::operation::{Api, Description, Schemas};

pub use pages::pages;

/// The operations of some APIs, in both forms.
#[derive(Debug)]
pub struct Documents {
    pub openapi: String,
    pub swagger2: String,
}

impl Documents {
    /// Paths of the document begin with what the first of the APIs says, unless a path says otherwise.
    pub fn of(apis: &[&'static Api]) -> Self {
        let document = document(apis);
        Self {
            openapi: format!("{document:#}\n"),
            swagger2: format!("{:#}\n", swagger2::translated(&document)),
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
