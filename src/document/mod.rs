//! Documents: accounts written down in YAML or JSON, as seed files and exports. Both are one thing: what is exported can
//! be loaded, and is then what it was.
//!
//! | Module | Does |
//! |---|---|
//! | `shape` | says what the keys are called, for reading, writing and the JSON Schema |
//! | `located` | reads a text with the place of everything in it |
//! | `build` | makes accounts of what was read, by the rules of the API |
//! | `export` | makes a document of an account |

mod build;
mod export;
mod located;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;

use schemars::generate::SchemaSettings;

pub use export::{Document, export};
pub use located::Mistake;
use shape::DocumentShape;

use crate::domain::{AccountId, ApiUser, Context, Place, Problem, SecretDigest};
pub use build::Built;
use build::Origin;
use located::Field;

/// The built-in default account.
pub const DEFAULT: &str = include_str!("default.yaml");

/// The e-mail address and the password of the owner of the built-in account, before somebody changes them.
pub const DEFAULT_LOGIN: (&str, &str) = ("admin@example.com", "emulator");

/// The hash of that password, by which it is known whether it is still the right one.
pub fn default_password_hash() -> Option<&'static str> {
    DEFAULT
        .lines()
        .find_map(|line| line.trim().strip_prefix("PasswordHash: "))
}

/// The text in a file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
pub fn text_of(bytes: Vec<u8>, source: &str) -> Result<String, Mistakes> {
    let of_utf16 = |bytes: &[u8], number: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let units: Vec<_> = pairs.iter().copied().map(number).collect();
        let text = String::from_utf16(&units).ok();
        text.filter(|_| rest.is_empty())
            .ok_or_else(|| (Place::default(), "the file is not whole UTF-16"))
    };
    let text = match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => of_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => of_utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).map_err(|error| {
            let start = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let start = String::from_utf8_lossy(start);
            let line = start.rsplit('\n').next().unwrap_or_default();
            let place = Place {
                line: start.matches('\n').count() as u64 + 1,
                column: line.chars().count() as u64 + 1,
            };
            (place, "the file is not UTF-8 here; save it as UTF-8")
        }),
    };
    text.map_err(|(place, message)| Mistakes {
        source: source.to_owned(),
        all: vec![Mistake {
            place,
            message: message.to_owned(),
        }],
    })
}

/// What is wrong with a document, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    /// What the text is called: the path of its file.
    pub source: String,
    pub all: Vec<Mistake>,
}

impl Mistakes {
    /// Returns the mistakes as problems of the field that holds the text.
    pub fn into_problems(self) -> Vec<Problem> {
        let Self { source, all } = self;
        let problem = |Mistake { place, message }| Problem {
            place: Some(place),
            ..Problem::new(source.clone(), message)
        };
        all.into_iter().map(problem).collect()
    }
}

impl fmt::Display for Mistakes {
    /// One line for each mistake: `seed.yaml:12:7: what is wrong`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, all } = self;
        for (number, Mistake { place, message }) in all.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(
                f,
                "{end}{source}:{}:{}: {message}",
                place.line, place.column
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// The accounts of a document without mistakes, ready to be loaded.
#[derive(Debug)]
pub struct Accounts {
    all: Vec<Built>,
}

impl Accounts {
    /// Reads a document and judges it by the rules of the API. What it leaves to the present (`CreatedDate`) is that of
    /// the context.
    pub fn parse(text: &str, source: &str, context: &Context) -> Result<Self, Mistakes> {
        let (document, mistakes) = located::read::<DocumentShape>(text);
        Self::build(document, Origin::Outside, mistakes, source, context)
    }

    /// Reads back a document that the program kept. No rule is asked; a mistake is what no version wrote.
    pub fn restore(text: &str, source: &str, context: &Context) -> Result<Self, Mistakes> {
        let (document, mistakes) = located::read_kept::<DocumentShape>(text);
        Self::build(document, Origin::Kept, mistakes, source, context)
    }

    fn build(
        document: Field<DocumentShape>,
        origin: Origin,
        mut mistakes: Vec<Mistake>,
        source: &str,
        context: &Context,
    ) -> Result<Self, Mistakes> {
        let accounts = match document {
            Field::Is { value, .. } => build::build(&value, origin, context, &mut mistakes),
            Field::Absent => {
                build::build(&DocumentShape::default(), origin, context, &mut mistakes)
            }
            Field::Wrong => Vec::new(),
        };
        if mistakes.is_empty() {
            return Ok(Self { all: accounts });
        }
        mistakes.sort();
        Err(Mistakes {
            source: source.to_owned(),
            all: mistakes,
        })
    }

    /// Reads a document of one account, which gets a number of its own instead of the one it says, if it says one.
    pub fn parse_as(
        text: &str,
        source: &str,
        id: AccountId,
        context: &Context,
    ) -> Result<Self, Mistakes> {
        let (mut document, mut mistakes) = located::read::<DocumentShape>(text);
        if let Field::Is { value, .. } = &mut document {
            value.number(id, &mut mistakes);
        }
        Self::build(document, Origin::Outside, mistakes, source, context)
    }

    /// The built-in default account, with the credentials of its API user.
    pub fn built_in(user_name: &str, password: &str, context: &Context) -> Self {
        let mut accounts = Self::parse(DEFAULT, "the built-in account", context)
            .expect("the built-in account obeys the rules");
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

    /// The accounts, each with the passwords that are still to be hashed.
    pub fn into_built(self) -> Vec<Built> {
        self.all
    }

    /// What the document holds, in a few words.
    #[cfg(feature = "cli")]
    pub fn summary(&self) -> String {
        let told: Vec<_> = self
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
        told.join("; ")
    }
}

/// The JSON Schema of documents, for editors and for those who generate them.
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<DocumentShape>()
        .to_value()
}
