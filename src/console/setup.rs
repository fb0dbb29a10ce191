//! Account setup: the overview and the time zones.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::Console;
use super::page::{Frame, Result, Section, page};
use super::visit::LoggedIn;
use crate::domain::Account;
use crate::domain::timezone::Timezone;
use crate::service::timezone::timezones;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/setup", get(overview))
        .route("/time-zones", get(time_zones))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct Overview<'a> {
    frame: Frame,
    account: &'a Account,
    on_duty: usize,
    time_zone: String,
    base_url: &'a str,
}

/// "Go to Account setup > Operators, groups (and sub accounts)." (API management)
async fn overview(login: LoggedIn) -> Result<Response> {
    let account = login.account();
    let zones = timezones(login.visit.app.store.now(&login.tenant).year());
    let zone = zones
        .iter()
        .find(|zone| zone.id == account.settings.time_zone_id.get());
    page(&Overview {
        frame: login.frame(Section::Setup, "Operators, groups"),
        account,
        on_duty: account
            .operators
            .iter()
            .filter(|operator| operator.profile().is_on_duty)
            .count(),
        time_zone: zone
            .map(|zone| zone.description.clone())
            .unwrap_or_default(),
        base_url: &login.visit.base_url,
    })
}

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    pub q: String,
}

impl Search {
    /// Returns whether one of these texts contains the search term, ignoring case.
    pub fn matches(&self, texts: &[&str]) -> bool {
        let term = self.q.trim().to_lowercase();
        texts.iter().any(|text| text.to_lowercase().contains(&term))
    }
}

#[derive(Template)]
#[template(path = "time_zones.html")]
struct TimeZones {
    frame: Frame,
    search: Search,
    year: i32,
    all: Arc<[Timezone]>,
}

impl TimeZones {
    fn found(&self) -> Vec<&Timezone> {
        let matches = |zone: &&Timezone| {
            self.search
                .matches(&[&zone.description, &zone.id.to_string()])
        };
        self.all.iter().filter(matches).collect()
    }
}

async fn time_zones(login: LoggedIn, Query(search): Query<Search>) -> Result<Response> {
    let year = login.app().store.now(&login.tenant).year();
    page(&TimeZones {
        frame: login.frame(Section::TimeZones, "Time zones"),
        search,
        year,
        all: timezones(year),
    })
}
