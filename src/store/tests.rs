//! Tests of the store, above all that the file contains what was published after any sequence of changes.

mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use chrono::TimeDelta;
use imbl::OrdMap;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::file;
use super::load::{self, Corrupt};
use super::state::{Snapshot, State};
use super::writer::Job;
use super::{OpenError, Store, Tenant};
use crate::app::App;
use crate::document::{Accounts, SeedInput, export};
use crate::domain::random_changes::{Owner, RandomChange, random_change};
use crate::domain::{Account, AccountId, Collection, Context};
use crate::error::{Error, Result};
use crate::names::Names;
use crate::operation::Catalog;
use crate::service::accounts::{self, IfNameExists};
use crate::service::password::{PasswordCost, Passwords};
use crate::system;
use crate::testing::{Clock, Usage};
use crate::{AppState, Control};

/// A job that runs SQL on the connection of the writer and loads the state of the file.
pub(super) struct Probe {
    /// Statements that run first.
    sql: String,
    answer: oneshot::Sender<Result<State, Corrupt>>,
}

impl Probe {
    pub async fn run(self, connection: &mut SqliteConnection) {
        sqlx::raw_sql(AssertSqlSafe(self.sql))
            .execute(&mut *connection)
            .await
            .unwrap();
        let _ = self.answer.send(load::load(connection).await);
    }
}

impl Store {
    /// Runs SQL statements and returns the state of the file.
    async fn stored(&self, sql: &str) -> State {
        let (answer, answered) = oneshot::channel();
        let sql = sql.to_owned();
        self.jobs.send(Job::Test(Probe { sql, answer })).unwrap();
        answered.await.unwrap().unwrap()
    }

    /// Runs SQL statements and returns the error when the file is loaded.
    async fn corrupted(&self, sql: String) -> Corrupt {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Test(Probe { sql, answer })).unwrap();
        answered.await.unwrap().unwrap_err()
    }

    async fn assert_is_stored(&self) {
        let stored = self.stored("").await;
        assert_eq!(saved(&stored), saved(&self.state()));
    }
}

/// Splits a state into the accounts, and the documents of its baselines and snapshots. They are stored as documents, which do not
/// preserve gaps in sequence numbers.
fn saved(state: &State) -> (State, Vec<String>) {
    let mut rest = state.clone();
    let mut documents = Vec::new();
    rest.bases = Collection::default();
    for base in state.bases.iter() {
        let document = export(&base.account, &base.usage).to_yaml();
        documents.push(format!("{:?} {} {document}", base.label, base.is_seeded));
    }
    for tenant in state.tenants() {
        for (name, Snapshot { account, taken }) in &tenant.snapshots {
            let document = export(account, &Usage::default()).to_yaml();
            documents.push(format!("{name} {taken:?} {document}"));
        }
        rest.accounts.insert(Tenant {
            snapshots: OrdMap::new(),
            ..Tenant::clone(tenant)
        });
    }
    (rest, documents)
}

fn id() -> AccountId {
    "123456".parse().unwrap()
}

async fn seed(store: &Store) {
    let context = system::context(system::time());
    let document = Accounts::built_in("emulator", "emulator", &context);
    let accounts = accounts::hashed(document, &Passwords::new(PasswordCost::Least))
        .await
        .unwrap();
    accounts::seed(store, accounts).await.unwrap();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// An action that changes what is saved; a number selects one of the existing accounts.
#[derive(Debug, Clone)]
enum Action {
    Change {
        account: u8,
        random_change: RandomChange,
    },
    Use {
        account: u8,
    },
    Copy {
        account: u8,
    },
    Load,
    Delete {
        account: u8,
    },
    Snapshot {
        account: u8,
    },
    Restore {
        account: u8,
    },
    Reset {
        account: u8,
    },
    ResetAll,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        30 => (any::<u8>(), random_change()).prop_map(|(account, random_change)| Action::Change { account, random_change }),
        6 => any::<u8>().prop_map(|account| Action::Use { account }),
        1 => any::<u8>().prop_map(|account| Action::Copy { account }),
        2 => Just(Action::Load),
        1 => any::<u8>().prop_map(|account| Action::Delete { account }),
        2 => any::<u8>().prop_map(|account| Action::Snapshot { account }),
        2 => any::<u8>().prop_map(|account| Action::Restore { account }),
        2 => any::<u8>().prop_map(|account| Action::Reset { account }),
        1 => Just(Action::ResetAll),
    ]
}

impl Action {
    async fn take(self, app: &AppState) -> Result<()> {
        let store = &app.store;
        let id = |number: u8| {
            let all = store.state();
            let count = all.tenants().count().max(1);
            all.tenants()
                .nth(usize::from(number) % count)
                .map_or_else(id, |tenant| tenant.account.id)
        };
        match self {
            Self::Change {
                account,
                random_change,
            } => {
                store
                    .change(id(account), |account, context| {
                        random_change.take(account, context)
                    })
                    .await
            }
            Self::Use { account } => {
                let all = store.state();
                let tenant = accounts::tenant(&all, id(account))?;
                for api_user in tenant.account.api_users.iter() {
                    let days = TimeDelta::days(i64::from(account % 3));
                    tenant
                        .usage
                        .count(api_user.guid, store.now(tenant).saturating_add(days));
                }
                Ok(())
            }
            Self::Copy { account } => {
                let label = (account % 2 == 0).then(|| "a copy".to_owned());
                accounts::create(app, accounts::Source::Account(id(account)), label)
                    .await
                    .map(drop)
            }
            Self::Load => {
                const DOCUMENT: &str = "accounts: [{TimezoneId: 110, SingleSignOn: true, \
                    operators: [{key: a, FullName: A, Email: a@b.com, IsAccountAdministrator: true}], apiUsers: [\
                    {operator: a, UserName: ci, Password: x}, {operator: a, Type: MobileApp, PredatesLastUsed: true}]}]";
                accounts::load(app, SeedInput::Text(DOCUMENT.into()), None)
                    .await
                    .map(drop)
            }
            Self::Delete { account } => accounts::delete(app, id(account)).await,
            Self::Snapshot { account } => {
                let (id, name) = (id(account), snapshot(account));
                accounts::take_snapshot(app, id, name.clone(), IfNameExists::Replace).await?;
                // Earlier versions kept no time.
                if account % 3 != 0 {
                    return Ok(());
                }
                let forget_time = move |all: &mut State| {
                    let mut tenant = Tenant::clone(accounts::tenant(all, id)?);
                    if let Some(snapshot) = tenant.snapshots.get_mut(&name) {
                        snapshot.taken = None;
                    }
                    all.put(tenant)
                };
                store.change_state(forget_time).await
            }
            Self::Restore { account } => {
                accounts::restore_snapshot(app, id(account), snapshot(account)).await
            }
            Self::Reset { account } => accounts::reset(app, id(account)).await,
            Self::ResetAll => accounts::reset_all(app).await,
        }
    }
}

fn snapshot(number: u8) -> String {
    ["a", "b"][usize::from(number % 2)].to_owned()
}

/// Returns the rest of the program around a store.
pub fn app(store: &Store) -> AppState {
    AppState::from(App {
        store: store.clone(),
        passwords: Passwords::new(PasswordCost::Least),
        read_timeout: Duration::MAX,
        names: Names::default(),
        control: Control::Off,
        catalog: Catalog(&[]),
        instance: system::uuid(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Changes that wait at the same time share a commit, so they are submitted in batches.
    #[test]
    fn the_file_contains_what_was_published_after_any_changes(batches in vec(vec(action(), 1..6), 1..20)) {
        runtime().block_on(async {
            let store = Store::in_memory().await.unwrap();
            seed(&store).await;
            let app = app(&store);
            for batch in batches {
                let actions = batch.into_iter().map(|action| action.take(&app));
                for outcome in futures_util::future::join_all(actions).await {
                    assert!(!matches!(outcome, Err(Error::Failed(_))), "{outcome:?}");
                }
                store.assert_is_stored().await;
            }
        });
    }
}

/// A column whose values never vary would not be tested by the property above.
#[tokio::test]
async fn every_column_takes_different_values_in_these_changes() {
    let mut random = TestRunner::deterministic();
    let mut found = BTreeMap::<_, BTreeSet<String>>::new();
    for round in 0..30 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("state.sqlite");
        let store = Store::open(&path).await.unwrap();
        seed(&store).await;
        // Two rounds may take place within the same second.
        let later = Clock::Moved(TimeDelta::days(round));
        store.state().testing.set_clock(Some(later));
        let app = app(&store);
        for _ in 0..4 {
            let batch = vec(action(), 15).new_tree(&mut random).unwrap().current();
            let actions = batch.into_iter().map(|action| action.take(&app));
            futures_util::future::join_all(actions).await;
        }
        store.close().await;
        let mut connection = connect(&path).await;
        for (table, column, _) in schema::columns(&mut connection).await {
            let sql = format!("select distinct quote({column}) from {table}");
            let values: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let entry = found.entry(format!("{table}.{column}"));
            entry.or_default().extend(values);
        }
        connection.close().await.unwrap();
    }
    found.retain(|_, values| values.len() < 2);
    assert_eq!(found, BTreeMap::new(), "these are always the same");
}

#[tokio::test]
async fn changes_of_one_batch_see_each_other_and_none_is_lost() {
    let store = Store::in_memory().await.unwrap();
    seed(&store).await;
    let before = store.state().tenant(id()).unwrap().account.operators.len();
    let changes = (0..100).chain(0..100).map(|number| {
        let add = move |account: &mut Account, context: &Context| {
            RandomChange::AddOperator { email: number }.take(account, context)
        };
        store.change(id(), add)
    });
    let outcomes = futures_util::future::join_all(changes).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        100
    );
    assert_eq!(
        store.state().tenant(id()).unwrap().account.operators.len(),
        before + 100
    );
    store.assert_is_stored().await;
}

#[tokio::test]
async fn a_change_that_panics_fails_alone() {
    let store = Store::in_memory().await.unwrap();
    seed(&store).await;
    let (panicked, succeeded) = tokio::join!(
        store.change(id(), |account, _| -> Result<()> {
            account.settings.name = "half done".to_owned();
            panic!("on purpose")
        }),
        store.change(id(), |account, context| RandomChange::AddGroup
            .take(account, context)),
    );
    assert!(matches!(panicked, Err(Error::Failed(_))));
    succeeded.unwrap();
    assert_eq!(
        store.state().tenant(id()).unwrap().account.settings.name,
        "Example account"
    );
    store.assert_is_stored().await;
}

#[tokio::test]
async fn a_change_is_made_even_if_its_future_is_dropped() {
    let store = Store::in_memory().await.unwrap();
    seed(&store).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let change = store.change(id(), move |account, context| {
        count.fetch_add(1, Ordering::SeqCst);
        RandomChange::AddGroup.take(account, context)
    });
    // The first poll submits the change; then the future is dropped.
    assert!(futures_util::future::FutureExt::now_or_never(change).is_none());
    store.assert_is_stored().await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failed_commit_fails_all_its_changes_and_the_file_determines_the_state() {
    let store = Store::in_memory().await.unwrap();
    seed(&store).await;
    let before = (**store.state()).clone();
    store.stored("create trigger broken before insert on operator_group begin select raise(abort, 'on purpose'); end").await;
    let (with_group, without, refused) = tokio::join!(
        store.change(id(), |account, context| RandomChange::AddGroup
            .take(account, context)),
        store.change(id(), |account, context| RandomChange::AddOperator {
            email: 1
        }
        .take(account, context)),
        store.change(id(), |_, _| -> Result<()> {
            Err(Error::Forbidden("rests on what the batch holds"))
        }),
    );
    for outcome in [with_group, without, refused] {
        assert!(matches!(outcome, Err(Error::Failed(_))), "{outcome:?}");
    }
    assert_eq!(**store.state(), before);
    store.assert_is_stored().await;

    store.stored("drop trigger broken").await;
    store
        .change(id(), |account, context| {
            RandomChange::AddGroup.take(account, context)
        })
        .await
        .unwrap();
    store.assert_is_stored().await;
}

#[tokio::test]
async fn a_full_disk_fails_the_change_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("state.sqlite"))
        .await
        .unwrap();
    seed(&store).await;
    store.stored("pragma max_page_count = 1").await;
    let mut failed = false;
    for number in 0..250 {
        let change = move |account: &mut Account, context: &Context| {
            RandomChange::AddOperator { email: number }.take(account, context)
        };
        failed |= store.change(id(), change).await.is_err();
        if failed {
            break;
        }
    }
    assert!(failed, "the disk never filled up");
    store.assert_is_stored().await;
    store.stored("pragma max_page_count = 1000000").await;
    store
        .change(id(), |account, context| {
            RandomChange::AddGroup.take(account, context)
        })
        .await
        .unwrap();
    store.assert_is_stored().await;
    store.close().await;
}

#[tokio::test]
async fn there_is_an_outage_while_nothing_can_be_committed() {
    let store = Store::in_memory().await.unwrap();
    seed(&store).await;
    let add_group = || {
        store.change(id(), |account, context| {
            RandomChange::AddGroup.take(account, context)
        })
    };
    let use_api_user = |store: &Store| {
        let (caller, tenant) = store.authenticate("emulator", "emulator").unwrap();
        let now = store.now(&tenant);
        tenant.usage.count(caller.api_user().unwrap(), now);
        tenant.usage.of(caller.api_user().unwrap(), now)
    };
    assert_eq!(store.outage(), None);

    // A probe runs after the periodic work of the writer.
    store.stored("pragma query_only = on").await;
    assert!(add_group().await.is_err());
    let reason = store.outage().unwrap();
    assert_eq!(*reason, "attempt to write a readonly database");
    store.stored("pragma query_only = off").await;
    store.stored("").await;
    assert_eq!(store.outage(), None);

    store.stored("pragma query_only = on").await;
    use_api_user(&store);
    store.stored("").await;
    assert!(store.outage().is_some(), "usage cannot be written");
    store.stored("pragma query_only = off").await;
    add_group().await.unwrap();
    assert_eq!(store.outage(), None, "a change was committed");
    let usage = use_api_user(&store);
    let stored = store.stored("").await;
    let (_, api_user) = stored.login("emulator").unwrap();
    let now = store.now(stored.tenant(id()).unwrap());
    let usage_stored = stored.tenant(id()).unwrap().usage.of(api_user.guid, now);
    assert_eq!(usage_stored, usage);
}

#[tokio::test]
async fn a_panic_of_the_writer_is_a_permanent_outage() {
    let store = Store::in_memory().await.unwrap();
    let (answer, answered) = oneshot::channel();
    let sql = "no SQL".to_owned();
    store.jobs.send(Job::Test(Probe { sql, answer })).unwrap();
    assert!(answered.await.is_err());
    store.jobs.closed().await;
    assert!(store.outage().is_some());
    assert!(matches!(
        store.change_state(|_| Ok(())).await,
        Err(Error::Failed(_))
    ));
}

#[tokio::test]
async fn readers_see_all_changes_of_a_batch_or_none() {
    let store = Store::in_memory().await.unwrap();
    seed(&store).await;
    let group = store
        .state()
        .tenant(id())
        .unwrap()
        .account
        .operator_groups
        .iter()
        .nth(1)
        .unwrap()
        .guid;
    let barrier = Arc::new(Barrier::new(2));
    let (reader, start) = (store.clone(), Arc::clone(&barrier));
    let (stop, mut stopped) = oneshot::channel::<()>();
    let reading = std::thread::spawn(move || {
        start.wait();
        let mut reads = 0_u32;
        while stopped
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        {
            let state = reader.state();
            let account = &state.tenant(id()).unwrap().account;
            let mut on_duty = account
                .operators
                .iter()
                .map(|operator| operator.profile().is_on_duty);
            let first = on_duty.next().unwrap();
            assert!(
                on_duty.all(|on| on == first),
                "a reader saw half of a change"
            );
            reads += 1;
        }
        reads
    });
    barrier.wait();
    for round in 0..200 {
        store
            .change(id(), move |account, _| {
                account.set_all_on_duty(group, round % 2 == 0)
            })
            .await
            .unwrap();
    }
    stop.send(()).unwrap();
    assert!(reading.join().unwrap() > 0);
}

#[tokio::test]
async fn a_file_is_loaded_with_its_usage_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let store = Store::open(&path).await.unwrap();
    seed(&store).await;
    for random_change in [
        RandomChange::AddGroup,
        RandomChange::AddSchedule {
            owner: Owner::Group(1),
            recurrence: 2,
        },
        RandomChange::AddApiUser { operator: 1 },
    ] {
        store
            .change(id(), |account, context| {
                random_change.take(account, context)
            })
            .await
            .unwrap();
    }
    let (caller, tenant) = store.authenticate("emulator", "emulator").unwrap();
    let now = store.now(&tenant);
    for _ in 0..3 {
        tenant.usage.count(caller.api_user().unwrap(), now);
    }
    let before = (**store.state()).clone();
    store.close().await;

    let store = Store::open(&path).await.unwrap();
    assert_eq!(**store.state(), before);
    let (caller, tenant) = store.authenticate("emulator", "emulator").unwrap();
    assert_eq!(
        tenant.usage.of(caller.api_user().unwrap(), now),
        Some((now, 3))
    );
    store.close().await;
}

#[tokio::test]
async fn in_a_file_of_a_version_without_users_every_operator_becomes_a_user() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    file::make_old(&path, 7, include_str!("tests/before_users.sql"))
        .await
        .unwrap();

    let store = Store::open(&path).await.unwrap();
    let ids = |account: &str| {
        let state = store.state();
        let account = &state.tenant(account.parse().unwrap()).unwrap().account;
        let users: Vec<_> = account
            .users
            .iter()
            .map(|user| {
                let operator = account.operator(user.operator).unwrap();
                (i32::from(user.id), operator.profile().email.to_string())
            })
            .collect();
        (users, account.parts().next_user_id)
    };
    let user = |id: i32, email: &str| (id, email.to_owned());
    assert_eq!(
        ids("123456"),
        (vec![user(1, "b@example.com"), user(2, "a@example.com")], 3)
    );
    assert_eq!(ids("654321"), (vec![user(1, "a@example.com")], 2));
    // Baselines and snapshots were written without users as well.
    let state = store.state();
    let base = &state.base(id()).unwrap().account;
    assert_eq!(
        base.users
            .iter()
            .map(|user| i32::from(user.id))
            .collect::<Vec<_>>(),
        [1]
    );
    drop(state);
    store
        .change(id(), |account, context| {
            RandomChange::AddOperator { email: 1 }.take(account, context)
        })
        .await
        .unwrap();
    assert_eq!(ids("123456").0.len(), 3);
    store.assert_is_stored().await;
    store.close().await;
}

#[tokio::test]
async fn in_a_file_of_a_version_without_resets_every_account_is_reset_to_its_state_at_the_upgrade()
{
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let sql = include_str!("tests/before_users.sql");
    let (accounts, _) = sql.split_once("insert into base").unwrap();
    let accounts = format!("{accounts}; commit");
    file::make_old(&path, 6, &accounts).await.unwrap();

    let store = Store::open(&path).await.unwrap();
    let before = (**store.state()).clone();
    let account = |number: &str| number.parse::<AccountId>().unwrap();
    for number in ["123456", "654321"] {
        let add = |account: &mut Account, context: &Context| {
            RandomChange::AddOperator { email: 1 }.take(account, context)
        };
        store.change(account(number), add).await.unwrap();
        let reset = move |all: &mut State| all.reset(account(number));
        assert!(store.change_state(reset).await.unwrap(), "{number}");
    }
    assert_eq!(**store.state(), before);
    store.assert_is_stored().await;
    for number in ["123456", "654321"] {
        let delete = move |all: &mut State| Ok(all.remove(account(number)));
        assert!(store.change_state(delete).await.unwrap(), "{number}");
    }
    store.close().await;

    let store = Store::open(&path).await.unwrap();
    seed(&store).await;
    assert_eq!(store.state().tenants().count(), 0, "it was seeded long ago");
    store.change_state(State::reset_all).await.unwrap();
    let exports = |state: &State| -> Vec<String> {
        let tenants = state.tenants();
        tenants
            .map(|tenant| export(&tenant.account, &tenant.usage).to_yaml())
            .collect()
    };
    assert_eq!(exports(&store.state()), exports(&before));
    store.close().await;
}

#[tokio::test]
async fn a_row_that_cannot_have_been_written_is_an_error_that_names_its_table() {
    for (table, change) in [
        ("account", "time_zone_id = 9999999999"),
        ("account", "single_sign_on = 2"),
        ("account", "owner_guid = 'nobody'"),
        ("operator", "sms_provider = 'Pigeon'"),
        ("operator", "is_on_duty = -1"),
        (
            "operator_group",
            "kind = 'Ordinary people' where kind = 'Everyone'",
        ),
        ("api_user", "password_digest = x'00'"),
        ("api_user", "created_date = 'yesterday'"),
        ("api_user", "type = ''"),
        ("user", "alert_timeframe_start = '8:30'"),
        ("user", "default_dashboard = 1 + 0x7fffffff"),
        ("duty_schedule", "start_time = '8:30'"),
        ("duty_schedule", "start_time = null"),
        ("usage", "last_used = ''"),
        ("usage_of_day", "day = 'today'"),
    ] {
        let store = Store::in_memory().await.unwrap();
        seed(&store).await;
        let add_schedule = RandomChange::AddSchedule {
            owner: Owner::Operator(0),
            recurrence: 1,
        };
        store
            .change(id(), |account, context| add_schedule.take(account, context))
            .await
            .unwrap();
        let tenant = Arc::clone(store.state().tenant(id()).unwrap());
        let api_user = tenant.account.api_users.iter().next().unwrap().guid;
        tenant.usage.count(api_user, store.now(&tenant));
        store.stored("").await;
        let rules_off = "pragma ignore_check_constraints = on; pragma foreign_keys = off";
        let error = store
            .corrupted(format!("{rules_off}; update {table} set {change}"))
            .await;
        assert!(
            matches!(error, Corrupt::Row(found) if found == table),
            "{table}: {change}: {error}"
        );
    }
}

#[tokio::test]
async fn every_migration_is_listed_and_sets_the_number_of_the_schema() {
    let folder = TempDir::new().unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for entry in fs::read_dir(migrations).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (number, _) = name.split_once('_').unwrap();
        let number: u32 = number.parse().unwrap();
        let path = folder.path().join(&name);
        let created = file::make_old(&path, number.into(), "").await;
        assert!(created.is_ok(), "{name}: {created:?}");
        let header = fs::read(&path).unwrap();
        assert_eq!(
            header[60..64],
            number.to_be_bytes(),
            "{name} is not run, or does not set user_version to its number"
        );
    }
}

#[tokio::test]
async fn a_file_in_use_is_not_opened_twice() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let store = Store::open(&path).await.unwrap();
    assert!(matches!(Store::open(&path).await, Err(OpenError::InUse(_))));
    store.close().await;
    Store::open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_foreign_or_newer_file_is_left_unchanged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let refused = async |content: &[u8]| {
        fs::write(&path, content).unwrap();
        let error = Store::open(&path).await.unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), content);
        error
    };
    assert!(matches!(refused(b"a diary").await, OpenError::Foreign(_)));

    let ours = folder.path().join("ours.sqlite");
    Store::open(&ours).await.unwrap().close().await;
    let mut content = fs::read(&ours).unwrap();
    content[68..72].copy_from_slice(&[0, 0, 0, 1]);
    assert!(matches!(refused(&content).await, OpenError::Foreign(_)));

    let mut content = fs::read(&ours).unwrap();
    content[60..64].copy_from_slice(&[0, 0, 3, 232]);
    assert!(matches!(
        refused(&content).await,
        OpenError::Newer { found: 1000, .. }
    ));

    let other = folder.path().join("other.sqlite");
    for sql in [
        "create table diary (entry text)",
        "create table diary (entry text); pragma journal_mode = wal",
        // A common user_version of other programs, with the number of one of our schemas or of none.
        "create table diary (entry text); pragma user_version = 8",
        "create view diary as select 'dear'",
        "create table _sqlx_migrations (version, checksum); insert into _sqlx_migrations values (1, x'00');
         pragma user_version = 1",
        "pragma user_version = 1",
    ] {
        run_sql(&other, sql).await;
        let error = refused(&fs::read(&other).unwrap()).await;
        assert!(matches!(error, OpenError::Foreign(_)), "{sql}: {error}");
        assert_eq!(siblings(&path), Vec::<PathBuf>::new(), "{sql}");
        fs::remove_file(&other).unwrap();
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_that_was_killed_is_newer_as_well() {
    let folder = TempDir::new().unwrap();
    let (ours, path) = (folder.path().join("ours"), folder.path().join("path"));
    Store::open(&ours).await.unwrap().close().await;
    let mut newer = connect(&ours).await;
    sqlx::raw_sql(
        "begin; insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (1000, '', true, x'00', 0); create table brought_by_it (x); pragma user_version = 1000; commit",
    )
    .execute(&mut newer)
    .await
    .unwrap();
    copy_as_after_kill(&ours, &path);
    let header = fs::read(&path).unwrap();
    assert_ne!(header[60..64], 1000_u32.to_be_bytes(), "it is in the log");
    let error = Store::open(&path).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 1000, .. }),
        "{error}"
    );
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.create_if_missing(true).connect().await.unwrap()
}

async fn run_sql(path: &Path, sql: &str) {
    let mut connection = connect(path).await;
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Returns the existing files that SQLite keeps next to a database.
fn siblings(path: &Path) -> Vec<PathBuf> {
    ["-journal", "-wal", "-shm"]
        .map(|suffix| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        })
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

/// Copies a database in use with the files next to it, as if its program were killed at this moment.
fn copy_as_after_kill(from: &Path, to: &Path) {
    for found in siblings(to) {
        fs::remove_file(found).unwrap();
    }
    for found in siblings(from).into_iter().chain([from.to_owned()]) {
        let suffix = found.to_str().unwrap()[from.to_str().unwrap().len()..].to_owned();
        fs::copy(&found, format!("{}{suffix}", to.display())).unwrap();
    }
}

#[tokio::test]
async fn a_file_whose_creation_was_interrupted_is_created_again() {
    let folder = TempDir::new().unwrap();
    let (making, path) = (folder.path().join("making"), folder.path().join("path"));
    let assert_created = async |what: &str| {
        let store = Store::open(&path)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        seed(&store).await;
        let before = (**store.state()).clone();
        store.close().await;
        let store = Store::open(&path).await.unwrap();
        assert_eq!(**store.state(), before, "{what}");
        store.close().await;
        fs::remove_file(&path).unwrap();
    };

    run_sql(&path, "begin immediate; commit").await;
    assert_eq!(fs::metadata(&path).unwrap().len(), 4096);
    assert_created("an empty page, as earlier versions began with").await;

    let mut connection = connect(&making).await;
    sqlx::raw_sql(
        "pragma cache_size = 1; begin immediate; create table filler (x); insert into filler
         with recursive counter (n) as (select 1 union all select n + 1 from counter where n < 1000)
         select hex(randomblob(100)) from counter",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let written = fs::read(&making).unwrap();
    assert!(written.len() > 4096, "all is in memory");
    // Any part of what was written may be on disk, including an application ID.
    let mut first_page = b"SQLite format 3\0".to_vec();
    first_page.resize(4096, 0);
    let with_id = |mark: &[u8]| [&first_page[..68], mark, &first_page[72..]].concat();
    for content in [
        written,
        vec![0; 8192],
        with_id(b"UPTE"),
        with_id(&[0; 4]),
        with_id(&[1; 4]),
    ] {
        copy_as_after_kill(&making, &path);
        fs::write(&path, content).unwrap();
        assert_created("a transaction that was not committed").await;
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_of_ours_without_its_application_id_is_accepted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let store = Store::open(&path).await.unwrap();
    seed(&store).await;
    let before = (**store.state()).clone();
    store.close().await;
    let with_id = fs::read(&path).unwrap();
    run_sql(&path, "pragma application_id = 0").await;

    let store = Store::open(&path).await.unwrap();
    assert_eq!(**store.state(), before);
    store.close().await;
    assert_eq!(fs::read(&path).unwrap()[68..72], with_id[68..72]);
}
