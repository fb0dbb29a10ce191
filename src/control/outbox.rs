//! `…/outbox`: what the live service would have sent.

use axum::Json;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::scope::{Scope, both};
use crate::domain::AccountId;
use crate::operation::Operation;
use crate::testing::outbox::{Kind, Message};

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/outbox" => list, "Emulator_ListOutbox", "The latest 1,000 messages that the live service would have sent, oldest first."),
    both!(DELETE "/outbox" => clear, "Emulator_ClearOutbox", "Forgets what would have been sent."),
];

/// A message that the live service would have sent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({
    "accountId": "123456", "to": "third@example.com", "kind": "invitation",
    "operatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "time": "2026-06-25T19:37:59Z"
}))]
pub struct OutboxMessage {
    pub account_id: String,
    /// An e-mail address.
    pub to: String,
    /// What it is: `invitation`.
    #[schemars(extend("enum" = ["invitation"]))]
    pub kind: &'static str,
    /// The operator that it is about.
    #[schemars(extend("format" = "uuid"))]
    pub operator_guid: String,
    /// The time of the account's clock, in RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
}

impl OutboxMessage {
    pub(crate) fn new(account: AccountId, message: &Message) -> Self {
        Self {
            account_id: account.to_string(),
            to: message.to.to_string(),
            kind: match message.kind {
                Kind::Invitation => "invitation",
            },
            operator_guid: message.operator.to_string(),
            time: format!("{}Z", message.time),
        }
    }
}

async fn list(scope: Scope) -> Json<Vec<OutboxMessage>> {
    let messages = scope.outbox().into_iter();
    let messages = messages.map(|(account, message)| OutboxMessage::new(account, &message));
    Json(messages.collect())
}

async fn clear(scope: Scope) -> NoContent {
    scope.clear_outbox();
    NoContent
}
