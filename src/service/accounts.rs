//! Creates, seeds, copies, resets and deletes accounts.

use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::spawn_blocking;

use super::password::Passwords;
use crate::AppState;
use crate::document::{Accounts, Built, SeedInput};
use crate::domain::account::Settings;
use crate::domain::operator::Profile;
use crate::domain::text::quoted;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, AccountId, ApiUser, Operator, OperatorGuid};
use crate::error::{Error, Result};
use crate::store::{Baseline, Snapshot, State, Store, Tenant};
use crate::system;
use crate::testing::Usage;

/// The largest number of characters of the label of an account.
pub const LONGEST_LABEL: usize = 200;

/// The largest number of characters of the name of a snapshot.
pub const LONGEST_SNAPSHOT_NAME: usize = 100;

/// The source of a new account.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// The first account of the seed, in its original state.
    #[default]
    Seed,
    /// Only an owner without a password and the system groups.
    Empty,
    /// Another account in its current state.
    Account(AccountId),
}

/// Parses `seed`, `empty` or `account:ID`.
impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("account:")) {
            ("seed", _) => Ok(Self::Seed),
            ("empty", _) => Ok(Self::Empty),
            (_, Some(id)) => id.parse().map(Self::Account),
            (_, None) => Err(format!(
                "{} is none of seed, empty and account:ID",
                quoted(text)
            )),
        }
    }
}

/// A new account with the credentials of its owner.
#[derive(Debug)]
pub struct CreatedAccount {
    pub account: Arc<Account>,
    pub api_user: Arc<ApiUser>,
    pub password: String,
}

impl CreatedAccount {
    /// Returns the `Authorization` header of the API user.
    pub fn authorization(&self) -> String {
        let credentials = format!("{}:{}", self.api_user.user_name, self.password);
        format!("Basic {}", STANDARD.encode(credentials))
    }
}

/// Returns the accounts of a document with the usage of their API users. Plain-text passwords are hashed, which is slow.
pub async fn hashed(document: Accounts, passwords: &Passwords) -> Result<Vec<(Account, Usage)>> {
    let mut accounts = Vec::new();
    for Built {
        mut account,
        usage,
        passwords: in_clear,
    } in document.into_built()
    {
        for (operator, password) in in_clear {
            let hash = passwords.hash(password).await?;
            account.set_password(operator, hash)?;
        }
        accounts.push((account, usage));
    }
    Ok(accounts)
}

/// Seeds a store. Returns `false` if it was seeded before.
pub async fn seed(store: &Store, accounts: Vec<(Account, Usage)>) -> Result<bool> {
    store
        .change_state(move |all| {
            if all.was_seeded() {
                return Ok(false);
            }
            for (account, usage) in accounts {
                all.add(Baseline {
                    account: account.into(),
                    usage,
                    label: None,
                    is_seeded: true,
                })?;
            }
            Ok(true)
        })
        .await
}

/// Creates an account, and credentials for its owner.
pub async fn create(
    state: &AppState,
    source: Source,
    label: Option<String>,
) -> Result<CreatedAccount> {
    check_label(label.as_deref())?;
    let created = state
        .store
        .change_state(move |all| {
            let context = all.context(None);
            let id = free_number(all)?;
            let mut account = match source {
                Source::Account(original) => tenant(all, original)?.account.copied(id, &context),
                Source::Seed => match all.first_seeded() {
                    Some(base) => base.account.copied(id, &context),
                    None => empty(id),
                },
                Source::Empty => empty(id),
            };
            let (api_user, password) = account.renew_owner_credentials(&context);
            add(all, account, Usage::default(), label, api_user, password)
        })
        .await?;
    state.store.coverage.renew(created.account.id);
    Ok(created)
}

/// Creates an account from a document that holds one account. The account gets a free number, whatever its number in the
/// document. The slow work, parsing and hashing, is done before the change; if a reset of the server assigns the number to
/// another account meanwhile, this starts over with another number.
pub async fn load(
    state: &AppState,
    seed: SeedInput,
    label: Option<String>,
) -> Result<CreatedAccount> {
    check_label(label.as_deref())?;
    loop {
        let (id, context) = {
            let all = state.store.state();
            (free_number(&all)?, all.context(None))
        };
        let seed = seed.clone();
        let read = move || Accounts::parse_as(&seed, "seed", id, &context);
        let read = spawn_blocking(read)
            .await
            .map_err(|error| Error::Failed(format!("a document could not be read: {error}")))?;
        let document = read.map_err(|mistakes| Error::Malformed(mistakes.problems()))?;
        let (mut account, usage) = hashed(document, &state.passwords).await?.remove(0);
        let label = label.clone();
        let created = state.store.change_state(move |all| {
            if all.base(account.id).is_some() {
                return Ok(None);
            }
            let (api_user, password) = account.add_owner_credentials(&context);
            add(all, account, usage, label, api_user, password).map(Some)
        });
        if let Some(created) = created.await? {
            state.store.coverage.renew(created.account.id);
            return Ok(created);
        }
    }
}

fn check_label(label: Option<&str>) -> Result<()> {
    if label.is_some_and(|label| label.chars().count() > LONGEST_LABEL) {
        let message = format!("at most {LONGEST_LABEL} characters");
        return Err(Error::malformed("label", message));
    }
    Ok(())
}

fn add(
    all: &mut State,
    account: Account,
    usage: Usage,
    label: Option<String>,
    api_user: Arc<ApiUser>,
    password: String,
) -> Result<CreatedAccount> {
    let account = Arc::new(account);
    all.add(Baseline {
        account: Arc::clone(&account),
        usage,
        label,
        is_seeded: false,
    })?;
    Ok(CreatedAccount {
        account,
        api_user,
        password,
    })
}

fn free_number(all: &State) -> Result<AccountId> {
    all.free_number()
        .ok_or_else(|| Error::refused("", "every number of an account is taken"))
}

fn empty(id: AccountId) -> Account {
    const VALID: &str = "an empty account obeys the rules";
    let profile = Profile::of(
        "Account Owner".parse().expect(VALID),
        "owner@example.com".parse().expect(VALID),
    );
    let settings = Settings {
        name: "Empty account".to_owned(),
        time_zone_id: TimeZoneId::try_from(56).expect(VALID),
        single_sign_on: false,
    };
    Account::new(
        id,
        settings,
        Operator::new(
            OperatorGuid::derived(&format!("{id}/operator/owner")),
            profile,
            None,
        ),
    )
}

pub async fn delete(state: &AppState, account: AccountId) -> Result<()> {
    state
        .store
        .change_state(move |all| {
            if all.remove(account) {
                Ok(())
            } else {
                Err(unknown(account))
            }
        })
        .await
}

/// Resets an account to its state when it was created or seeded.
pub async fn reset(state: &AppState, account: AccountId) -> Result<()> {
    state
        .store
        .change_state(move |all| {
            if all.reset(account)? {
                Ok(())
            } else {
                Err(unknown(account))
            }
        })
        .await
}

/// Resets all accounts to the seed, and the clock of the server to that of the system.
pub async fn reset_all(state: &AppState) -> Result<()> {
    state.store.change_state(State::reset_all).await
}

/// Returns the account with a number, or else the only one with a label.
pub fn by_number_or_label(all: &State, name: &str) -> Option<AccountId> {
    let by_number = name.parse().ok().filter(|id| all.tenant(*id).is_some());
    by_number.or_else(|| {
        let ids = all.newest().map(|tenant| tenant.account.id);
        let mut found = ids.filter(|id| all.label(*id) == name);
        found.next().filter(|_| found.next().is_none())
    })
}

/// What happens to a snapshot that has the name of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfNameExists {
    Replace,
    Refuse,
}

/// Saves the state of an account under a name. Returns `true` if the name is new.
pub async fn take_snapshot(
    state: &AppState,
    account: AccountId,
    name: String,
    if_name_exists: IfNameExists,
) -> Result<bool> {
    if name.chars().count() > LONGEST_SNAPSHOT_NAME {
        let message = format!("at most {LONGEST_SNAPSHOT_NAME} characters");
        return Err(Error::malformed("name", message));
    }
    state
        .store
        .change_state(move |all| {
            let mut tenant = Tenant::clone(tenant(all, account)?);
            let is_new = !tenant.snapshots.contains_key(&name);
            if !is_new && if_name_exists == IfNameExists::Refuse {
                let message = "another snapshot has this name; choose another, or delete that one";
                return Err(Error::refused("name", message));
            }
            let snapshot = Snapshot {
                account: Arc::clone(&tenant.account),
                taken: Some(system::time()),
            };
            tenant.snapshots.insert(name, snapshot);
            all.put(tenant)?;
            Ok(is_new)
        })
        .await
}

/// Restores a saved state of an account. Its journal, faults, clock and usage are not changed.
pub async fn restore_snapshot(state: &AppState, account: AccountId, name: String) -> Result<()> {
    state
        .store
        .change_state(move |all| {
            let tenant = Tenant::clone(tenant(all, account)?);
            let account = Arc::clone(&snapshot(&tenant, &name)?.account);
            all.put(Tenant { account, ..tenant })
        })
        .await
}

pub async fn delete_snapshot(state: &AppState, account: AccountId, name: String) -> Result<()> {
    state
        .store
        .change_state(move |all| {
            let mut tenant = Tenant::clone(tenant(all, account)?);
            tenant
                .snapshots
                .remove(&name)
                .ok_or_else(|| unknown_snapshot(&name))?;
            all.put(tenant)
        })
        .await
}

pub fn tenant(all: &State, account: AccountId) -> Result<&Arc<Tenant>> {
    all.tenant(account).ok_or_else(|| unknown(account))
}

pub fn snapshot<'a>(tenant: &'a Tenant, name: &str) -> Result<&'a Snapshot> {
    tenant
        .snapshots
        .get(name)
        .ok_or_else(|| unknown_snapshot(name))
}

fn unknown(account: AccountId) -> Error {
    Error::NotFound(format!("account {account} does not exist"))
}

fn unknown_snapshot(name: &str) -> Error {
    Error::NotFound(format!("there is no snapshot {name}"))
}
