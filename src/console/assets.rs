//! The style sheet, the script and the icon, embedded at build time.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

use crate::domain::SecretDigest;

const ASSETS: [(&str, &str, &str); 3] = [
    (
        "/console.css",
        "text/css; charset=utf-8",
        include_str!("assets/console.css"),
    ),
    (
        "/console.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/console.js"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_str!("assets/icon.svg"),
    ),
];

/// The folder of the assets, which is named after their content: another version of the program has another one.
pub static FOLDER: LazyLock<String> = LazyLock::new(|| {
    let digest = SecretDigest::of(&ASSETS.map(|(_, _, content)| content).concat());
    format!("/console/assets/{}", &digest.hex()[..16])
});

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let folder = FOLDER.trim_start_matches("/console");
    ASSETS
        .into_iter()
        .fold(Router::new(), |routes, (name, content_type, content)| {
            let headers = [
                (CONTENT_TYPE, content_type),
                (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            routes.route(
                &format!("{folder}{name}"),
                get(async move || (headers, content)),
            )
        })
}
