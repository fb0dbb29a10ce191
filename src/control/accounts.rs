//! `/accounts`: an account for each test, and the states it was in.

use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Body, Path, Problem, Result};
use super::scope::account_id;
use crate::AppState;
use crate::document::{self, Document};
use crate::domain::{ApiUserGuid, OperatorGuid, Usage};
use crate::service::accounts::{self, Made, Source};
use crate::store::{Slot, State as Accounts};

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/accounts", get(list).post(create))
        .route("/accounts/{accountId}", get(look).delete(delete))
        .route("/accounts/{accountId}/reset", post(reset))
        .route("/reset", post(reset_all))
        .route("/accounts/{accountId}/export", get(export))
        .route("/accounts/{accountId}/snapshots", get(snapshots))
        .route(
            "/accounts/{accountId}/snapshots/{name}",
            get(look_at_snapshot)
                .put(take_snapshot)
                .delete(delete_snapshot),
        )
        .route(
            "/accounts/{accountId}/snapshots/{name}/restore",
            post(restore_snapshot),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// `seed`, `empty` or `account:ID`.
    from: Option<String>,
    label: Option<String>,
    /// A document with one account, as an object or as a text in YAML or JSON.
    seed: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
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
    fn new(all: &Accounts, slot: &Slot) -> Self {
        let base = all.base(slot.account.id);
        Self {
            account_id: slot.account.id.to_string(),
            name: slot.account.settings.name.clone(),
            label: base.and_then(|base| base.label.clone()),
            is_seeded: base.is_some_and(|base| base.is_seeded),
            operators: slot.account.operators.len(),
            operator_groups: slot.account.operator_groups.len(),
            api_users: slot.account.api_users.len(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MadeBody {
    account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    base_url: String,
    owner: Owner,
    api_user: Credentials,
    /// The Authorization header of the API user.
    authorization: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    operator_guid: OperatorGuid,
    email: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    api_user_guid: ApiUserGuid,
    user_name: String,
    password: String,
}

async fn list(State(state): State<AppState>) -> Json<Vec<AccountBody>> {
    let all = state.store.state();
    Json(
        all.slots()
            .map(|slot| AccountBody::new(&all, slot))
            .collect(),
    )
}

async fn look(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<AccountBody>> {
    let all = state.store.state();
    Ok(Json(AccountBody::new(
        &all,
        accounts::slot(&all, account_id(&id)?)?,
    )))
}

async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(NewAccount { from, label, seed }): Body<NewAccount>,
) -> Result<(StatusCode, Json<MadeBody>)> {
    let made = match (from, seed) {
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request("say either from or seed, not both"));
        }
        (None, Some(Value::String(text))) => accounts::load(&state, &text, label.clone()).await?,
        (None, Some(seed)) => accounts::load(&state, &format!("{seed:#}"), label.clone()).await?,
        (from, None) => accounts::create(&state, source(from.as_deref())?, label.clone()).await?,
    };
    let Made {
        account,
        api_user,
        password,
    } = made;
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let owner = account.operator(account.owner)?;
    let body = MadeBody {
        account_id: account.id.to_string(),
        label,
        base_url: format!("http://{host}/v4"),
        owner: Owner {
            operator_guid: owner.guid,
            email: owner.profile().email.to_string(),
        },
        authorization: format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{password}", api_user.user_name))
        ),
        api_user: Credentials {
            api_user_guid: api_user.guid,
            user_name: api_user.user_name.clone(),
            password,
        },
    };
    Ok((StatusCode::CREATED, Json(body)))
}

fn source(from: Option<&str>) -> Result<Source> {
    match from {
        None | Some("seed") => Ok(Source::Seed),
        Some("empty") => Ok(Source::Empty),
        Some(from) => match from.strip_prefix("account:") {
            Some(id) => Ok(Source::Account(account_id(id)?)),
            None => Err(Problem::bad_request(format!(
                "from: {from} is none of seed, empty and account:ID"
            ))),
        },
    }
}

async fn delete(State(state): State<AppState>, Path(id): Path<String>) -> Result<StatusCode> {
    accounts::delete(&state, account_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(State(state): State<AppState>, Path(id): Path<String>) -> Result<StatusCode> {
    accounts::reset(&state, account_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reset_all(State(state): State<AppState>) -> Result<StatusCode> {
    accounts::reset_all(&state).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Snapshot {
    name: String,
}

async fn snapshots(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Snapshot>>> {
    let all = state.store.state();
    let slot = accounts::slot(&all, account_id(&id)?)?;
    Ok(Json(
        slot.snapshots
            .keys()
            .map(|name| Snapshot { name: name.clone() })
            .collect(),
    ))
}

/// The account as a seed file.
async fn export(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Document>> {
    let all = state.store.state();
    let slot = accounts::slot(&all, account_id(&id)?)?;
    Ok(Json(document::export(&slot.account, &slot.usage)))
}

/// A named state as a seed file. It tells of no usage, which a restore leaves alone.
async fn look_at_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Json<Document>> {
    let all = state.store.state();
    let account = accounts::snapshot(accounts::slot(&all, account_id(&id)?)?, &name)?;
    Ok(Json(document::export(account, &Usage::default())))
}

async fn take_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    let is_new = accounts::take_snapshot(&state, account_id(&id)?, name).await?;
    Ok(if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::NO_CONTENT
    })
}

async fn delete_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    accounts::delete_snapshot(&state, account_id(&id)?, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn restore_snapshot(
    State(state): State<AppState>,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    accounts::restore_snapshot(&state, account_id(&id)?, name).await?;
    Ok(StatusCode::NO_CONTENT)
}
