//! Every operation of the account API and of its companion.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{
    account, api_user, describe, duty_schedule, operator, operator_group, registration, timezone,
    user,
};
use crate::operation::{Api, Operation};

/// The account API. The `operationId`s are those of the vendor's Swagger file. It is older than the ApiUser paths, and has
/// one operation on the schedules of groups; the names of the others follow its pattern.
pub static ACCOUNT_API: Api = Api {
    server: "/v4",
    prefix: "",
    operations: &[
        account::OPERATIONS,
        api_user::OPERATIONS,
        operator::OPERATIONS,
        operator_group::OPERATIONS,
        duty_schedule::OPERATIONS,
        timezone::OPERATIONS,
        registration::OPERATIONS,
    ],
    describe: describe::describe,
};

/// The companion API, which is in no file of the vendor's; the names of its operations follow the pattern.
pub static USER_API: Api = Api {
    server: "/",
    prefix: "",
    operations: &[user::OPERATIONS],
    describe: describe::describe,
};

/// The operations of both.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    ACCOUNT_API.operations().chain(USER_API.operations())
}

/// The operation that a method of a route is.
pub fn find(method: &str, path: &str) -> Option<&'static Operation> {
    static BY_ROUTE: LazyLock<HashMap<(&str, &str), &Operation>> = LazyLock::new(|| {
        all()
            .map(|operation| ((operation.method, operation.path), operation))
            .collect()
    });

    BY_ROUTE.get(&(method, path)).copied()
}

/// The words in the paths of the pages for people.
pub const PAGES: [&str; 8] = [
    "index.html",
    "start.js",
    "swagger",
    "swagger-2.0.json",
    "swagger-ui-bundle.js",
    "swagger-ui.css",
    "swagger.json",
    "v1",
];
