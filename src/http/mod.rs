//! The account API over HTTP: its operations, and the layers that a request passes before it reaches one of them.

mod account;
mod api_user;
mod describe;
mod duty_schedule;
mod error;
mod extract;
mod layers;
mod operations;
mod operator;
mod operator_group;
mod reason;
mod registration;
mod timezone;
mod user;

pub use layers::api;
pub use operations::{ACCOUNT_API, USER_API};
