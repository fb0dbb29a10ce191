//! Every operation of the account API and of the companion API.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{
    account, api_user, describe, duty_schedule, operator, operator_group, registration, timezone,
    user,
};
use crate::operation::{Api, Operation};

/// The account API. The `operationId`s are those of the vendor's Swagger file. The file predates the ApiUser paths, and has
/// only one operation on the schedules of groups; the names of the others follow its pattern.
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

/// The companion API. No file of the vendor's describes it; the names of its operations follow the same pattern.
pub static USER_API: Api = Api {
    server: "/",
    prefix: "",
    operations: &[user::OPERATIONS],
    describe: describe::describe,
};

/// Returns the operations of both APIs.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    ACCOUNT_API.operations().chain(USER_API.operations())
}

/// Returns the operation with this method and route.
pub fn find(method: &str, path: &str) -> Option<&'static Operation> {
    static BY_ROUTE: LazyLock<HashMap<(&str, &str), &Operation>> = LazyLock::new(|| {
        all()
            .map(|operation| ((operation.method, operation.path), operation))
            .collect()
    });

    BY_ROUTE.get(&(method, path)).copied()
}

/// Returns the methods of a route.
pub fn methods(path: &str) -> impl Iterator<Item = &'static str> {
    all()
        .filter(move |operation| operation.path == path)
        .map(|operation| operation.method)
}

#[cfg(test)]
mod tests {
    use crate::operation::not_emulated::is_not_emulated;
    use crate::operation::path::canonical;

    #[test]
    fn the_words_of_paths_match_in_any_letter_case() {
        let words = super::all().flat_map(|operation| operation.path.split('/'));
        for word in words.filter(|word| !word.starts_with('{')) {
            let written = format!("/x/{}/y", word.to_lowercase());
            assert_eq!(canonical(&written), format!("/v4/x/{word}/y"));
        }
    }

    /// A path that begins like one that is not emulated is not looked up among the routes.
    #[test]
    fn no_operation_has_a_path_that_begins_like_one_that_is_not_emulated() {
        for operation in super::all() {
            assert!(!is_not_emulated(operation.path), "{operation:?}");
        }
    }
}
