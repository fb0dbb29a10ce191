//! The builder of a match.

use std::fmt::Display;

use serde_json::Value;

use super::Fields;

/// Which requests: those that agree with everything that is set.
///
/// What no operation of the live service can meet, such as a misspelt path, is almost always a slip, and rejected with the nearest
/// one that can. Use [`Match::unknown`] if it is meant.
///
/// ```
/// # use serde_json::json;
/// # use uptrends_emulator::Match;
/// let rejected = Match::request("POST", "/v4/Operator").status("4xx");
/// let renamed = Match::operation("Operator_PatchOperator").body(json!({"FullName": "Alice"}));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it does nothing by itself"]
pub struct Match(pub(super) Fields);

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// The requests with a method and a path; see [`Match::path`].
    pub fn request(method: &str, path: &str) -> Self {
        Self::any().method(method).path(path)
    }

    /// The requests of an operation, by its `operationId` in the OpenAPI document, such as `Operator_CreateOperator`.
    pub fn operation(id: &str) -> Self {
        Self::any().with("operationId", id)
    }

    pub fn method(self, method: &str) -> Self {
        self.with("method", method)
    }

    /// Sets the path without its query; `*` is one segment. `/Operator` and `/V4/operator/` mean `/v4/Operator`.
    pub fn path(self, path: &str) -> Self {
        self.with("path", path)
    }

    /// Sets the user name of the API user; for `/Register`, of the operator.
    pub fn user_name(self, name: &str) -> Self {
        self.with("userName", name)
    }

    /// Sets the number of the account. It is of use for the whole server only.
    pub fn account(self, id: &str) -> Self {
        self.with("account", id)
    }

    /// Sets the label of the account. It is of use for the whole server only.
    pub fn label(self, label: &str) -> Self {
        self.with("label", label)
    }

    /// Sets the status, such as `404`, or a class of them, such as `"4xx"`.
    pub fn status(self, status: impl Display) -> Self {
        self.with("status", status.to_string())
    }

    /// Sets a part of the JSON body or form of the request: fields that it has, and items of its lists. Names are compared without
    /// regard to case.
    pub fn body(self, part: impl Into<Value>) -> Self {
        self.with("body", part)
    }

    /// Sets a text that occurs in path, query, reasons or bodies, in any letter case.
    pub fn text(self, text: &str) -> Self {
        self.with("text", text)
    }

    /// Sets whether the live service has no such operation.
    pub fn unknown(self, is_unknown: bool) -> Self {
        self.with("unknown", is_unknown)
    }

    fn with(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(name, value))
    }
}
