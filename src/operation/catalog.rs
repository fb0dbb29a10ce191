//! Every operation of the live service, emulated or not, and those that the criteria for requests can meet.

use super::not_emulated::NOT_EMULATED;
use super::path::{canonical, documented, is_literal};
use super::{Api, Operation};
use crate::domain::Problem;
use crate::domain::text::quoted;
use crate::testing::matching::{Match, Reach, Status, UNKNOWN};

/// The operations of the live service.
#[derive(Debug, Clone, Copy)]
pub struct Catalog(pub &'static [&'static Api]);

/// An operation of the live service.
#[derive(Debug)]
pub struct Known {
    pub id: &'static str,
    pub method: &'static str,
    /// The path as the vendor documents it, such as `/v4/Operator/{operatorGuid}`.
    pub path: String,
    /// Its declaration, if it is emulated.
    pub emulated: Option<&'static Operation>,
}

impl Catalog {
    pub fn all(self) -> impl Iterator<Item = Known> {
        let emulated = self.0.iter().flat_map(|api| api.operations());
        let emulated = emulated.map(|operation| Known {
            id: operation.id,
            method: operation.method,
            path: documented(operation.path),
            emulated: Some(operation),
        });
        emulated.chain(NOT_EMULATED.iter().map(|operation| Known {
            id: operation.id,
            method: operation.method,
            path: documented(operation.path),
            emulated: None,
        }))
    }

    /// Brings criteria into their canonical form, with the operations that they can meet. Criteria that no request can fulfill
    /// are almost always a slip, and are reported with the nearest ones that a request can: each problem names its field.
    pub fn resolve(self, mut criteria: Match) -> Result<Match, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut correct = |field: &str, value: &mut Option<String>, rule: &dyn Fn(&str) -> _| {
            if let Some(written) = value {
                match rule(written) {
                    Ok(canonical) => *written = canonical,
                    Err(message) => problems.push(Problem::new(field, message)),
                }
            }
        };
        correct("method", &mut criteria.method, &|method| {
            not_blank(method).map(str::to_ascii_uppercase)
        });
        correct("path", &mut criteria.path, &|path| canonical_path(path));
        correct("operationId", &mut criteria.operation_id, &|id| {
            self.operation_id(id)
        });
        for (field, value) in [
            ("userName", &mut criteria.user_name),
            ("label", &mut criteria.label),
            ("text", &mut criteria.text),
        ] {
            correct(field, value, &|text| not_blank(text).map(str::to_owned));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        criteria.reach = self.reach(&criteria).map_err(|problem| vec![problem])?;
        Ok(criteria)
    }

    /// Returns the operations that criteria in their canonical form can meet.
    fn reach(self, criteria: &Match) -> Result<Reach, Problem> {
        let Match {
            method,
            path,
            operation_id,
            status,
            unknown,
            ..
        } = criteria;
        if *unknown == Some(true) {
            if operation_id.is_some() {
                let message = "contradicts the operationId, which only known requests have";
                return Err(Problem::new("unknown", message));
            }
            return Ok(Reach::Only([UNKNOWN].into()));
        }
        if method.is_none() && path.is_none() && operation_id.is_none() && unknown.is_none() {
            return Ok(Reach::Any);
        }
        let has_method = |known: &Known| method.as_ref().is_none_or(|is| *is == known.method);
        let has_path = |known: &Known| path.as_ref().is_none_or(|is| can_meet(is, &known.path));
        let has_id = |known: &Known| operation_id.as_ref().is_none_or(|is| *is == known.id);
        let fitting = |known: &Known| has_id(known) && has_method(known) && has_path(known);
        let mut reached: Vec<_> = self.all().filter(fitting).map(|known| known.id).collect();
        // "Who means it says so".
        let is_meant = unknown.is_none()
            && operation_id.is_none()
            && matches!(status, Some(Status::Exactly(404 | 405)));
        if reached.is_empty() && !is_meant {
            return Err(self.unreachable(criteria));
        }
        if operation_id.is_none() && *unknown != Some(false) {
            reached.push(UNKNOWN);
        }
        Ok(Reach::Only(reached.into()))
    }

    /// Returns why no operation can meet criteria, with the nearest ones.
    fn unreachable(self, criteria: &Match) -> Problem {
        let method = criteria.method.as_deref();
        if let Some(id) = &criteria.operation_id
            && let Some(known) = self.all().find(|known| known.id == id)
        {
            let field = if method.is_some_and(|method| method != known.method) {
                "method"
            } else {
                "path"
            };
            let message = format!(
                "contradicts the operationId: {id} is {} {}",
                known.method, known.path
            );
            return Problem::new(field, message);
        }
        let path = criteria.path.as_deref().unwrap_or("/*");
        let mut methods: Vec<_> = self
            .all()
            .filter(|known| criteria.path.is_none() || can_meet(path, &known.path))
            .map(|known| known.method)
            .collect();
        methods.sort_unstable();
        methods.dedup();
        if methods.is_empty() {
            let similar = || {
                let known = self.all();
                nearest(
                    path,
                    known.map(|known| (known.path.clone(), in_stars(&known.path))),
                )
            };
            // The path of a proxy or of a base URL may stand before it.
            let starts = path.match_indices('/').skip(1);
            let mut ends = starts.map(|(start, _)| canonical(&path[start..]));
            let is_known = |end: &String| self.all().any(|known| can_meet(end, &known.path));
            let near = ends.find(is_known).unwrap_or_else(similar);
            let message =
                format!("is {path}, which no operation has; the nearest one is {near}; {MEANT}");
            return Problem::new("path", message);
        }
        let of = criteria
            .path
            .as_ref()
            .map_or_else(String::new, |path| format!(" for {path}"));
        let message = format!(
            "is {}, which no operation has{of}; those that are: {}; {MEANT}",
            method.unwrap_or_default(),
            methods.join(", ")
        );
        Problem::new("method", message)
    }

    /// Returns an `operationId` in the vendor's spelling.
    fn operation_id(self, written: &str) -> Result<String, String> {
        let written = not_blank(written)?;
        if let Some(known) = self
            .all()
            .find(|known| known.id.eq_ignore_ascii_case(written))
        {
            return Ok(known.id.to_owned());
        }
        if written.starts_with("Emulator_") {
            return Err(format!(
                "{written} is an operation of the control API, which is not recorded"
            ));
        }
        let near = nearest(
            written,
            self.all().flat_map(|known| {
                let without_tag = known.id.split_once('_').map_or(known.id, |(_, name)| name);
                [known.id, without_tag].map(|name| (known.id.to_owned(), name.to_owned()))
            }),
        );
        Err(format!(
            "{} is no operation; the nearest one is {near}",
            quoted(written)
        ))
    }
}

/// What to do if criteria are meant as they are.
const MEANT: &str = "if it is meant, add \"unknown\": true";

fn not_blank(text: &str) -> Result<&str, String> {
    if text.trim().is_empty() {
        Err("must not be blank; leave it out for any".to_owned())
    } else {
        Ok(text)
    }
}

/// Returns the canonical form of a path.
fn canonical_path(written: &str) -> Result<String, String> {
    let written = not_blank(written)?;
    let path = written.split_once("://").map_or(written, |(_, rest)| {
        rest.find('/').map_or("/", |start| &rest[start..])
    });
    let (path, query) = path
        .split_once(['?', '#'])
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let path = canonical(&if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    });
    if written.contains("://") {
        return Err(format!("has to be the path alone: {path}"));
    }
    if let Some(query) = query {
        return Err(format!(
            "has to be without a query: {path}; text: {} finds the query",
            quoted(query)
        ));
    }
    if ["/_emulator", "/console"]
        .iter()
        .any(|page| path.starts_with(&format!("/v4{page}")))
    {
        return Err(format!(
            "is {written}, but requests of the control API and the console are not recorded"
        ));
    }
    if path == "/*" {
        return Err("is a star, which is one segment; leave it out for any path".to_owned());
    }
    if path.contains("**") {
        let near = path.replace("**", "*");
        return Err(format!(
            "is {path}, but a star is one segment, and nothing stands for several; one segment is {near}"
        ));
    }
    if path.contains(['{', '}']) || path.contains("/:") {
        return Err(format!(
            "is {path}, but a parameter is written as a star: {}",
            in_stars(&path)
        ));
    }
    if let Some(segment) = path
        .split('/')
        .find(|segment| segment.len() > 1 && segment.contains('*'))
    {
        return Err(format!(
            "is {path}, but a star is a whole segment, not a part of one as in {segment}"
        ));
    }
    Ok(path)
}

/// Returns the name of the most similar spelling.
fn nearest(written: &str, known: impl Iterator<Item = (String, String)>) -> String {
    let written = written.to_lowercase();
    known
        .map(|(name, spelling)| {
            let similarity =
                strsim::normalized_damerau_levenshtein(&spelling.to_lowercase(), &written);
            (similarity, name)
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
        .unwrap_or_default()
}

/// Returns whether a request whose path fits the path of a match may be one of an operation. A word of the API is never the value
/// of a parameter.
fn can_meet(path: &str, of_operation: &str) -> bool {
    let (mut path, mut of_operation) = (path.split('/'), of_operation.split('/'));
    loop {
        match (path.next(), of_operation.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(value), Some(parameter)) if parameter.starts_with('{') => {
                if value.is_empty() || is_literal(value) {
                    return false;
                }
            }
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            _ => return false,
        }
    }
}

/// Returns a path with stars in place of its parameters.
fn in_stars(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        if segment.starts_with(['{', ':']) {
            "*"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}
