//! Operations: the requests that the server handles. Each is declared once, next to its handler; the declaration yields its
//! route, its name in the journal, its entry in the list of supported operations, and its part of the OpenAPI document.

pub mod catalog;
mod description;
pub mod not_emulated;
pub mod path;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, NoContent, Response};
use axum::routing::{MethodFilter, MethodRouter};
use schemars::JsonSchema;

use crate::AppState;
pub use catalog::Catalog;
pub use description::{Description, ParameterLocation, Schemas, remove_null};

/// An API of the server: operations with one base path, one authentication scheme, and one format of errors.
#[derive(Debug)]
pub struct Api {
    /// The URL that clients send their requests to, as in the OpenAPI document.
    pub server: &'static str,
    /// The prefix of its operations' paths, below `server`.
    pub prefix: &'static str,
    pub operations: &'static [&'static [Operation]],
    /// Adds what all operations of the API share.
    pub describe: fn(&mut Description<'_>),
}

impl Api {
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> + use<> {
        self.operations.iter().copied().flatten()
    }

    /// Returns the routes of the operations, without the prefix.
    pub fn routes(&self) -> Router<AppState> {
        routes(self.operations())
    }
}

/// Returns the routes of some operations.
pub fn routes<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Router<AppState> {
    operations
        .into_iter()
        .fold(Router::new(), |routes, operation| {
            routes.route(operation.path, (operation.route)(operation.filter))
        })
}

/// An operation of an API, declared with `operation!`.
#[derive(Debug)]
pub struct Operation {
    /// The vendor's `operationId`, which begins with its tag: `Operator_GetAllOperators`.
    pub id: &'static str,
    pub method: &'static str,
    /// The path in the syntax of the router.
    pub path: &'static str,
    pub summary: &'static str,
    /// How the operation differs from that of the live service, if it does.
    pub differs: Option<&'static str>,
    /// The error statuses that follow neither from the arguments nor from the return type of the handler.
    pub refusals: &'static [StatusCode],
    pub filter: MethodFilter,
    pub route: fn(MethodFilter) -> MethodRouter<AppState>,
    pub describe: fn(&mut Description<'_>),
}

impl Operation {
    /// Sets how the operation differs from that of the live service.
    #[must_use]
    pub const fn but(self, differs: &'static str) -> Self {
        Self {
            differs: Some(differs),
            ..self
        }
    }

    /// Sets further error statuses.
    #[must_use]
    pub const fn or(self, refusals: &'static [StatusCode]) -> Self {
        Self { refusals, ..self }
    }

    /// Returns the vendor's name for the group of the operation.
    pub fn tag(&self) -> &'static str {
        self.id.split_once('_').map_or(self.id, |(tag, _)| tag)
    }
}

/// Declares an operation: `operation!(GET "/Operator" => list, "Operator_GetAllOperators", "What it does.")`
macro_rules! operation {
    ($method:ident $path:expr => $handler:expr, $id:expr, $summary:expr) => {
        $crate::operation::Operation {
            id: $id,
            method: stringify!($method),
            path: $path,
            summary: $summary,
            differs: None,
            refusals: &[],
            filter: axum::routing::MethodFilter::$method,
            route: |method| axum::routing::on(method, $handler),
            describe: |description| $crate::operation::describe(&$handler, description),
        }
    };
}

pub(crate) use operation;

/// An argument or return type of a handler, which adds to the description of the operation.
pub trait Describe {
    fn describe(description: &mut Description<'_>);
}

/// A handler, whose arguments and return type describe the operation.
pub trait DescribeHandler<Arguments> {
    fn describe(description: &mut Description<'_>);
}

/// Describes an operation by its handler.
pub fn describe<Arguments, H: DescribeHandler<Arguments>>(
    _: &H,
    description: &mut Description<'_>,
) {
    H::describe(description);
}

macro_rules! describe_handlers {
    ($([$($argument:ident)*])*) => {
        $(impl<H, Answer, Fut, $($argument),*> DescribeHandler<($($argument,)*)> for H
        where
            H: Fn($($argument),*) -> Fut,
            Fut: Future<Output = Answer>,
            Answer: Describe,
            $($argument: Describe,)*
        {
            fn describe(description: &mut Description<'_>) {
                $($argument::describe(description);)*
                Answer::describe(description);
            }
        })*
    };
}

describe_handlers!([] [A] [A B] [A B C] [A B C D]);

impl Describe for State<AppState> {
    fn describe(_: &mut Description<'_>) {}
}

impl<T: Describe, E> Describe for Result<T, E> {
    fn describe(description: &mut Description<'_>) {
        T::describe(description);
    }
}

impl Describe for NoContent {
    fn describe(description: &mut Description<'_>) {
        description.empty_response(StatusCode::NO_CONTENT);
    }
}

impl<T: JsonSchema> Describe for Json<T> {
    fn describe(description: &mut Description<'_>) {
        description.response::<T>(StatusCode::OK);
    }
}

/// The response to a request that created something, with or without a body.
#[derive(Debug)]
pub struct Created<B = ()>(pub B);

impl<B: IntoResponse> IntoResponse for Created<B> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}

impl Describe for Created {
    fn describe(description: &mut Description<'_>) {
        description.empty_response(StatusCode::CREATED);
    }
}

impl<T: JsonSchema> Describe for Created<Json<T>> {
    fn describe(description: &mut Description<'_>) {
        description.response::<T>(StatusCode::CREATED);
    }
}
