//! The types of the API and every rule about them: plain values and pure functions, with no HTTP, no SQL, no task and no clock
//! of their own.

pub mod account;
pub mod api_user;
pub mod caller;
pub mod collection;
mod context;
pub mod duty_schedule;
pub mod guid;
mod id;
pub mod input;
pub mod moment;
pub mod node;
pub mod operator;
pub mod operator_group;
pub mod outgoing_phone_number;
pub mod password;
pub mod patch;
mod problem;
#[cfg(test)]
pub mod random_changes;
pub mod record;
mod restore;
mod schema;
mod secret_digest;
pub mod text;
pub mod time_interval;
pub mod timezone;
pub mod user;
pub mod value;

pub use account::{Account, AccountId, UserChange};
pub use api_user::{ApiUser, ApiUserType};
pub use caller::{AuthenticatedBy, Caller};
pub use collection::Collection;
pub use context::Context;
pub use duty_schedule::{DutySchedule, Recurrence, ScheduleId};
pub use guid::{ApiUserGuid, OperatorGroupGuid, OperatorGuid};
pub use input::Input;
pub use moment::Moment;
pub use operator::{NewOperator, Operator, OperatorAuthorization, OperatorChange};
pub use operator_group::{GroupKind, OperatorGroup, OperatorGroupAuthorization};
pub use password::{PasswordHash, PlainPassword};
pub use patch::Patch;
pub use problem::{Place, Problem, Problems};
pub use restore::{Kept, Restore};
pub(crate) use restore::{restore_number, restore_parsed};
pub(crate) use schema::schema;
pub use secret_digest::SecretDigest;
pub use user::{User, UserId};
