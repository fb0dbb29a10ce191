//! The paths of the API, and how the spellings that clients use are normalized.

use std::borrow::Cow;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::not_emulated::NOT_EMULATED;
use crate::domain::guid;

/// The literal segments of the paths that are served: those of operations, which a test compares with their table, and those of
/// the pages for people. `v4` is one, since a path that does not belong under `/v4` keeps it, and is reported with it.
const SERVED: &str = "
    Account AddDutyScheduleForAllMembers AllOperatorsOffDuty AllOperatorsOnDuty ApiUser Authorization DutySchedule Member
    Operator OperatorGroup OutgoingPhoneNumber Register Settings Timezone api Users
    swagger index.html start.js swagger-ui-bundle.js swagger-ui.css v1 swagger.json swagger-2.0.json
    v4
";

/// The literal segments of all paths in the vendor's spelling, sorted without regard to case.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let others = NOT_EMULATED.iter();
    let others = others.flat_map(|operation| operation.path.split('/'));
    let others = others.filter(|segment| !segment.is_empty() && !segment.starts_with('{'));
    let mut words: Vec<_> = SERVED
        .split_whitespace()
        .chain(others)
        .chain([PLURAL])
        .collect();
    words.sort_unstable_by(|one, other| without_case(one).cmp(without_case(other)));
    words.dedup();
    words
});

/// The name of an operator's `OperatorGroup` in clients that were generated from the Swagger files of 2019 and 2020.
const PLURAL: &str = "OperatorGroups";

/// The path of the companion API, which is not under `/v4`.
pub const USERS: &str = "/api/Users";

/// Returns whether a path, in the form of the routes, belongs to the companion API.
pub fn is_of_users(path: &str) -> bool {
    is_under(USERS, path)
}

/// Returns whether a path is another one or below it.
pub fn is_under(other: &str, path: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the path in the form of the routes: without `/v4`, in the vendor's spelling, with GUIDs as the API writes them, and
/// without a trailing slash. Returns `None` if it already has that form. The live service, an ASP.NET application, accepts
/// paths in any letter case, and scripts rely on it.
pub fn canonical_path(path: &str) -> Option<String> {
    let trimmed = path
        .strip_suffix('/')
        .filter(|rest| !rest.is_empty())
        .unwrap_or(path);
    let segments = trimmed.strip_prefix('/')?;
    let (first, rest) = segments.split_once('/').unwrap_or((segments, ""));
    let segments = if is_word(first, "v4") && !rest.split('/').next().is_some_and(is_of_companion) {
        rest
    } else {
        segments
    };
    let mut canonical = String::with_capacity(path.len());
    for segment in segments.split('/') {
        canonical.push('/');
        push_canonical(segment, &mut canonical);
    }
    if canonical.ends_with(PLURAL)
        && let ["", "Operator", _, PLURAL] = canonical.split('/').collect::<Vec<_>>()[..]
    {
        canonical.pop();
    }
    (canonical != path).then_some(canonical)
}

/// Returns whether a first segment is that of the companion API, which is not part of version 4.
fn is_of_companion(segment: &str) -> bool {
    is_word(segment, "api")
}

fn is_word(segment: &str, word: &str) -> bool {
    decoded(segment).eq_ignore_ascii_case(word)
}

/// Returns a path in the form of the routes as the vendor's documents write it: under `/v4`, if it belongs there.
pub fn documented(path: &str) -> String {
    // A path that does not belong under /v4 kept that segment if it had it.
    if is_of_users(path) || path.starts_with("/v4/api/") {
        path.to_owned()
    } else {
        let mut documented = String::with_capacity("/v4".len() + path.len());
        documented.push_str("/v4");
        documented.push_str(path);
        documented
    }
}

/// Converts the path of a match to the form of the paths in the journal. A path that begins with a star is returned unchanged:
/// it may match paths under `/v4` and others.
pub fn canonical(path: &str) -> String {
    if !path.starts_with('/') || path.starts_with("/*") {
        return path.to_owned();
    }
    documented(&canonical_path(path).unwrap_or_else(|| path.to_owned()))
}

/// Appends a segment in its canonical form.
fn push_canonical(segment: &str, canonical: &mut String) {
    let decoded = decoded(segment);
    if let Ok(at) = WORDS.binary_search_by(|word| without_case(word).cmp(without_case(&decoded))) {
        canonical.push_str(WORDS[at]);
    } else if let Some(guid) = guid::read(&decoded) {
        canonical.push_str(guid.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    } else {
        canonical.push_str(segment);
    }
}

/// Returns whether a segment is one of the words of the API's paths.
pub fn is_literal(segment: &str) -> bool {
    let found = WORDS.binary_search_by(|word| without_case(word).cmp(without_case(segment)));
    found.is_ok()
}

fn without_case(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

fn decoded(segment: &str) -> Cow<'_, str> {
    if segment.contains('%') {
        percent_decode_str(segment).decode_utf8_lossy()
    } else {
        segment.into()
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, canonical_path};

    #[test]
    fn every_spelling_of_a_path_becomes_the_vendor_s() {
        for (written, canonical) in [
            ("/v4/operatorgroup/X/MEMBER/Y", "/OperatorGroup/X/Member/Y"),
            ("/V4/Operator/", "/Operator"),
            ("/apiuser", "/ApiUser"),
            ("/v4/%4Fperator", "/Operator"),
            ("/%764/Operator", "/Operator"),
            ("/v4/monitor/1", "/Monitor/1"),
            ("/v4//Operator", "//Operator"),
            ("/API/users/4/", "/api/Users/4"),
            ("/%61pi/Users", "/api/Users"),
            ("/V4/api/users", "/v4/api/Users"),
            ("/v4/Operator//", "/Operator/"),
            ("/v4", "/"),
            ("/v4/", "/"),
            (
                "/operator/36FAD910-6E9F-4886-B1A7-9B4637362CB8",
                "/Operator/36fad910-6e9f-4886-b1a7-9b4637362cb8",
            ),
            (
                "/Operator/36fad9106e9f4886b1a79b4637362cb8/DutySchedule",
                "/Operator/36fad910-6e9f-4886-b1a7-9b4637362cb8/DutySchedule",
            ),
            (
                "/ApiUser/%7B36fad910-6e9f-4886-b1a7-9b4637362cb8%7d",
                "/ApiUser/36fad910-6e9f-4886-b1a7-9b4637362cb8",
            ),
            (
                "/v4/monitor/x/MAINTENANCEPERIOD",
                "/Monitor/x/MaintenancePeriod",
            ),
            ("/Operator/X/operatorgroups", "/Operator/X/OperatorGroup"),
            ("/v4/operatorgroups", "/OperatorGroups"),
            ("/v4/v4/Operator", "/v4/Operator"),
        ] {
            assert_eq!(
                canonical_path(written).as_deref(),
                Some(canonical),
                "{written}"
            );
        }
        for canonical in ["/Operator", "/", "/v4/api/Users", "*"] {
            assert_eq!(canonical_path(canonical), None, "{canonical}");
        }
    }

    #[test]
    fn the_path_of_a_match_is_normalized_like_that_of_a_request() {
        for (written, found) in [
            ("/v4", "/v4/"),
            ("/operator/", "/v4/Operator"),
            ("/V4/Operator/*", "/v4/Operator/*"),
            ("/API/users", "/api/Users"),
            ("/v4/api/users", "/v4/api/Users"),
            ("/v4/API/x", "/v4/api/x"),
            ("/v4/v4/Operator", "/v4/v4/Operator"),
            ("/*/Users", "/*/Users"),
            ("Operator", "Operator"),
        ] {
            assert_eq!(canonical(written), found);
            assert_eq!(canonical(found), found);
        }
    }
}
