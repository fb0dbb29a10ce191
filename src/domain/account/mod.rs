//! The account: a value with everything that belongs to it, and the rules between its parts.
//!
//! A change is made to a copy, which costs nothing; if the change fails, the copy is discarded.

mod api_users;
mod groups;
mod id;
mod operators;
mod schedules;
mod users;

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use imbl::OrdMap;

pub use api_users::ApiUserChange;
pub use id::AccountId;
pub use schedules::ScheduleOwner;
pub use users::{ChangedUser, OWNER_IS_ACTIVE, OldPassword, PasswordChange, UserChange, UserKey};

use super::collection::Keyed;
use super::timezone::TimeZoneId;
use super::{
    ApiUser, ApiUserGuid, Collection, Context, GroupKind, Moment, Operator, OperatorGroup,
    OperatorGroupGuid, OperatorGuid, SecretDigest, User,
};

/// The settings of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub name: String,
    pub time_zone_id: TimeZoneId,
    pub single_sign_on: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub settings: Settings,
    pub owner: OperatorGuid,
    pub operators: Collection<Operator>,
    pub operator_groups: Collection<OperatorGroup>,
    pub api_users: Collection<ApiUser>,
    /// One user for each operator, in the order of the users' IDs.
    pub users: Collection<User>,
    /// The index of operators by e-mail address; derived from `operators`.
    emails: OrdMap<String, OperatorGuid>,
    /// Derived from `operator_groups`.
    administrators: Option<OperatorGroupGuid>,
    next_schedule_id: i32,
    next_user_id: i32,
}

impl Keyed for Account {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.id
    }
}

/// The parts of an account that are saved; the others are derived from them. Code that handles accounts as a whole names each
/// part, here or in [`Account`], so that a new one does not compile until it is handled everywhere.
#[derive(Debug, Clone)]
pub struct Parts {
    pub id: AccountId,
    pub settings: Settings,
    pub owner: OperatorGuid,
    pub operators: Collection<Operator>,
    pub operator_groups: Collection<OperatorGroup>,
    pub api_users: Collection<ApiUser>,
    pub users: Collection<User>,
    pub next_schedule_id: i32,
    pub next_user_id: i32,
}

/// Rebuilds an account from its saved parts.
impl From<Parts> for Account {
    fn from(parts: Parts) -> Self {
        let Parts {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            next_schedule_id,
            next_user_id,
        } = parts;
        let email = |operator: &Arc<Operator>| (operator.profile().email.key(), operator.guid);
        let emails = operators.iter().map(email).collect();
        let administrators = operator_groups
            .iter()
            .find(|group| group.kind == GroupKind::Administrators)
            .map(|group| group.guid);
        Self {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            emails,
            administrators,
            next_schedule_id,
            next_user_id,
        }
    }
}

impl Account {
    /// Creates an account with its owner and its system groups.
    pub fn new(id: AccountId, settings: Settings, owner: Operator) -> Self {
        let mut account = Self::bare(id, settings, owner.guid, 1, 1);
        account
            .add_user(owner.guid)
            .expect("the first ID is available");
        let mut administrators = OperatorGroup::administrators(id);
        administrators.join(owner.guid);
        account.insert_operator(owner);
        account.insert_operator_group(administrators);
        account.insert_operator_group(OperatorGroup::everyone(id));
        account
    }

    /// Creates an account that holds nothing yet.
    pub fn bare(
        id: AccountId,
        settings: Settings,
        owner: OperatorGuid,
        next_schedule_id: i32,
        next_user_id: i32,
    ) -> Self {
        Self {
            id,
            settings,
            owner,
            operators: Collection::default(),
            operator_groups: Collection::default(),
            api_users: Collection::default(),
            users: Collection::default(),
            emails: OrdMap::new(),
            administrators: None,
            next_schedule_id,
            next_user_id,
        }
    }

    /// Returns the account as it was when it held nothing.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let settings = self.settings.clone();
        Self::bare(self.id, settings, self.owner, 1, 1)
    }

    /// Returns the parts of the account that are saved. Copying them costs nothing.
    pub fn parts(&self) -> Parts {
        let Self {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            emails: _,
            administrators: _,
            next_schedule_id,
            next_user_id,
        } = self.clone();
        Parts {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            next_schedule_id,
            next_user_id,
        }
    }

    /// Returns a copy of the account with another number. Only its API users differ: they get new names and passwords, since a
    /// user name belongs to one account.
    #[must_use]
    pub fn copied(&self, id: AccountId, context: &Context) -> Self {
        let mut copy = Self {
            id,
            api_users: Collection::default(),
            ..self.clone()
        };
        for api_user in self.api_users.iter() {
            let guid: ApiUserGuid = context.new_guid();
            copy.api_users.insert(ApiUser {
                guid,
                user_name: guid.simple(),
                password: SecretDigest::of(&context.new_password()),
                created: context.now,
                ..ApiUser::clone(api_user)
            });
        }
        copy
    }

    /// "Operators" (Swagger, OperatorQuota): reported, not enforced.
    pub const OPERATOR_QUOTA: usize = 1000;

    /// "ExpirationDate" (Swagger, AccountStatistics): the emulator's accounts do not expire.
    pub fn expiration_date() -> Moment {
        let day = NaiveDate::from_ymd_opt(2099, 12, 31).expect("the date is in the calendar");
        day.and_time(NaiveTime::MIN).into()
    }
}
