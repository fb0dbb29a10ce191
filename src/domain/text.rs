//! String types with a rule each. A string is stored as it was sent, including whitespace and letter case; its rule is applied to
//! the trimmed string.

use std::fmt;
use std::str::FromStr;

use schemars::json_schema;
use serde::Serialize;
use strum::VariantNames;

use super::schema::schema;
use super::value::{Value, from_node, ruled, ruled_unless_blank};
use super::{Kept, Restore, guid};

/// Returns a string for a message: quoted, and truncated if it is long.
pub fn quoted(text: &str) -> String {
    const MAX_LENGTH: usize = 64;
    if text.chars().count() <= MAX_LENGTH {
        format!("'{text}'")
    } else {
        let start: String = text.chars().take(MAX_LENGTH).collect();
        format!("'{start}…'")
    }
}

/// Parses one of a set of words, in any letter case.
pub fn word<T: FromStr + VariantNames>(text: &str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{} is none of {}", quoted(text), T::VARIANTS.join(", ")))
}

/// Returns the known name that is most similar to `name`, if any is similar at all.
pub fn nearest<'a, N: AsRef<str>>(name: &str, known: &'a [N]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let similarity = |known: &'a N| {
        let known = known.as_ref();
        (strsim::jaro_winkler(&known.to_lowercase(), &name), known)
    };
    known
        .iter()
        .map(similarity)
        .filter(|(similarity, _)| *similarity > 0.6)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// Parses a 32-bit integer.
pub fn whole_number(text: &str) -> Result<i32, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{} is not a whole number of 32 bits", quoted(text)))
}

/// The maximum length of a name or description.
const LONGEST_NAME: usize = 255;

/// The maximum length of a word that is not one of a fixed set.
const LONGEST_WORD: usize = 64;

/// The maximum length of an e-mail address (RFC 5321).
const LONGEST_EMAIL: usize = 254;

/// The HTML standard's rule for a valid e-mail address (`<input type=email>`), as a regular expression. The format `email` of
/// JSON Schema is a different rule: it allows no leading dot.
const EMAIL: &str = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\
                     (\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*";

/// The cultures that an operator can have.
pub const CULTURES: [&str; 5] = ["en-US", "en-GB", "fr-FR", "de-DE", "nl-NL"];

/// Declares a string type: `required` if a field of this type must be set; otherwise `unset` and its value where it is not set,
/// and `or blank` if clients send a blank string to mean that it is not set.
macro_rules! text {
    // The rule applies to the trimmed string only: a string is written as it was sent, including surrounding whitespace.
    (@value $name:ident, required) => {
        from_node!($name, Text, ruled, written {"type": "string"});

        impl Value for $name {
            fn unset() -> Option<Self> {
                None
            }
        }
    };
    (@value $name:ident, unset $unset:literal) => {
        from_node!($name, Text, ruled, written {"type": "string"});
        text!(@unset $name, $unset);
    };
    (@value $name:ident, unset $unset:literal or blank) => {
        from_node!($name, Text, ruled_unless_blank, empty Blank, written {"type": "string"});
        text!(@unset $name, $unset);
    };
    (@unset $name:ident, $unset:literal) => {
        impl Default for $name {
            fn default() -> Self {
                Self($unset.to_owned())
            }
        }

        impl Value for $name {
            fn unset() -> Option<Self> {
                Some(Self::default())
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, ($($value:tt)+), $rule:expr, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        text!(@value $name, $($value)+);

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let rule: fn(&str) -> Result<(), String> = $rule;
                rule(text.trim()).map(|()| Self(text.to_owned()))
            }
        }

        impl Restore for $name {
            fn restore(kept: Kept<'_>) -> Option<Self> {
                String::restore(kept).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        schema!($name, |_| json_schema!($schema));
    };
}

text!(
    /// The full name of an operator.
    FullName,
    (required),
    |text| at_most(text, LONGEST_NAME),
    {"type": "string", "maxLength": LONGEST_NAME}
);
text!(
    /// The description of an operator group or an API user.
    Description,
    (unset ""),
    |text| at_most(text, LONGEST_NAME),
    {"type": "string", "maxLength": LONGEST_NAME}
);
text!(
    /// The e-mail address of an operator, which is also its login name.
    Email,
    (required),
    email,
    {"type": "string", "maxLength": LONGEST_EMAIL, "pattern": format!("^{EMAIL}$")}
);
text!(
    /// The backup e-mail address of an operator, or empty.
    BackupEmail,
    (unset ""),
    |text| if text.is_empty() { Ok(()) } else { email(text) },
    {"type": "string", "maxLength": LONGEST_EMAIL, "pattern": format!("^({EMAIL})?$")}
);
text!(
    /// A phone number, or empty.
    PhoneNumber,
    (unset ""),
    phone_number,
    {"type": "string", "pattern": "^(\\+[0-9]([ .()-]*[0-9]){5,14})?$"}
);
text!(
    /// The culture of an operator; empty for that of the account.
    CultureName,
    (unset ""),
    culture_name,
    {"type": "string", "enum": ["", CULTURES[0], CULTURES[1], CULTURES[2], CULTURES[3], CULTURES[4]]}
);
text!(
    /// The provider of an operator's phone alerts.
    PhoneProvider,
    (unset "UseAccountSetting" or blank),
    |text| if text.is_empty() { Err("must not be empty".to_owned()) } else { at_most(text, LONGEST_WORD) },
    {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD}
);
text!(
    /// The dashboard that an operator sees first.
    DefaultDashboard,
    (unset "UseAccountSpecifiedDashboard" or blank),
    default_dashboard,
    {"type": "string", "pattern": "^([A-Za-z0-9]{1,64}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$"}
);
text!(
    /// The role of an operator.
    OperatorRole,
    (unset "Unspecified" or blank),
    |text| at_most(text, LONGEST_WORD),
    {"type": "string", "maxLength": LONGEST_WORD}
);
text!(
    /// The format of dates for a user, as a .NET format string.
    DateFormat,
    (unset "dd/MM/yyyy"),
    |text| at_most(text, LONGEST_NAME),
    {"type": "string", "maxLength": LONGEST_NAME}
);
text!(
    /// The format of times of day for a user, as a .NET format string.
    TimeFormat,
    (unset "HH:mm:ss"),
    |text| at_most(text, LONGEST_NAME),
    {"type": "string", "maxLength": LONGEST_NAME}
);

impl FullName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Description {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key by which addresses are compared.
    pub fn key(&self) -> String {
        Self::key_of(&self.0)
    }

    pub fn key_of(text: &str) -> String {
        text.trim().to_lowercase()
    }
}

fn at_most(text: &str, limit: usize) -> Result<(), String> {
    match text.chars().count() {
        length if length <= limit => Ok(()),
        length => Err(format!(
            "has {length} characters; at most {limit} are allowed"
        )),
    }
}

/// Checks an e-mail address as [`EMAIL`] does, with an error message.
fn email(text: &str) -> Result<(), String> {
    at_most(text, LONGEST_EMAIL)?;
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_local_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
    };
    match text.split_once('@') {
        Some((local, domain)) if is_local_part(local) && domain.split('.').all(is_label) => Ok(()),
        _ => Err(format!(
            "{} is not an e-mail address; write it as someone@example.com",
            quoted(text)
        )),
    }
}

/// Checks a phone number: "Start with a plus (+) sign and your country code" (Swagger, Operator.MobilePhone).
fn phone_number(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let is_phone_number = text.strip_prefix('+').is_some_and(|number| {
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        (6..=15).contains(&digits)
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b" .-()".contains(&byte))
            && number.starts_with(|first: char| first.is_ascii_digit())
            && number.ends_with(|last: char| last.is_ascii_digit())
    });
    if is_phone_number {
        Ok(())
    } else {
        Err(format!(
            "{} is not a phone number; write + and 6 to 15 digits, as in +31 20 123 4567",
            quoted(text)
        ))
    }
}

fn culture_name(text: &str) -> Result<(), String> {
    if text.is_empty()
        || CULTURES
            .iter()
            .any(|culture| culture.eq_ignore_ascii_case(text))
    {
        Ok(())
    } else {
        Err(format!(
            "{} is not a culture; use one of {}, or leave it empty",
            quoted(text),
            CULTURES.join(", ")
        ))
    }
}

/// Checks a dashboard: "UseAccountSpecifiedDashboard", "Any built-in dashboard: e.g. AccountOverview", or "the guid of this
/// dashboard" (Swagger, Operator.DefaultDashboard). New built-in names appear without notice, so any word is accepted as one.
fn default_dashboard(text: &str) -> Result<(), String> {
    let is_word = (1..=LONGEST_WORD).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_word || guid::parse(text).is_ok() {
        Ok(())
    } else {
        Err(format!(
            "{} is neither UseAccountSpecifiedDashboard, nor the name of a built-in dashboard such as AccountOverview, \
             nor a GUID",
            quoted(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use schemars::{JsonSchema, SchemaGenerator};

    use super::{
        BackupEmail, CultureName, DefaultDashboard, Description, Email, FullName, OperatorRole,
        PhoneNumber, PhoneProvider,
    };

    #[test]
    fn a_string_is_stored_as_sent_but_checked_without_surrounding_whitespace() {
        let email: BackupEmail = " FirstOperator@gmail.com ".parse().unwrap();
        assert_eq!(email.to_string(), " FirstOperator@gmail.com ");
        assert_eq!(
            Email::key_of(" FirstOperator@Gmail.com "),
            "firstoperator@gmail.com"
        );
        assert!(
            format!("  {}  ", "x".repeat(255))
                .parse::<FullName>()
                .is_ok()
        );
        assert!("é".repeat(255).parse::<FullName>().is_ok());
        assert!("é".repeat(256).parse::<FullName>().is_err());
    }

    #[test]
    fn email_addresses_have_a_local_part_and_a_domain() {
        for good in [
            "a@b",
            "first.last+tag@sub.example.com",
            "o'neil@example.co.uk",
        ] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@-b",
            "a@b..c",
            "a@b.",
            "ä@b",
            &format!("a@{}", "b".repeat(64)),
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad}");
        }
    }

    #[test]
    fn phone_numbers_are_international() {
        for good in [
            "",
            "+31612345678",
            "+1 (555) 123-4567",
            "+31.20.123.4567",
            "+123456",
            "+123456789012345",
        ] {
            assert!(good.parse::<PhoneNumber>().is_ok(), "{good}");
        }
        for bad in [
            "0612345678",
            "+12345",
            "+1234567890123456",
            "+31 6 x",
            "+(31)612345",
            "+31612345-",
            "+",
            "31612345678",
        ] {
            assert!(bad.parse::<PhoneNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn schemas_agree_with_the_rules() {
        fn assert_agreement<T: JsonSchema + FromStr>(texts: &[&str]) {
            let schema = SchemaGenerator::default().into_root_schema_for::<T>();
            let schema = jsonschema::validator_for(schema.as_value()).unwrap();
            for text in texts {
                let is_valid = schema.is_valid(&(*text).into());
                assert_eq!(
                    is_valid,
                    text.parse::<T>().is_ok(),
                    "{}: {text}",
                    T::schema_name()
                );
            }
        }
        let long = "é".repeat(256);
        let (name, word) = (&long[..2 * 255], &"x".repeat(64));
        let label = "b".repeat(63);
        let longest = format!("{}@b.example", "a".repeat(254 - 10));
        assert_agreement::<FullName>(&["", "x", name, &long]);
        assert_agreement::<Description>(&["", "x", name, &long]);
        assert_agreement::<PhoneProvider>(&["", "x", word, &format!("{word}x")]);
        assert_agreement::<OperatorRole>(&["", "x", word, &format!("{word}x")]);
        assert_agreement::<CultureName>(&["", "nl-NL", "en-US", "nl-BE", "nl"]);
        let emails = [
            "",
            "a",
            "@b",
            "a@",
            "a@b",
            "a@b@c",
            "a b@c",
            "a@-b",
            "a@b-",
            "a@b..c",
            "a@b.",
            "ä@b",
            "o'neil@example.co.uk",
            &format!("a@{label}"),
            &format!("a@{label}b"),
            &longest,
            &format!("a{longest}"),
        ];
        assert_agreement::<Email>(&emails);
        assert_agreement::<BackupEmail>(&emails);
        assert_agreement::<PhoneNumber>(&[
            "",
            "+",
            "+12345",
            "+123456",
            "+123456789012345",
            "+1234567890123456",
            "+1 (555) 123-4567",
            "+31.20.123.4567",
            "0612345678",
            "+31 6 x",
            "+(31)612345",
            "+31612345-",
        ]);
        assert_agreement::<DefaultDashboard>(&[
            "",
            "AccountOverview",
            "My dashboard",
            word,
            &format!("{word}x"),
            "c1534087-590e-497e-b58e-00bc4dbfa1d3",
            "c1534087-590e-497e-b58e-00bc4dbfa1dg",
        ]);
    }

    #[test]
    fn only_known_cultures_and_valid_dashboards_are_accepted() {
        assert!("nl-NL".parse::<CultureName>().is_ok() && "".parse::<CultureName>().is_ok());
        assert!("nl-BE".parse::<CultureName>().is_err());
        for good in [
            "UseAccountSpecifiedDashboard",
            "AccountOverview",
            "c1534087-590e-497e-b58e-00bc4dbfa1d3",
        ] {
            assert!(good.parse::<DefaultDashboard>().is_ok(), "{good}");
        }
        assert!("My dashboard".parse::<DefaultDashboard>().is_err());
        assert!("x".repeat(65).parse::<DefaultDashboard>().is_err());
    }
}
