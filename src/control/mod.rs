//! The emulator's own API, under `/_emulator`: accounts, the journal, faults and the clock. Its JSON is in camelCase; errors are
//! `application/problem+json` (RFC 9457).

mod accounts;
mod any_json;
mod clock;
mod coverage;
mod describe;
mod extract;
mod faults;
mod har;
mod matches;
mod outbox;
mod problem;
mod recorded;
mod requests;
mod scope;
mod verify;

use std::collections::HashSet;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

use crate::document::schema;
use crate::domain::text::quoted;
use crate::error::Error;
use crate::operation::{Api, Description, Operation, Schemas, operation};
use crate::{AppState, Control};
pub use accounts::NewAccount;
pub use clock::{Freeze, Instant};
pub use coverage::{Counted, CoverageBody, OperationBody as OperationCoverage};
pub use extract::{FromShape, LARGEST_BODY, Within, of_json, of_list, of_query};
pub use matches::in_words;
pub use outbox::OutboxMessage;
use problem::Problem;
pub use recorded::{RecordedMessage, RecordedRequest};

/// The control API, which `--control` switches and `--control-token` protects.
pub static API: Api = Api {
    server: "/",
    prefix: "/_emulator",
    operations: &[
        OPERATIONS,
        accounts::OPERATIONS,
        requests::OPERATIONS.as_flattened(),
        verify::OPERATIONS.as_flattened(),
        faults::OPERATIONS.as_flattened(),
        clock::OPERATIONS.as_flattened(),
        coverage::OPERATIONS.as_flattened(),
        outbox::OPERATIONS.as_flattened(),
    ],
    describe: describe::describe,
};

/// The operations that are available with `--control off`, and without a token.
pub static HEALTH_API: Api = Api {
    server: "/",
    prefix: "/_emulator",
    operations: &[&[
        operation!(GET "/health" => health, "Emulator_GetHealth", "Whether the emulator is alive."),
        operation!(GET "/ready" => ready, "Emulator_GetReadiness", "Whether the emulator is ready for requests.")
            .or(&[StatusCode::SERVICE_UNAVAILABLE]),
    ]],
    describe: describe::describe_open,
};

static OPERATIONS: &[Operation] = &[
    operation!(
        GET "/supported" => supported,
        "Emulator_ListSupported", "Every operation of the live service, and what became of it here."
    ),
    operation!(GET "/seed.schema.json" => seed_schema, "Emulator_GetSeedSchema", "The JSON Schema of seed files."),
];

/// Returns the routes under `/_emulator`.
pub fn routes(state: &AppState) -> Router {
    let always = HEALTH_API
        .routes()
        .method_not_allowed_fallback(wrong_method)
        .with_state(state.clone());
    let control = match &state.control {
        Control::Off => Router::new().fallback(async || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "the control API is off (--control off)",
            )
        }),
        Control::On { .. } => API
            .routes()
            .method_not_allowed_fallback(wrong_method)
            .fallback(async || {
                Problem::new(
                    StatusCode::NOT_FOUND,
                    "there is no such path under /_emulator",
                )
            })
            .layer(from_fn_with_state(state.clone(), guard))
            .with_state(state.clone()),
    };
    control
        .merge(always)
        .layer(CatchPanicLayer::custom(|panic| {
            Problem::from(Error::of_panic(panic)).into_response()
        }))
        .layer(map_response(with_charset))
}

/// Adds the charset to a JSON response, for clients that would otherwise assume another one by default.
async fn with_charset(mut response: Response) -> Response {
    let content_type = response.headers().get(CONTENT_TYPE);
    if content_type.is_some_and(|value| value == "application/json") {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, json);
    }
    response
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "the Allow header names the methods of this path",
    )
}

/// Rejects requests of web pages from other hosts and, if there is a token, all requests without it.
async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match refusal(&state, &request).or_else(|| unknown_parameter(&request)) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Rejects a parameter of an operation that has none: `/accounts?label=x` would list all accounts.
fn unknown_parameter(request: &Request) -> Option<Response> {
    static WITH_QUERY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        let mut schemas = Schemas::default();
        let mut has_query =
            |operation: &&'static Operation| Description::new(operation, &mut schemas).has_query();
        let operations = API.operations().filter(|operation| has_query(operation));
        operations.map(|operation| operation.id).collect()
    });

    let query = request.uri().query()?;
    let (name, _) = form_urlencoded::parse(query.as_bytes()).next()?;
    let path = request.extensions().get::<MatchedPath>()?;
    let path = path.as_str().strip_prefix(API.prefix)?;
    let is_it =
        |operation: &&Operation| operation.method == request.method() && operation.path == path;
    let operation = API.operations().find(is_it)?;
    if WITH_QUERY.contains(operation.id) {
        return None;
    }
    let message = format!(
        "{} is not a parameter here: {} has none",
        quoted(&name),
        operation.id
    );
    Some(Problem::bad_request(message).into_response())
}

fn refusal(state: &AppState, request: &Request) -> Option<Response> {
    let (control, headers) = (&state.control, request.headers());
    let (method, uri) = (request.method(), request.uri());
    if let Some(message) = state.names.refusal(control, method, uri, headers) {
        return Some(Problem::new(StatusCode::FORBIDDEN, message).into_response());
    }
    let authorization = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '));
    let bearer = authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    if control.admits(bearer.map(|(_, token)| token.trim())) {
        return None;
    }
    let message = "send the token of --control-token: Authorization: Bearer …";
    Some(
        (
            [(WWW_AUTHENTICATE, "Bearer")],
            Problem::new(StatusCode::UNAUTHORIZED, message),
        )
            .into_response(),
    )
}

/// The version of the control API and of the format of seeds. It changes only when something that worked stops working.
const API_VERSION: u32 = 1;

/// That the emulator is alive, and which one it is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({
    "status": "alive", "version": "0.1.0", "apiVersion": 1, "instance": "5e0c2b0e-6a5a-4f0f-8f3c-1d7a3f0b9c11"
}))]
struct Health {
    status: &'static str,
    version: &'static str,
    /// The version of the control API and of the format of seeds, which changes only when something that worked stops working.
    api_version: u32,
    /// A name that is new with every start.
    #[schemars(extend("format" = "uuid"))]
    instance: String,
}

impl Health {
    fn of(instance: Uuid) -> axum::Json<Self> {
        axum::Json(Self {
            status: "alive",
            version: env!("CARGO_PKG_VERSION"),
            api_version: API_VERSION,
            instance: instance.to_string(),
        })
    }
}

async fn health(State(state): State<AppState>) -> axum::Json<Health> {
    Health::of(state.instance)
}

#[derive(Serialize, JsonSchema)]
#[schemars(example = json!({"status": "ready"}))]
struct Readiness {
    status: &'static str,
}

async fn ready(State(state): State<AppState>) -> problem::Result<axum::Json<Readiness>> {
    match state.store.outage() {
        None => Ok(axum::Json(Readiness { status: "ready" })),
        Some(reason) => {
            let message = format!("changes cannot be kept in the database: {reason}");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, message))
        }
    }
}

/// Returns the response to a request under `/_emulator` before the accounts are loaded.
pub fn starting(path: &str, instance: Uuid) -> Option<Response> {
    Some(match path.strip_prefix("/_emulator/")? {
        "health" => Health::of(instance).into_response(),
        _ => Problem::from(Error::NotReady).into_response(),
    })
}

/// An operation of the live service, and whether it is emulated.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({
    "operationId": "Operator_GetAllOperators", "method": "GET", "path": "/v4/Operator", "isEmulated": true
}))]
struct Supported {
    operation_id: &'static str,
    method: &'static str,
    path: String,
    is_emulated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("type" = "object"), example = json!({"title": "Seed file of uptrends-emulator"}))]
struct SeedSchema(Value);

async fn seed_schema() -> axum::Json<SeedSchema> {
    axum::Json(SeedSchema(schema()))
}

async fn supported(State(state): State<AppState>) -> axum::Json<Vec<Supported>> {
    let all = state.catalog.all().map(|known| Supported {
        operation_id: known.id,
        method: known.method,
        path: known.path,
        is_emulated: known.emulated.is_some(),
        differs: known.emulated.and_then(|operation| operation.differs),
    });
    axum::Json(all.collect())
}
