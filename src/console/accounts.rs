//! The pages that list, create, reset, delete and export the server's accounts, and manage their snapshots.

use std::sync::Arc;

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse as _;

use super::api_users;
use super::page::{TOOLS, redirect};
use super::prelude::*;
use super::session::News;
use super::visit::{leave, with_query};
use crate::document::{SeedInput, export};
use crate::domain::{Account, AccountId, Moment};
use crate::error::Error;
use crate::service;
use crate::service::accounts::{self, CreatedAccount, IfNameExists, Source};
use crate::service::scope::Scope;
use crate::store::Tenant;
use crate::testing::outbox::Message;
use crate::testing::{TestState, Usage};

pub fn routes() -> Router<Console> {
    let of_account = Router::new()
        .route("/", get(show))
        .route("/credentials/{apiUserGuid}", get(credentials))
        .route("/reset", get(ask_to_reset).post(reset))
        .route("/delete", get(ask_to_delete).post(delete))
        .route("/export", get(export_account))
        .route("/snapshots", post(take_snapshot))
        .route("/snapshots/restore", get(ask_to_restore).post(restore))
        .route("/snapshots/delete", get(ask_to_forget).post(forget));
    Router::new()
        .route("/account", get(pick))
        .route("/accounts", get(list).post(create))
        .route("/accounts/new", get(new))
        .route("/accounts/reset", get(ask_to_reset_all).post(reset_all))
        .nest("/accounts/{accountId}", of_account)
}

pages! {
    List = "accounts.html" { accounts: Listed<Row> }
    New = "account_new.html" { form: Form }
    Show = "account.html" {
        row: Row,
        owner_has_password: bool,
        faults: usize,
        clock: &'static str,
        /// The snapshots, the latest first, each with the time when it was taken.
        snapshots: Listed<(String, Option<Moment>)>,
        form: Form,
        /// The latest of what the live service would have sent.
        outbox: Vec<Message>,
    }
}

/// Opens the page `at` of the account that the picker names by its number or its label, or of the whole server.
async fn pick(mut visit: Visit) -> Result<Response> {
    let name = visit.data.text("account");
    let name = name.trim();
    let at = visit.data.text("at");
    let at = TOOLS.contains(&at.as_str()).then(|| format!("/{at}"));
    if name.is_empty() {
        visit.enter(None);
        return Ok(redirect(
            tools(None) + &at.unwrap_or("/accounts".to_owned()),
        ));
    }
    let all = visit.app.store.state();
    let found = accounts::by_number_or_label(&all, name);
    let path = found.map(|account| tools(Some(account)) + &at.unwrap_or_default());
    // A label that several accounts have is a search for them.
    Ok(redirect(path.unwrap_or_else(|| {
        with_query("/console/accounts", "q", name)
    })))
}

struct Row {
    account: Arc<Account>,
    label: String,
    is_seeded: bool,
    owner: String,
    requests: usize,
}

impl Row {
    fn new(scope: &Scope, tenant: &Tenant) -> Self {
        let all = &scope.all;
        let account = &tenant.account;
        Self {
            account: Arc::clone(account),
            label: all.label(account.id).to_owned(),
            is_seeded: all.base(account.id).is_some_and(|base| base.is_seeded),
            owner: owner(tenant).to_owned(),
            requests: scope.number_of_requests(tenant),
        }
    }

    fn path(&self) -> String {
        tools(Some(self.account.id))
    }
}

/// Returns the e-mail address of an account's owner.
fn owner(tenant: &Tenant) -> &str {
    let owner = tenant.account.operator(tenant.account.owner);
    owner.map_or("", |owner| owner.profile().email.as_str())
}

async fn list(visit: Visit) -> Result<Response> {
    let scope = Scope::of(None, &visit.app.store)?;
    let all = &scope.all;
    let accounts = Listed::search(&visit, all.newest(), |tenant| {
        let Account { id, settings, .. } = &*tenant.account;
        let (label, owner) = (all.label(*id), owner(tenant));
        vec![
            id.to_string(),
            settings.name.clone(),
            label.to_owned(),
            owner.to_owned(),
        ]
    });
    page(&List {
        frame: visit.frame("Accounts"),
        accounts: accounts.map(|tenant| Row::new(&scope, tenant)),
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

async fn new(visit: Visit) -> Result<Response> {
    page(&New {
        frame: visit.frame("New account").below(crumbs()),
        form: visit.form(Form::to("/console/accounts")),
    })
}

async fn create(visit: Visit) -> Result<Response> {
    let CreatedAccount {
        account,
        api_user,
        password,
    } = create_account(&visit).await?;
    let path = format!("{}/credentials/{}", tools(Some(account.id)), api_user.guid);
    let notice = format!("Account {} was made.", account.id);
    Ok(leave(News::created(notice, api_user.guid, password), path))
}

async fn create_account(visit: &Visit) -> Result<CreatedAccount, Error> {
    let data = &visit.data;
    let label = data.get_nonblank("label");
    let (field, source) = match data.text("from").as_str() {
        "document" => {
            let document = SeedInput::Text(data.text("seed").into());
            return accounts::load(&visit.app, document, label).await;
        }
        "account" => (
            "accountId",
            data.text("accountId").parse().map(Source::Account),
        ),
        from => ("from", from.parse()),
    };
    let source = source.map_err(|message| Error::malformed(field, message))?;
    accounts::create(&visit.app, source, label).await
}

async fn credentials(tool: Tool) -> Result<Response> {
    let account = &tool.tenant()?.account;
    let api_user = account.api_user(tool.segment("apiUserGuid")?)?;
    let frame = tool.frame("Credentials").below(crumbs_below(account.id));
    api_users::credentials(&tool, frame, api_user, false)
}

async fn show(tool: Tool) -> Result<Response> {
    let tenant = tool.tenant()?;
    let owner = tenant.account.operator(tenant.account.owner)?;
    let (id, label) = (tenant.account.id, tool.scope.all.label(tenant.account.id));
    let faults = |testing: &TestState| testing.faults.waiting(Some(id), Some(label));
    let outbox = tool.scope.outbox().into_iter().rev().take(20);
    let snapshots = tenant.snapshots.iter();
    let mut snapshots: Vec<_> = snapshots
        .map(|(name, snapshot)| (name.clone(), snapshot.taken))
        .collect();
    snapshots.sort_by_key(|(_, taken)| std::cmp::Reverse(*taken));
    page(&Show {
        frame: tool
            .frame(format!("Account {}", tenant.account.id))
            .below(crumbs()),
        row: Row::new(&tool.scope, tenant),
        owner_has_password: owner.password().is_some() && tenant.account.may_log_in(owner),
        faults: faults(&tenant.testing) + faults(&tool.scope.all.testing),
        clock: service::clock::of(&tool.scope).mode(),
        snapshots: Listed::new(&tool, snapshots.into_iter()),
        form: tool.form(Form::to(tool.path() + "/snapshots")),
        outbox: outbox.map(|(_, message)| message).collect(),
    })
}

async fn ask_to_reset(tool: Tool) -> Result<Response> {
    let account = tool.tenant()?.account.id;
    let text = format!(
        "Account {account} goes back to what it was when it was made: its data, usage, snapshots, requests, faults and clock."
    );
    tool.ask("Reset account", text, crumbs_below(account))
}

async fn reset(tool: Tool) -> Result<Response> {
    accounts::reset(&tool.app, tool.tenant()?.account.id).await?;
    Ok(done("The account was reset.", tool.path()))
}

async fn ask_to_reset_all(visit: Visit) -> Result<Response> {
    let text = "All accounts go back to the seed, and those made since are deleted.";
    visit.ask("Reset the server", text, crumbs())
}

async fn reset_all(visit: Visit) -> Result<Response> {
    accounts::reset_all(&visit.app).await?;
    Ok(done("The server was reset.", "/console/accounts"))
}

async fn ask_to_delete(tool: Tool) -> Result<Response> {
    let account = tool.tenant()?.account.id;
    let text = format!("Account {account} will be gone, with all that belongs to it.");
    tool.ask("Delete account", text, crumbs_below(account))
}

async fn delete(tool: Tool) -> Result<Response> {
    let account = tool.tenant()?.account.id;
    accounts::delete(&tool.app, account).await?;
    Ok(done(
        format!("Account {account} was deleted."),
        "/console/accounts",
    ))
}

/// Exports the account, or one of its snapshots, as a seed file.
async fn export_account(tool: Tool) -> Result<Response> {
    let tenant = tool.tenant()?;
    let document = match tool.data.get("snapshot") {
        Some(name) => export(
            &accounts::snapshot(tenant, &name)?.account,
            &Usage::default(),
        ),
        None => export(&tenant.account, &tenant.usage),
    };
    let name = format!(
        "attachment; filename=\"account-{}.yaml\"",
        tenant.account.id
    );
    let head = [
        (CONTENT_TYPE, "application/yaml; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((head, document.to_yaml()).into_response())
}

async fn take_snapshot(tool: Tool) -> Result<Response> {
    let name = tool.data.get_nonblank("name");
    let name = name.ok_or_else(|| Error::malformed("name", "is required"))?;
    let notice = format!("The state of the account is kept as {name}.");
    accounts::take_snapshot(
        &tool.app,
        tool.tenant()?.account.id,
        name,
        IfNameExists::Refuse,
    )
    .await?;
    Ok(done(notice, tool.path()))
}

/// Returns the name of the snapshot that a page is about, and a phrase that also tells when it was taken.
fn snapshot(tool: &Tool) -> Result<(String, String)> {
    let name = tool.data.text("name");
    let taken = accounts::snapshot(tool.tenant()?, &name)?.taken;
    let taken = taken.map_or_else(String::new, |at| {
        format!(", taken at {} UTC", at.readable())
    });
    let phrase = format!("{name}{taken}");
    Ok((name, phrase))
}

async fn ask_to_restore(tool: Tool) -> Result<Response> {
    let (account, (_, snapshot)) = (tool.tenant()?.account.id, snapshot(&tool)?);
    let text = format!(
        "Account {account} will be as it was in the snapshot {snapshot}. What changed since is lost, unless another snapshot has it."
    );
    tool.ask("Restore snapshot", text, crumbs_below(account))
}

async fn restore(tool: Tool) -> Result<Response> {
    let name = snapshot(&tool)?.0;
    let notice = format!("The account is as it was in {name}.");
    accounts::restore_snapshot(&tool.app, tool.tenant()?.account.id, name).await?;
    Ok(done(notice, tool.path()))
}

async fn ask_to_forget(tool: Tool) -> Result<Response> {
    let text = format!("The snapshot {} will be gone.", snapshot(&tool)?.1);
    tool.ask(
        "Delete snapshot",
        text,
        crumbs_below(tool.tenant()?.account.id),
    )
}

async fn forget(tool: Tool) -> Result<Response> {
    let name = snapshot(&tool)?.0;
    let notice = format!("The snapshot {name} was deleted.");
    accounts::delete_snapshot(&tool.app, tool.tenant()?.account.id, name).await?;
    Ok(done(notice, tool.path()))
}
