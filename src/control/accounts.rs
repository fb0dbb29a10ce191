//! `/accounts`: accounts for tests, and snapshots of their states.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, NoContent, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::json;

use super::extract::{BaseUrl, Body, FromShape, Path, Within};
use super::problem::Result;
use super::scope::account_id;
use crate::AppState;
use crate::bind::{Fields, Item, Located, shape, with_example};
use crate::document::{self, Document, SeedInput};
use crate::domain::input::FieldValue;
use crate::domain::node::{Content, Node};
use crate::domain::value::{from_node, parsed};
use crate::domain::{ApiUserGuid, OperatorGuid, restore_parsed, schema};
use crate::error::Error;
use crate::operation::{Created, Describe, Description, Operation, operation};
use crate::service::accounts::{self, CreatedAccount, IfNameExists, LONGEST_LABEL, Source};
use crate::store::{State as Accounts, Tenant};
use crate::testing::Usage;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET "/accounts" => list, "Emulator_ListAccounts", "All accounts of the server."),
    operation!(POST "/accounts" => create, "Emulator_CreateAccount", "Makes an account that shares nothing with the others.")
        .or(&[StatusCode::NOT_FOUND]),
    operation!(GET "/accounts/{accountId}" => get, "Emulator_GetAccount", "An account."),
    operation!(DELETE "/accounts/{accountId}" => delete, "Emulator_DeleteAccount", "Deletes an account."),
    operation!(
        POST "/accounts/{accountId}/reset" => reset,
        "Emulator_ResetAccount", "Puts an account back to what it was when it was made or seeded."
    ),
    operation!(
        POST "/reset" => reset_all,
        "Emulator_Reset", "Puts the whole server back to what it was seeded with."
    ),
    operation!(
        GET "/accounts/{accountId}/export" => export,
        "Emulator_ExportAccount", "The account as a seed file."
    ),
    operation!(
        GET "/accounts/{accountId}/snapshots" => snapshots,
        "Emulator_ListSnapshots", "The named states of an account."
    ),
    operation!(
        GET "/accounts/{accountId}/snapshots/{name}" => get_snapshot,
        "Emulator_GetSnapshot", "A named state as a seed file."
    ),
    operation!(
        PUT "/accounts/{accountId}/snapshots/{name}" => take_snapshot,
        "Emulator_TakeSnapshot", "Keeps the present state of an account under a name."
    ),
    operation!(
        DELETE "/accounts/{accountId}/snapshots/{name}" => delete_snapshot,
        "Emulator_DeleteSnapshot", "Forgets a named state."
    ),
    operation!(
        POST "/accounts/{accountId}/snapshots/{name}/restore" => restore_snapshot,
        "Emulator_RestoreSnapshot", "Puts an account back into a named state."
    ),
];

/// An account to create.
#[derive(Debug)]
pub struct NewAccount {
    origin: Origin,
    label: Option<String>,
}

/// The source of a new account.
#[derive(Debug)]
enum Origin {
    Source(Source),
    Seed(SeedInput),
}

shape! {
    /// What to create an account from: a known source, or a document.
    NewAccountShape = "NewAccount", new_account_schema {
        /// `seed`, `empty` or `account:ID`.
        from: Source = "from",
        /// What testers call it in lists, journals and coverage.
        label: String = "label",
        /// A document with one account, as an object or as a string in YAML or JSON; see `/_emulator/seed.schema.json`.
        seed: SeedInput = "seed",
    }
}

fn new_account_schema(mut schema: Schema) -> Schema {
    let both = json!({"required": ["from", "seed"], "properties": {
        "from": {"type": "string"}, "seed": {"type": ["object", "string"]}
    }});
    schema.insert("not".to_owned(), both);
    if let Some(label) = schema.pointer_mut("/properties/label") {
        label["maxLength"] = LONGEST_LABEL.into();
    }
    with_example(schema, &json!({"from": "seed", "label": "test 7"}))
}

impl FromShape for NewAccount {
    type Shape = NewAccountShape;

    fn join(shape: NewAccountShape, fields: &mut Fields<'_>, _: Within<'_>) -> Option<Self> {
        let origin = match (shape.from.into_sent(), shape.seed.into_sent()) {
            (FieldValue::Value(source), FieldValue::Absent) => Origin::Source(source),
            (FieldValue::Absent, FieldValue::Value(seed)) => Origin::Seed(seed),
            (FieldValue::Absent, FieldValue::Absent) => Origin::Source(Source::default()),
            (FieldValue::Value(_), FieldValue::Value(_)) => {
                return fields.malformed("", "say either from or seed, not both");
            }
            (FieldValue::Invalid, _) | (_, FieldValue::Invalid) => return None,
        };
        Some(Self {
            origin,
            label: shape.label.into_value(),
        })
    }
}

impl NewAccount {
    pub async fn create(self, state: &AppState) -> Result<CreatedAccount, Error> {
        match self.origin {
            Origin::Seed(seed) => accounts::load(state, seed, self.label).await,
            Origin::Source(source) => accounts::create(state, source, self.label).await,
        }
    }
}

restore_parsed!(Source);

from_node!(Source, Text, parsed);

schema!(
    Source,
    |_| json_schema!({"type": "string", "pattern": "^(seed|empty|account:[0-9]{1,9})$"})
);

impl Item for SeedInput {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        let value = match &node.content {
            Content::Text(text) => Self::Text(text.as_str().into()),
            Content::Object(_) => {
                let mut root = node.clone();
                root.locate(String::new());
                Self::Object(root.into())
            }
            other => {
                let message = format!("must be an object or a text, not {other}");
                return fields.wrong(name, node, message);
            }
        };
        Located::Value {
            value,
            place: node.place.clone(),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["object", "string"]})
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EmulatedAccount", example = json!({
    "accountId": "123456", "name": "Example account", "isSeeded": true,
    "operators": 2, "operatorGroups": 3, "apiUsers": 1
}))]
struct AccountBody {
    account_id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    is_seeded: bool,
    operators: usize,
    operator_groups: usize,
    api_users: usize,
}

impl AccountBody {
    fn new(all: &Accounts, tenant: &Tenant) -> Self {
        let base = all.base(tenant.account.id);
        Self {
            account_id: tenant.account.id.to_string(),
            name: tenant.account.settings.name.clone(),
            label: base.and_then(|base| base.label.clone()),
            is_seeded: base.is_some_and(|base| base.is_seeded),
            operators: tenant.account.operators.len(),
            operator_groups: tenant.account.operator_groups.len(),
            api_users: tenant.account.api_users.len(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MadeAccount", example = json!({
    "accountId": "123457",
    "label": "test 7",
    "baseUrl": "http://127.0.0.1:8080/v4",
    "owner": {"OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "Email": "admin@example.com"},
    "apiUser": {
        "ApiUserGuid": "c1534087-590e-497e-b58e-00bc4dbfa1d3",
        "UserName": "c1534087590e497eb58e00bc4dbfa1d3",
        "Password": "t2Tq0N0c0mFhT8sQJx3n1wYb6pE"
    },
    "authorization": "Basic YzE1MzQwODc1OTBlNDk3ZWI1OGUwMGJjNGRiZmExZDM6dDJUcTBOMGMwbUZoVDhzUUp4M24xd1liNnBF"
}))]
struct CreatedAccountBody {
    account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    base_url: String,
    owner: Owner,
    api_user: ApiUserCredentials,
    /// The Authorization header of the API user.
    authorization: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "MadeOwner")]
struct Owner {
    operator_guid: OperatorGuid,
    email: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "MadeApiUser")]
struct ApiUserCredentials {
    api_user_guid: ApiUserGuid,
    user_name: String,
    password: String,
}

async fn list(State(state): State<AppState>) -> Json<Vec<AccountBody>> {
    let all = state.store.state();
    Json(
        all.tenants()
            .map(|tenant| AccountBody::new(&all, tenant))
            .collect(),
    )
}

async fn get(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<AccountBody>> {
    let all = state.store.state();
    Ok(Json(AccountBody::new(
        &all,
        accounts::tenant(&all, account_id(&id)?)?,
    )))
}

async fn create(
    State(state): State<AppState>,
    BaseUrl(base_url): BaseUrl,
    Body(new): Body<NewAccount>,
) -> Result<Created<Json<CreatedAccountBody>>> {
    let label = new.label.clone();
    let created = new.create(&state).await?;
    let authorization = created.authorization();
    let CreatedAccount {
        account,
        api_user,
        password,
    } = created;
    let owner = account.operator(account.owner)?;
    let body = CreatedAccountBody {
        account_id: account.id.to_string(),
        label,
        base_url: format!("{base_url}/v4"),
        owner: Owner {
            operator_guid: owner.guid,
            email: owner.profile().email.to_string(),
        },
        authorization,
        api_user: ApiUserCredentials {
            api_user_guid: api_user.guid,
            user_name: api_user.user_name.clone(),
            password,
        },
    };
    Ok(Created(Json(body)))
}

async fn delete(State(state): State<AppState>, Path(id): Path<String>) -> Result<NoContent> {
    accounts::delete(&state, account_id(&id)?).await?;
    Ok(NoContent)
}

async fn reset(State(state): State<AppState>, Path(id): Path<String>) -> Result<NoContent> {
    accounts::reset(&state, account_id(&id)?).await?;
    Ok(NoContent)
}

async fn reset_all(State(state): State<AppState>) -> Result<NoContent> {
    accounts::reset_all(&state).await?;
    Ok(NoContent)
}

#[derive(Serialize, JsonSchema)]
#[schemars(example = json!({"name": "before", "taken": "2026-01-01T00:00:00Z"}))]
struct Snapshot {
    name: String,
    /// When it was taken; snapshots of the first versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    taken: Option<String>,
}

async fn snapshots(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Snapshot>>> {
    let all = state.store.state();
    let tenant = accounts::tenant(&all, account_id(&id)?)?;
    Ok(Json(
        tenant
            .snapshots
            .iter()
            .map(|(name, snapshot)| Snapshot {
                name: name.clone(),
                taken: snapshot.taken.map(|at| format!("{at}Z")),
            })
            .collect(),
    ))
}

/// Returns the account as a seed file.
async fn export(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Document>> {
    let all = state.store.state();
    let tenant = accounts::tenant(&all, account_id(&id)?)?;
    Ok(Json(document::export(&tenant.account, &tenant.usage)))
}

/// Returns a snapshot as a seed file. It contains no usage, which a restore leaves unchanged.
async fn get_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Json<Document>> {
    let all = state.store.state();
    let snapshot = accounts::snapshot(accounts::tenant(&all, account_id(&id)?)?, &name)?;
    Ok(Json(document::export(&snapshot.account, &Usage::default())))
}

async fn take_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<TakenSnapshot> {
    let is_new =
        accounts::take_snapshot(&state, account_id(&id)?, name, IfNameExists::Replace).await?;
    Ok(TakenSnapshot { is_new })
}

/// The response to a taken snapshot: 201 if its name is new, else 204.
struct TakenSnapshot {
    is_new: bool,
}

impl IntoResponse for TakenSnapshot {
    fn into_response(self) -> Response {
        if self.is_new {
            Created(()).into_response()
        } else {
            NoContent.into_response()
        }
    }
}

impl Describe for TakenSnapshot {
    fn describe(description: &mut Description<'_>) {
        Created::<()>::describe(description);
        NoContent::describe(description);
    }
}

async fn delete_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<NoContent> {
    accounts::delete_snapshot(&state, account_id(&id)?, name).await?;
    Ok(NoContent)
}

async fn restore_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<NoContent> {
    accounts::restore_snapshot(&state, account_id(&id)?, name).await?;
    Ok(NoContent)
}
