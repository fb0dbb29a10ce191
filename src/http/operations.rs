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

/// The methods of a route.
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
    fn the_words_of_paths_are_understood_in_any_letter_case() {
        let words = super::all().flat_map(|operation| operation.path.split('/'));
        for word in words.filter(|word| !word.starts_with('{')) {
            let written = format!("/x/{}/y", word.to_lowercase());
            assert_eq!(canonical(&written), format!("/v4/x/{word}/y"));
        }
    }

    /// What begins like a path that is not emulated is not looked for among the routes.
    #[test]
    fn no_operation_has_a_path_that_begins_like_one_that_is_not_emulated() {
        for operation in super::all() {
            assert!(!is_not_emulated(operation.path), "{operation:?}");
        }
    }
}
