//! Documents: accounts in YAML or JSON, as seed files and exports. Both have one format: an export can be loaded, and restores
//! the account it was made from.
//!
//! | Module | Contents |
//! |---|---|
//! | `parse` | parses a text to a tree of values with their locations |
//! | `shape` | declares the keys, for reading and for the JSON Schema |
//! | `build` | builds accounts from a document by the rules of the API |
//! | `export` | exports an account as a document |

mod build;
mod export;
mod parse;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use schemars::generate::SchemaSettings;

pub use export::{Document, export};
use shape::DocumentShape;

use crate::bind::{self, Fields, Shape as _};
use crate::domain::node::Node;
use crate::domain::{AccountId, ApiUser, Context, Place, Problem, SecretDigest};
pub use build::Built;
use build::Origin;

/// The document of the built-in default account.
pub const DEFAULT: &str = include_str!("default.yaml");

/// The initial e-mail address and password of the owner of the built-in account.
pub const DEFAULT_LOGIN: (&str, &str) = ("admin@example.com", "emulator");

/// Returns the hash of that password, to check whether it is still in use.
pub fn default_password_hash() -> Option<&'static str> {
    DEFAULT
        .lines()
        .find_map(|line| line.trim().strip_prefix("PasswordHash: "))
}

/// Decodes the text of a file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
pub fn text_of(bytes: Vec<u8>, source: &str) -> Result<String, Mistakes> {
    let decode_utf16 = |bytes: &[u8], number: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let units: Vec<_> = pairs.iter().copied().map(number).collect();
        let text = String::from_utf16(&units).ok();
        text.filter(|_| rest.is_empty())
            .ok_or_else(|| (Place::default(), "the file is not whole UTF-16"))
    };
    let text = match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).map_err(|error| {
            let start = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let start = String::from_utf8_lossy(start);
            let line = start.rsplit('\n').next().unwrap_or_default();
            let place = Place::Text {
                line: start.matches('\n').count() + 1,
                column: line.chars().count() + 1,
            };
            (place, "the file is not UTF-8 here; save it as UTF-8")
        }),
    };
    text.map_err(|(place, message)| Mistakes {
        source: source.to_owned(),
        all: vec![Problem {
            place: Some(place),
            ..Problem::general(message)
        }],
    })
}

/// The mistakes of a document, in the order of their locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    /// What the document is called: the path of its file.
    pub source: String,
    pub all: Vec<Problem>,
}

impl Mistakes {
    fn new(source: &str, mut all: Vec<Problem>) -> Self {
        all.sort_by(|one, other| one.place.cmp(&other.place));
        Self {
            source: source.to_owned(),
            all,
        }
    }

    /// Returns the mistakes as problems of the field that contains the document: with the line and column in its text, or with
    /// the path in its object.
    pub fn problems(&self) -> Vec<Problem> {
        let problem = |problem: &Problem| {
            let Problem {
                field,
                place,
                message,
            } = problem;
            let description = match (&**field, message) {
                ("", message) => message.clone(),
                (field, message) => format!("{field}: {message}"),
            };
            match place {
                Some(Place::Object { path, .. }) => {
                    let item = path.trim_end_matches(|last: char| "[0123456789]".contains(last));
                    let field = if item.ends_with(&**field) { "" } else { field };
                    let parts = [&*self.source, &**path, field];
                    let parts = parts.into_iter().filter(|part| !part.is_empty());
                    Problem::new(parts.collect::<Vec<_>>().join("."), message)
                }
                place => Problem {
                    place: place.clone(),
                    ..Problem::new(&self.source, description)
                },
            }
        };
        self.all.iter().map(problem).collect()
    }
}

impl fmt::Display for Mistakes {
    /// Writes one line for each mistake: `seed.yaml:12:7: what is wrong`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.problems().iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

/// Parses a document that is a list of objects, and binds each of them.
pub fn read_list<T>(
    text: &str,
    source: &str,
    bind: impl FnMut(&mut Fields<'_>) -> Option<T>,
) -> Result<Vec<T>, Mistakes> {
    let root = parse::parse(text).map_err(|problem| Mistakes::new(source, vec![problem]))?;
    let (all, problems) = bind::list(&root, &bind::SEED, bind);
    if problems.is_empty() {
        return Ok(all);
    }
    Err(Mistakes::new(source, problems.into_vec()))
}

/// A document as received, before it is parsed.
#[derive(Debug, Clone)]
pub enum SeedInput {
    /// YAML or JSON.
    Text(Arc<str>),
    /// An object of a request.
    Object(Arc<Node>),
}

/// The accounts of a valid document, ready to be loaded.
#[derive(Debug)]
pub struct Accounts {
    all: Vec<Built>,
}

impl Accounts {
    /// Parses a document and validates it by the rules of the API. Defaults that depend on the present (`CreatedDate`) come from
    /// the context.
    pub fn parse(text: &str, source: &str, context: &Context) -> Result<Self, Mistakes> {
        let root = parse::parse(text).map_err(|problem| Mistakes::new(source, vec![problem]))?;
        Self::build(&root, Origin::External, None, source, context)
    }

    /// Reads a document that the program stored, without checking the rules of the API. A mistake is something that no version
    /// wrote.
    pub fn restore(text: &str, source: &str, context: &Context) -> Result<Self, Mistakes> {
        let mistakes = |error: serde_json::Error| {
            let problem = Problem::general(error.to_string());
            Mistakes::new(source, vec![problem])
        };
        let root = serde_json::from_str(text).map_err(mistakes)?;
        Self::build(&root, Origin::Stored, None, source, context)
    }

    /// Parses a document of one account, and assigns a number to the account, which replaces the one in the document, if any.
    pub fn parse_as(
        input: &SeedInput,
        source: &str,
        id: AccountId,
        context: &Context,
    ) -> Result<Self, Mistakes> {
        let parsed;
        let root = match input {
            SeedInput::Object(root) => root,
            SeedInput::Text(text) => {
                parsed =
                    parse::parse(text).map_err(|problem| Mistakes::new(source, vec![problem]))?;
                &parsed
            }
        };
        Self::build(root, Origin::External, Some(id), source, context)
    }

    /// Builds the accounts of a document. If a number is given, the document must have one account, which gets that number.
    fn build(
        root: &Node,
        origin: Origin,
        number: Option<AccountId>,
        source: &str,
        context: &Context,
    ) -> Result<Self, Mistakes> {
        let from = match origin {
            Origin::External => &bind::SEED,
            Origin::Stored => &bind::KEPT,
        };
        let (document, mut problems) = DocumentShape::read_root(root, from);
        let mut accounts = Vec::new();
        if let Some(mut document) = document {
            if let Some(Err(second)) = number.map(|number| document.set_account_id(number)) {
                let problem = Problem::new("accounts", "must hold one account here");
                let place = Some(second);
                problems.add(Problem { place, ..problem }, true);
            }
            accounts = build::build(&document, origin, context, &mut problems);
        }
        let problems = problems.into_vec();
        if problems.is_empty() {
            return Ok(Self { all: accounts });
        }
        Err(Mistakes::new(source, problems))
    }

    /// Returns the built-in default account, with these credentials of its API user.
    pub fn built_in(user_name: &str, password: &str, context: &Context) -> Self {
        let mut accounts = Self::parse(DEFAULT, "the built-in account", context)
            .expect("the built-in account is valid");
        for Built { account, .. } in &mut accounts.all {
            for api_user in account.api_users.clone().iter() {
                account.api_users.insert(ApiUser {
                    user_name: user_name.to_owned(),
                    password: SecretDigest::of(password),
                    ..ApiUser::clone(api_user)
                });
            }
        }
        accounts
    }

    /// Returns the accounts, each with the passwords that are still to be hashed.
    pub fn into_built(self) -> Vec<Built> {
        self.all
    }

    /// Returns a short summary of the content of the document.
    #[cfg(feature = "cli")]
    pub fn summary(&self) -> String {
        let descriptions: Vec<_> = self
            .all
            .iter()
            .map(|Built { account, .. }| {
                format!(
                    "account {} (operators: {}, operator groups: {}, API users: {})",
                    account.id,
                    account.operators.len(),
                    account.operator_groups.len(),
                    account.api_users.len()
                )
            })
            .collect();
        descriptions.join("; ")
    }
}

/// Returns the JSON Schema of documents, for editors and for programs that generate documents.
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<DocumentShape>()
        .to_value()
}
