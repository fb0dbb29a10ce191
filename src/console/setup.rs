//! Account setup: the overview and the time zones.

use askama::Template;

use super::prelude::*;
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
    let zones = timezones(login.app.store.now(&login.operator.tenant).year());
    let zone = zones
        .iter()
        .find(|zone| zone.id == account.settings.time_zone_id.get());
    let operators = account.operators.iter();
    page(&Overview {
        frame: login.frame("Operators, groups"),
        account,
        on_duty: operators
            .filter(|operator| operator.profile().is_on_duty)
            .count(),
        time_zone: zone.map_or_else(String::new, |zone| zone.description.clone()),
        base_url: &login.base_url,
    })
}

#[derive(Template)]
#[template(path = "time_zones.html")]
struct TimeZones<'a> {
    frame: Frame,
    year: i32,
    zones: Listed<&'a Timezone>,
}

async fn time_zones(login: LoggedIn) -> Result<Response> {
    let year = login.app.store.now(&login.operator.tenant).year();
    let all = timezones(year);
    page(&TimeZones {
        frame: login.frame("Time zones"),
        year,
        zones: Listed::search(&login, all.iter(), |zone| {
            vec![zone.description.clone(), zone.id.to_string()]
        }),
    })
}
