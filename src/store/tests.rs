//! The test that holds the store together: what the file holds is what memory published, after any sequence of changes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use proptest::collection::vec;
use proptest::prelude::*;
use sqlx::SqliteConnection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::file::{self, Corrupt};
use super::state::State;
use super::writer::Job;
use super::{OpenError, Store};
use crate::domain::account::{ApiUserChange, ScheduleOwner};
use crate::domain::duty_schedule::{Hours, WeekDay};
use crate::domain::operator::Base;
use crate::domain::text::Description;
use crate::domain::{
    Account, AccountId, ApiUserGuid, Context, Draft, OperatorAuthorization, OperatorChange,
    OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid, PasswordHash, Patch, Problems,
    Recurrence, ScheduleId,
};
use crate::error::{Error, Result};
use crate::service::seed;

/// A look behind the writer, in its turn.
pub(super) struct Probe {
    /// Statements to run first.
    sql: &'static str,
    answer: oneshot::Sender<Result<State, Corrupt>>,
}

impl Probe {
    pub async fn run(self, connection: &mut SqliteConnection) {
        sqlx::raw_sql(self.sql)
            .execute(&mut *connection)
            .await
            .unwrap();
        let _ = self.answer.send(file::load(connection).await);
    }
}

impl Store {
    /// What the file holds, after some statements of the test's own.
    async fn stored(&self, sql: &'static str) -> State {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Test(Probe { sql, answer })).unwrap();
        answered.await.unwrap().unwrap()
    }

    async fn assert_is_stored(&self) {
        let stored = self.stored("").await;
        assert_eq!(stored, **self.state());
    }
}

fn id() -> AccountId {
    "123456".parse().unwrap()
}

async fn seeded(store: &Store) {
    store
        .add_accounts(|context| vec![seed::default_account("emulator", "emulator", context)])
        .await
        .unwrap();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A change, whose numbers pick from what there is.
#[derive(Debug, Clone)]
enum Step {
    AddOperator {
        email: u8,
    },
    UpdateOperator {
        operator: u8,
        base: Base,
        email: Option<u8>,
        zone: Patch<i32>,
        password: bool,
    },
    ExchangeEmails {
        one: u8,
        other: u8,
    },
    RemoveOperator {
        operator: u8,
    },
    Authorize {
        operator: u8,
        add: bool,
    },
    AddGroup,
    RenameGroup {
        group: u8,
    },
    RemoveGroup {
        group: u8,
    },
    Join {
        group: u8,
        operator: u8,
    },
    Leave {
        group: u8,
        operator: u8,
    },
    AuthorizeGroup {
        group: u8,
        add: bool,
    },
    OnDuty {
        group: u8,
        on: bool,
    },
    AddSchedule {
        owner: Owner,
        recurrence: u8,
    },
    ReplaceSchedule {
        owner: Owner,
        schedule: u8,
        recurrence: u8,
    },
    RemoveSchedule {
        owner: Owner,
        schedule: u8,
    },
    AddApiUser {
        operator: u8,
    },
    UpdateApiUser {
        api_user: u8,
    },
    RemoveApiUser {
        api_user: u8,
    },
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Operator(u8),
    Group(u8),
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        any::<u8>().prop_map(Owner::Operator),
        any::<u8>().prop_map(Owner::Group)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let base = prop_oneof![Just(Base::Defaults), Just(Base::Current)];
    let zone = prop_oneof![
        Just(Patch::Keep),
        Just(Patch::Clear),
        (1..=100).prop_map(Patch::Set)
    ];
    let email = 0..12_u8;
    prop_oneof![
        4 => email.clone().prop_map(|email| Step::AddOperator { email }),
        4 => (any::<u8>(), base, proptest::option::of(email), zone, any::<bool>()).prop_map(
            |(operator, base, email, zone, password)| Step::UpdateOperator { operator, base, email, zone, password }
        ),
        1 => any::<(u8, u8)>().prop_map(|(one, other)| Step::ExchangeEmails { one, other }),
        2 => any::<u8>().prop_map(|operator| Step::RemoveOperator { operator }),
        2 => any::<(u8, bool)>().prop_map(|(operator, add)| Step::Authorize { operator, add }),
        2 => Just(Step::AddGroup),
        1 => any::<u8>().prop_map(|group| Step::RenameGroup { group }),
        1 => any::<u8>().prop_map(|group| Step::RemoveGroup { group }),
        3 => any::<(u8, u8)>().prop_map(|(group, operator)| Step::Join { group, operator }),
        2 => any::<(u8, u8)>().prop_map(|(group, operator)| Step::Leave { group, operator }),
        2 => any::<(u8, bool)>().prop_map(|(group, add)| Step::AuthorizeGroup { group, add }),
        1 => any::<(u8, bool)>().prop_map(|(group, on)| Step::OnDuty { group, on }),
        4 => (owner(), any::<u8>()).prop_map(|(owner, recurrence)| Step::AddSchedule { owner, recurrence }),
        2 => (owner(), any::<(u8, u8)>()).prop_map(
            |(owner, (schedule, recurrence))| Step::ReplaceSchedule { owner, schedule, recurrence }
        ),
        2 => (owner(), any::<u8>()).prop_map(|(owner, schedule)| Step::RemoveSchedule { owner, schedule }),
        2 => any::<u8>().prop_map(|operator| Step::AddApiUser { operator }),
        1 => any::<u8>().prop_map(|api_user| Step::UpdateApiUser { api_user }),
        1 => any::<u8>().prop_map(|api_user| Step::RemoveApiUser { api_user }),
    ]
}

impl Step {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of change")]
    fn take(self, account: &mut Account, context: &Context) -> Result<()> {
        match self {
            Self::AddOperator { email } => {
                let change = change(Base::Defaults, Some(email), Patch::Keep);
                account
                    .add_operator(draft(change), Ok(()), None, context)
                    .map(drop)
            }
            Self::UpdateOperator {
                operator,
                base,
                email,
                zone,
                password,
            } => {
                let password = password.then(|| PasswordHash::new("$argon2id$x"));
                account.update_operator(
                    operator_at(account, operator),
                    draft(change(base, email, zone)),
                    Ok(()),
                    password,
                )
            }
            Self::ExchangeEmails { one, other } => {
                let (one, other) = (operator_at(account, one), operator_at(account, other));
                let of = |guid| account.operator(guid).unwrap().profile().email.clone();
                let (email_of_one, email_of_other) = (of(one), of(other));
                let to = |email: &str| OperatorChange {
                    email: Some(email.parse().unwrap()),
                    ..change(Base::Current, None, Patch::Keep)
                };
                account.update_operator(one, draft(to("between@example.com")), Ok(()), None)?;
                account.update_operator(other, draft(to(email_of_one.as_str())), Ok(()), None)?;
                account.update_operator(one, draft(to(email_of_other.as_str())), Ok(()), None)
            }
            Self::RemoveOperator { operator } => account.remove_operator(
                operator_at(account, operator),
                OperatorGuid::derived("nobody"),
            ),
            Self::Authorize { operator, add } => {
                let (operator, authorization) = (
                    operator_at(account, operator),
                    OperatorAuthorization::AllowInfra,
                );
                if add {
                    account.authorize_operator(operator, authorization)
                } else {
                    account.withdraw_from_operator(operator, authorization)
                }
            }
            Self::AddGroup => account
                .add_operator_group(draft(description("group")), Ok(()), context)
                .map(drop),
            Self::RenameGroup { group } => account.update_operator_group(
                group_at(account, group),
                draft(description("renamed")),
                Ok(()),
            ),
            Self::RemoveGroup { group } => account.remove_operator_group(group_at(account, group)),
            Self::Join { group, operator } => {
                account.add_member(group_at(account, group), operator_at(account, operator))
            }
            Self::Leave { group, operator } => {
                account.remove_member(group_at(account, group), operator_at(account, operator))
            }
            Self::AuthorizeGroup { group, add } => {
                let (group, authorization) = (
                    group_at(account, group),
                    OperatorGroupAuthorization::BasicOperator,
                );
                if add {
                    account.authorize_group(group, authorization)
                } else {
                    account.withdraw_from_group(group, authorization)
                }
            }
            Self::OnDuty { group, on } => account.set_all_on_duty(group_at(account, group), on),
            Self::AddSchedule {
                owner,
                recurrence: number,
            } => account
                .add_schedule(owner.in_account(account), draft(recurrence(number)), Ok(()))
                .map(drop),
            Self::ReplaceSchedule {
                owner,
                schedule,
                recurrence: number,
            } => {
                let owner = owner.in_account(account);
                let id = schedule_at(account, owner, schedule);
                account.replace_schedule(owner, id, draft(recurrence(number)), Ok(()))
            }
            Self::RemoveSchedule { owner, schedule } => {
                let owner = owner.in_account(account);
                account.remove_schedule(owner, schedule_at(account, owner, schedule))
            }
            Self::AddApiUser { operator } => {
                let change = ApiUserChange {
                    operator: operator_at(account, operator),
                    description: description("API user"),
                };
                account
                    .add_api_user(draft(change), Ok(()), context)
                    .map(drop)
            }
            Self::UpdateApiUser { api_user } => {
                let guid = api_user_at(account, api_user);
                let operator = account.api_user(guid)?.operator;
                let change = ApiUserChange {
                    operator,
                    description: description("renamed"),
                };
                account.update_api_user(guid, draft(change), Ok(()))
            }
            Self::RemoveApiUser { api_user } => {
                account.remove_api_user(api_user_at(account, api_user))
            }
        }
    }
}

impl Owner {
    fn in_account(self, account: &Account) -> ScheduleOwner {
        match self {
            Self::Operator(number) => operator_at(account, number).into(),
            Self::Group(number) => group_at(account, number).into(),
        }
    }
}

fn draft<T>(value: T) -> Draft<T> {
    Draft::new(Some(value), Problems::default())
}

fn description(text: &str) -> Description {
    text.parse().unwrap()
}

fn operator_at(account: &Account, number: u8) -> OperatorGuid {
    account
        .operators
        .iter()
        .nth(usize::from(number) % account.operators.len())
        .unwrap()
        .guid
}

fn group_at(account: &Account, number: u8) -> OperatorGroupGuid {
    account
        .operator_groups
        .iter()
        .nth(usize::from(number) % account.operator_groups.len())
        .unwrap()
        .guid
}

fn api_user_at(account: &Account, number: u8) -> ApiUserGuid {
    let count = account.api_users.len().max(1);
    account
        .api_users
        .iter()
        .nth(usize::from(number) % count)
        .map_or(ApiUserGuid::derived("none"), |user| user.guid)
}

fn schedule_at(account: &Account, owner: ScheduleOwner, number: u8) -> ScheduleId {
    let schedules = account.schedules_of(owner).unwrap();
    schedules
        .keys()
        .nth(usize::from(number) % schedules.len().max(1))
        .copied()
        .unwrap_or(ScheduleId(1))
}

fn recurrence(number: u8) -> Recurrence {
    let hours = Hours::new(
        "08:00".parse().unwrap(),
        format!("{:02}:30", number % 24).parse().unwrap(),
    )
    .unwrap();
    match number % 4 {
        0 => Recurrence::one_time(
            "2025-11-11T21:18:01".parse().unwrap(),
            format!("2026-01-01T00:00:{:02}", number % 60)
                .parse()
                .unwrap(),
        )
        .unwrap(),
        1 => Recurrence::Daily { hours },
        2 => Recurrence::Weekly {
            day: WeekDay::Sunday,
            hours,
        },
        _ => Recurrence::Monthly {
            day: i32::from(number % 31 + 1).try_into().unwrap(),
            hours,
        },
    }
}

fn change(base: Base, email: Option<u8>, zone: Patch<i32>) -> OperatorChange {
    let time_zone_id = match zone {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(id) => Patch::Set(id.try_into().unwrap()),
    };
    OperatorChange {
        base,
        full_name: Some("An Operator\u{0}, naïve".parse().unwrap()),
        email: email.map(|number| format!("Operator{number}@example.com").parse().unwrap()),
        password: None,
        mobile_phone: Patch::Keep,
        outgoing_phone_number: Patch::Set("+31 20 123 4567".parse().unwrap()),
        outgoing_phone_number_id: Patch::Set(1.try_into().unwrap()),
        backup_email: Patch::Keep,
        is_on_duty: Patch::Keep,
        culture_name: Patch::Set("nl-NL".parse().unwrap()),
        time_zone_id,
        sms_provider: Patch::Keep,
        use_numeric_sender: Patch::Set(true),
        phone_provider: Patch::Keep,
        allow_native_login: Patch::Set(true),
        allow_single_signon: Patch::Clear,
        default_dashboard: Patch::Keep,
        operator_role: Patch::Keep,
        setup_mode: Patch::Keep,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Changes that wait together share a commit, so they are handed over in handfuls.
    #[test]
    fn the_file_holds_what_memory_published_after_any_changes(handfuls in vec(vec(step(), 1..6), 1..20)) {
        runtime().block_on(async {
            let store = Store::in_memory().await.unwrap();
            seeded(&store).await;
            for handful in handfuls {
                let changes = handful.into_iter().map(|step| store.change(id(), |account, context| step.take(account, context)));
                for outcome in futures_util::future::join_all(changes).await {
                    assert!(!matches!(outcome, Err(Error::Failed(_))), "{outcome:?}");
                }
                store.assert_is_stored().await;
            }
        });
    }
}

#[tokio::test]
async fn changes_of_one_batch_see_one_another_and_none_is_lost() {
    let store = Store::in_memory().await.unwrap();
    seeded(&store).await;
    let before = store.state().slot(id()).unwrap().account.operators.len();
    let changes = (0..100).chain(0..100).map(|number| {
        let add = move |account: &mut Account, context: &Context| {
            Step::AddOperator { email: number }.take(account, context)
        };
        store.change(id(), add)
    });
    let outcomes = futures_util::future::join_all(changes).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        100
    );
    assert_eq!(
        store.state().slot(id()).unwrap().account.operators.len(),
        before + 100
    );
    store.assert_is_stored().await;
}

#[tokio::test]
async fn a_change_that_panics_fails_alone() {
    let store = Store::in_memory().await.unwrap();
    seeded(&store).await;
    let (panicked, made) = tokio::join!(
        store.change(id(), |account, _| -> Result<()> {
            account.settings.name = "half done".to_owned();
            panic!("on purpose")
        }),
        store.change(id(), |account, context| Step::AddGroup
            .take(account, context)),
    );
    assert!(matches!(panicked, Err(Error::Failed(_))));
    made.unwrap();
    assert_eq!(
        store.state().slot(id()).unwrap().account.settings.name,
        "Example account"
    );
    store.assert_is_stored().await;
}

#[tokio::test]
async fn a_change_is_made_though_nobody_waits_for_it() {
    let store = Store::in_memory().await.unwrap();
    seeded(&store).await;
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let change = store.change(id(), move |account, context| {
        count.fetch_add(1, Ordering::SeqCst);
        Step::AddGroup.take(account, context)
    });
    // One poll hands the change over; then the one who waits is gone.
    assert!(futures_util::future::FutureExt::now_or_never(change).is_none());
    store.assert_is_stored().await;
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_commit_that_fails_is_a_500_for_all_in_it_and_the_file_says_what_is() {
    let store = Store::in_memory().await.unwrap();
    seeded(&store).await;
    let before = (**store.state()).clone();
    store.stored("create trigger broken before insert on operator_group begin select raise(abort, 'on purpose'); end").await;
    let (with_group, without, refused) = tokio::join!(
        store.change(id(), |account, context| Step::AddGroup
            .take(account, context)),
        store.change(id(), |account, context| Step::AddOperator { email: 1 }
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
            Step::AddGroup.take(account, context)
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
    seeded(&store).await;
    store.stored("pragma max_page_count = 1").await;
    let mut failed = false;
    for number in 0..250 {
        let change = move |account: &mut Account, context: &Context| {
            Step::AddOperator { email: number }.take(account, context)
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
            Step::AddGroup.take(account, context)
        })
        .await
        .unwrap();
    store.assert_is_stored().await;
    store.close().await;
}

#[tokio::test]
async fn readers_see_a_batch_whole_or_not_at_all() {
    let store = Store::in_memory().await.unwrap();
    seeded(&store).await;
    let group = store
        .state()
        .slot(id())
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
        let mut looks = 0_u32;
        while stopped
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        {
            let state = reader.state();
            let account = &state.slot(id()).unwrap().account;
            let mut on_duty = account
                .operators
                .iter()
                .map(|operator| operator.profile().is_on_duty);
            let first = on_duty.next().unwrap();
            assert!(
                on_duty.all(|on| on == first),
                "a reader saw half of a change"
            );
            looks += 1;
        }
        looks
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
async fn a_file_is_read_back_after_a_restart_with_its_usage() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let store = Store::open(&path).await.unwrap();
    seeded(&store).await;
    for step in [
        Step::AddGroup,
        Step::AddSchedule {
            owner: Owner::Group(1),
            recurrence: 2,
        },
        Step::AddApiUser { operator: 1 },
    ] {
        store
            .change(id(), |account, context| step.take(account, context))
            .await
            .unwrap();
    }
    let (caller, slot) = store.authenticate("emulator", "emulator").unwrap();
    let now = store.clock().now();
    for _ in 0..3 {
        slot.usage.count(caller.api_user, now);
    }
    let before = (**store.state()).clone();
    store.close().await;

    let store = Store::open(&path).await.unwrap();
    assert_eq!(**store.state(), before);
    let (caller, slot) = store.authenticate("emulator", "emulator").unwrap();
    assert_eq!(slot.usage.of(caller.api_user, now), Some((now, 3)));
    store.close().await;
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
async fn a_file_that_is_not_ours_or_newer_is_left_as_it_was() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let refused = async |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        let error = Store::open(&path).await.unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), content);
        error
    };
    assert!(matches!(refused(b"a diary").await, OpenError::Foreign(_)));

    let ours = folder.path().join("ours.sqlite");
    Store::open(&ours).await.unwrap().close().await;
    let mut content = std::fs::read(&ours).unwrap();
    content[68..72].copy_from_slice(&[0, 0, 0, 1]);
    assert!(matches!(refused(&content).await, OpenError::Foreign(_)));

    let mut content = std::fs::read(&ours).unwrap();
    content[60..64].copy_from_slice(&[0, 0, 3, 232]);
    assert!(matches!(
        refused(&content).await,
        OpenError::Newer { found: 1000, .. }
    ));
}
