//! Operations: what the server answers. Each is declared once, beside its handler; from that come its route, its name in
//! the journal, its line in the list of what is supported, and its part of the OpenAPI document.

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
pub use description::{Description, ParameterLocation, Schemas, remove_null};

/// An API of the server: operations with one base, one way to log in, and one shape of errors.
#[derive(Debug)]
pub struct Api {
    /// What clients send their requests to.
    pub server: &'static str,
    /// What the paths of its operations begin with, below `server`.
    pub prefix: &'static str,
    pub operations: &'static [&'static [Operation]],
    /// Adds what all operations of the API share.
    pub describe: fn(&mut Description<'_>),
}

impl Api {
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> + use<> {
        self.operations.iter().copied().flatten()
    }

    /// The routes of the operations, without the prefix.
    pub fn routes(&self) -> Router<AppState> {
        routes(self.operations())
    }
}

/// The routes of some operations.
pub fn routes<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Router<AppState> {
    operations
        .into_iter()
        .fold(Router::new(), |routes, operation| {
            routes.route(operation.path, (operation.route)(operation.filter))
        })
}

/// An operation of an API. `operation!` makes one.
#[derive(Debug)]
pub struct Operation {
    /// The vendor's `operationId`, which begins with its tag: `Operator_GetAllOperators`.
    pub id: &'static str,
    pub method: &'static str,
    /// The path as the router has it.
    pub path: &'static str,
    pub summary: &'static str,
    /// What the live service does otherwise, if anything.
    pub differs: Option<&'static str>,
    /// The statuses of refusals that neither arguments nor answer of the handler tell of.
    pub refusals: &'static [StatusCode],
    pub filter: MethodFilter,
    pub route: fn(MethodFilter) -> MethodRouter<AppState>,
    pub describe: fn(&mut Description<'_>),
}

impl Operation {
    #[must_use]
    pub const fn but(self, differs: &'static str) -> Self {
        Self {
            differs: Some(differs),
            ..self
        }
    }

    #[must_use]
    pub const fn or(self, refusals: &'static [StatusCode]) -> Self {
        Self { refusals, ..self }
    }

    /// The vendor's name for a group of operations.
    pub fn tag(&self) -> &'static str {
        self.id.split_once('_').map_or(self.id, |(tag, _)| tag)
    }
}

/// `operation!(GET "/Operator" => list, "Operator_GetAllOperators", "What it does.")`
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

/// What an argument of a handler takes from a request, or what its answer gives.
pub trait Describe {
    fn describe(description: &mut Description<'_>);
}

/// A handler, whose arguments and answer tell what its operation needs and gives.
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
        description.answers_nothing(StatusCode::NO_CONTENT);
    }
}

impl<T: JsonSchema> Describe for Json<T> {
    fn describe(description: &mut Description<'_>) {
        description.answers::<T>(StatusCode::OK);
    }
}

/// The answer to a request that made something, with or without it.
#[derive(Debug)]
pub struct Created<B = ()>(pub B);

impl<B: IntoResponse> IntoResponse for Created<B> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}

impl Describe for Created {
    fn describe(description: &mut Description<'_>) {
        description.answers_nothing(StatusCode::CREATED);
    }
}

impl<T: JsonSchema> Describe for Created<Json<T>> {
    fn describe(description: &mut Description<'_>) {
        description.answers::<T>(StatusCode::CREATED);
    }
}
