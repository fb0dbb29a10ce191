//! What nearly every module of pages uses.

pub(super) use axum::Router;
pub(super) use axum::response::Response;
pub(super) use axum::routing::{get, post};

pub(super) use super::Console;
pub(super) use super::form::Form;
pub(super) use super::page::{Crumb, Failure, Frame, Listed, Result, crumb, page, pages, tools};
pub(super) use super::tools::Tool;
pub(super) use super::visit::{LoggedIn, Visit, done};
