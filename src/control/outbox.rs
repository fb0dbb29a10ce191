//! `…/outbox`: what the live service would have sent.

use axum::Json;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::scope::{Scope, both};
use crate::domain::{AccountId, OperatorGuid};
use crate::operation::Operation;
use crate::testing::outbox::{Kind, Message};

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/outbox" => list, "Emulator_ListOutbox", "The latest 1,000 messages that the live service would have sent, oldest first."),
    both!(DELETE "/outbox" => clear, "Emulator_ClearOutbox", "Forgets what would have been sent."),
];

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OutboxMessage", example = json!({
    "accountId": "123456", "to": "third@example.com", "kind": "invitation",
    "operatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "time": "2026-06-25T19:37:59Z"
}))]
struct MessageBody {
    account_id: String,
    /// An e-mail address.
    to: String,
    #[schemars(extend("enum" = ["invitation"]))]
    kind: &'static str,
    operator_guid: OperatorGuid,
    #[schemars(extend("format" = "date-time"))]
    time: String,
}

impl MessageBody {
    fn new(account: AccountId, message: &Message) -> Self {
        Self {
            account_id: account.to_string(),
            to: message.to.to_string(),
            kind: match message.kind {
                Kind::Invitation => "invitation",
            },
            operator_guid: message.operator,
            time: format!("{}Z", message.time),
        }
    }
}

async fn list(scope: Scope) -> Json<Vec<MessageBody>> {
    let messages = scope.outbox().into_iter();
    let messages = messages.map(|(account, message)| MessageBody::new(account, &message));
    Json(messages.collect())
}

async fn clear(scope: Scope) -> NoContent {
    scope.clear_outbox();
    NoContent
}
