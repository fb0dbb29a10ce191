//! The pages that list, create, reset, delete and export the server's accounts, and manage their snapshots.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path, Query};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Console;
use super::form::{Form, FormData, FormField};
use super::page::{
    Crumb, Failure, FormPage, Frame, Question, Result, Section, crumb, page, page_with, tools,
};
use super::session;
use super::setup::Search;
use super::tools::Tool;
use super::visit::parse;
use crate::document::{Document, SeedInput, export};
use crate::domain::{Account, AccountId, ApiUserGuid};
use crate::error::Error;
use crate::service;
use crate::service::accounts::{self, CreatedAccount, Source};
use crate::service::scope::Scope;
use crate::status::status;
use crate::store::{State, Tenant};
use crate::testing::Usage;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/accounts", get(list).post(create))
        .route("/accounts/new", get(new))
        .route("/accounts/reset", get(ask_to_reset_all).post(reset_all))
        .route("/accounts/{accountId}", get(show))
        .route(
            "/accounts/{accountId}/credentials/{apiUserGuid}",
            get(credentials),
        )
        .route("/accounts/{accountId}/reset", get(ask_to_reset).post(reset))
        .route(
            "/accounts/{accountId}/delete",
            get(ask_to_delete).post(delete),
        )
        .route("/accounts/{accountId}/export", get(export_account))
        .route("/accounts/{accountId}/snapshots", post(take_snapshot))
        .route(
            "/accounts/{accountId}/snapshots/restore",
            post(restore_snapshot),
        )
        .route(
            "/accounts/{accountId}/snapshots/delete",
            post(delete_snapshot),
        )
}

/// The maximum number of accounts on a page; a search finds the others.
const PAGE_SIZE: usize = 200;

#[derive(Template)]
#[template(path = "accounts.html")]
struct List {
    frame: Frame,
    search: Search,
    rows: Vec<Row>,
    /// The number of accounts.
    all: usize,
    /// The number of accounts that match the search.
    found: usize,
}

struct Row {
    id: AccountId,
    name: String,
    label: String,
    is_seeded: bool,
    owner: String,
    operators: usize,
    operator_groups: usize,
    api_users: usize,
    requests: usize,
}

impl Row {
    fn new(scope: &Scope, tenant: &Tenant) -> Self {
        let all = &scope.all;
        let account = &tenant.account;
        let base = all.base(account.id);
        Self {
            id: account.id,
            name: account.settings.name.clone(),
            label: label(all, tenant).to_owned(),
            is_seeded: base.is_some_and(|base| base.is_seeded),
            owner: owner(tenant).to_owned(),
            operators: account.operators.len(),
            operator_groups: account.operator_groups.len(),
            api_users: account.api_users.len(),
            requests: scope.number_of_requests(tenant),
        }
    }

    fn path(&self) -> String {
        tools(Some(self.id))
    }
}

/// Returns the label given to an account at its creation.
fn label<'a>(all: &'a State, tenant: &Tenant) -> &'a str {
    let base = all.base(tenant.account.id);
    base.and_then(|base| base.label.as_deref())
        .unwrap_or_default()
}

/// Returns the e-mail address of an account's owner.
fn owner(tenant: &Tenant) -> &str {
    let owner = tenant.account.operator(tenant.account.owner);
    owner.map_or("", |owner| owner.profile().email.as_str())
}

async fn list(tool: Tool, Query(search): Query<Search>) -> Result<Response> {
    let all = &tool.scope.all;
    let found: Vec<_> = all
        .tenants()
        .filter(|tenant| {
            let Account { id, settings, .. } = &*tenant.account;
            let (label, owner) = (label(all, tenant), owner(tenant));
            search.matches(&[&id.to_string(), &settings.name, label, owner])
        })
        .collect();
    let shown = found.iter().take(PAGE_SIZE);
    page(&List {
        frame: tool.frame(Section::Accounts, "Accounts"),
        search,
        all: all.tenants().count(),
        found: found.len(),
        rows: shown.map(|tenant| Row::new(&tool.scope, tenant)).collect(),
    })
}

fn crumbs() -> Vec<Crumb> {
    vec![crumb("Accounts", "/console/accounts")]
}

fn crumbs_below(account: AccountId) -> Vec<Crumb> {
    let mut crumbs = crumbs();
    crumbs.push(crumb(format!("Account {account}"), tools(Some(account))));
    crumbs
}

fn form() -> Form {
    Form::new([
        FormField::page_only(
            "from",
            "Made from",
            &[
                ("seed", "The first account of the seed"),
                ("empty", "Nothing but an owner and the system groups"),
                ("account", "Another account, as it is"),
                ("document", "A seed document"),
            ],
        ),
        FormField::text("accountId", "Account to copy")
            .hint("Its number")
            .shown_for("from=account"),
        FormField::area("seed", "Seed document")
            .hint("One account, in YAML or JSON")
            .shown_for("from=document"),
        FormField::text("label", "Label").hint("What you call it. Optional"),
    ])
}

fn new_page(tool: &Tool, form: Form) -> FormPage {
    FormPage {
        frame: tool.frame(Section::Accounts, "New account"),
        crumbs: crumbs(),
        intro: "Accounts share nothing: give each test its own.",
        form,
        action: "/console/accounts".to_owned(),
        submit: "Make account",
        cancel: "/console/accounts".to_owned(),
    }
}

async fn new(tool: Tool) -> Result<Response> {
    page(&new_page(&tool, form()))
}

async fn create(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    match create_account(&tool, &data).await {
        Ok(CreatedAccount {
            account,
            api_user,
            password,
        }) => {
            let path = format!("{}/credentials/{}", tools(Some(account.id)), api_user.guid);
            tool.visit.session.store_created(session::CreatedApiUser {
                api_user: api_user.guid,
                password,
            });
            Ok(tool
                .visit
                .done(format!("Account {} was made.", account.id), path))
        }
        Err(error) => {
            let form = form().with_data(&data).with_error(error);
            page_with(StatusCode::BAD_REQUEST, &new_page(&tool, form?))
        }
    }
}

async fn create_account(tool: &Tool, data: &FormData) -> Result<CreatedAccount, Error> {
    let label = data.get_nonblank("label");
    let from = match data.get("from").as_deref() {
        Some("document") => {
            let document = data.get("seed").unwrap_or_default();
            return accounts::load(tool.app(), SeedInput::Text(document.into()), label).await;
        }
        Some("account") => {
            let account = data.get("accountId").unwrap_or_default().parse();
            account
                .map(Source::Account)
                .map_err(|message| ("accountId", message))
        }
        from => {
            let source = from.unwrap_or_default().parse();
            source.map_err(|message| ("from", message))
        }
    };
    let source = from.map_err(|(field, message)| Error::malformed(field, message))?;
    accounts::create(tool.app(), source, label).await
}

#[derive(Template)]
#[template(path = "account_credentials.html")]
struct Credentials {
    frame: Frame,
    crumbs: Vec<Crumb>,
    account: AccountId,
    user_name: String,
    password: Option<String>,
    base_url: String,
    path: String,
}

async fn credentials(tool: Tool, Path((_, api_user)): Path<(String, String)>) -> Result<Response> {
    let tenant = tenant(&tool)?;
    let api_user = tenant.account.api_user(parse::<ApiUserGuid>(&api_user)?)?;
    page(&Credentials {
        frame: tool.frame(Section::Accounts, "Credentials"),
        crumbs: crumbs_below(tenant.account.id),
        account: tenant.account.id,
        user_name: api_user.user_name.clone(),
        password: tool.visit.session.take_password(api_user.guid),
        base_url: tool.visit.base_url.clone(),
        path: tool.path(),
    })
}

/// Returns the account of the page.
fn tenant(tool: &Tool) -> Result<&Tenant> {
    tool.scope
        .tenant
        .as_deref()
        .ok_or_else(Failure::unknown_page)
}

#[derive(Template)]
#[template(path = "account.html")]
struct Show {
    frame: Frame,
    crumbs: Vec<Crumb>,
    row: Row,
    owner_has_password: bool,
    faults: usize,
    clock: &'static str,
    snapshots: Vec<String>,
    form: Form,
}

fn snapshot_form() -> Form {
    Form::new([FormField::text("name", "Name").required()])
}

fn page_of(tool: &Tool, form: Form) -> Result<Show> {
    let tenant = tenant(tool)?;
    let owner = tenant.account.operator(tenant.account.owner)?;
    Ok(Show {
        frame: tool.frame(Section::Accounts, format!("Account {}", tenant.account.id)),
        crumbs: crumbs(),
        row: Row::new(&tool.scope, tenant),
        owner_has_password: owner.password().is_some() && tenant.account.may_log_in(owner),
        faults: tenant.testing.faults.list().len(),
        clock: service::clock::of(&tool.scope).mode(),
        snapshots: tenant.snapshots.keys().cloned().collect(),
        form,
    })
}

async fn show(tool: Tool) -> Result<Response> {
    page(&page_of(&tool, snapshot_form())?)
}

async fn ask_to_reset(tool: Tool) -> Result<Response> {
    let account = tenant(&tool)?.account.id;
    page(&Question {
        frame: tool.frame(Section::Accounts, "Reset account"),
        crumbs: crumbs_below(account),
        text: format!(
            "Account {account} goes back to what it was when it was made: its data, usage, snapshots, requests, faults and clock."
        ),
        action: tool.path() + "/reset",
        submit: "Reset account",
        cancel: tool.path(),
    })
}

async fn reset(tool: Tool) -> Result<Response> {
    accounts::reset(tool.app(), tenant(&tool)?.account.id).await?;
    Ok(tool.visit.done("The account was reset.", tool.path()))
}

async fn ask_to_reset_all(tool: Tool) -> Result<Response> {
    page(&Question {
        frame: tool.frame(Section::Accounts, "Reset the server"),
        crumbs: crumbs(),
        text: "All accounts go back to the seed, and those made since are deleted.".to_owned(),
        action: "/console/accounts/reset".to_owned(),
        submit: "Reset the server",
        cancel: "/console/accounts".to_owned(),
    })
}

async fn reset_all(tool: Tool) -> Result<Response> {
    accounts::reset_all(tool.app()).await?;
    Ok(tool
        .visit
        .done("The server was reset.", "/console/accounts"))
}

async fn ask_to_delete(tool: Tool) -> Result<Response> {
    let account = tenant(&tool)?.account.id;
    page(&Question {
        frame: tool.frame(Section::Accounts, "Delete account"),
        crumbs: crumbs_below(account),
        text: format!("Account {account} will be gone, with all that belongs to it."),
        action: tool.path() + "/delete",
        submit: "Delete account",
        cancel: tool.path(),
    })
}

async fn delete(tool: Tool) -> Result<Response> {
    let account = tenant(&tool)?.account.id;
    accounts::delete(tool.app(), account).await?;
    Ok(tool.visit.done(
        format!("Account {account} was deleted."),
        "/console/accounts",
    ))
}

#[derive(Deserialize)]
struct ExportQuery {
    snapshot: Option<String>,
}

/// Exports the account, or one of its snapshots, as a seed file.
async fn export_account(
    tool: Tool,
    Query(ExportQuery { snapshot }): Query<ExportQuery>,
) -> Result<Response> {
    let tenant = tenant(&tool)?;
    let document = match &snapshot {
        Some(name) => export(accounts::snapshot(tenant, name)?, &Usage::default()),
        None => export(&tenant.account, &tenant.usage),
    };
    Ok(download(tenant.account.id, &document))
}

fn download(account: AccountId, document: &Document) -> Response {
    let name = format!("attachment; filename=\"account-{account}.yaml\"");
    let head = [
        (CONTENT_TYPE, "application/yaml; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    (head, document.to_yaml()).into_response()
}

async fn take_snapshot(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let Some(name) = data.get_nonblank("name") else {
        let error = Error::malformed("name", "is required");
        let status = status(&error);
        let form = snapshot_form().with_data(&data).with_error(error)?;
        return page_with(status, &page_of(&tool, form)?);
    };
    let notice = format!("The state of the account is kept as {name}.");
    accounts::take_snapshot(tool.app(), tenant(&tool)?.account.id, name).await?;
    Ok(tool.visit.done(notice, tool.path()))
}

async fn restore_snapshot(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let name = data.get("name").unwrap_or_default();
    let notice = format!("The account is as it was in {name}.");
    accounts::restore_snapshot(tool.app(), tenant(&tool)?.account.id, name).await?;
    Ok(tool.visit.done(notice, tool.path()))
}

async fn delete_snapshot(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let name = data.get("name").unwrap_or_default();
    let notice = format!("The snapshot {name} was deleted.");
    accounts::delete_snapshot(tool.app(), tenant(&tool)?.account.id, name).await?;
    Ok(tool.visit.done(notice, tool.path()))
}
