//! GUIDs, one type per kind of resource, so that they cannot be confused.

use std::fmt;
use std::str::FromStr;

use schemars::json_schema;
use serde::{Serialize, Serializer};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::node::Node;
use super::restore_parsed;
use super::schema::schema;
use super::text::quoted;
use super::value::{Mismatch, formed, from_node};

/// The namespace of the GUIDs that are derived from names, generated once at random.
const NAMESPACE: Uuid = Uuid::from_u128(0x3c1f_6d0e_9a57_4b43_8d6e_5f2b_7a90_c4e1);

/// Parses a GUID in any of the usual spellings: upper case, braces, no dashes.
pub fn read(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.trim()).ok()
}

/// Parses a GUID as [`read`] does, with an error message.
pub fn parse(text: &str) -> Result<Uuid, String> {
    read(text).ok_or_else(|| {
        format!(
            "{} is not a GUID; write it as 36fad910-6e9f-4886-b1a7-9b4637362cb8",
            quoted(text)
        )
    })
}

/// Reads a GUID; an all-zero one counts as absent.
fn nonzero<G: FromStr<Err = String> + From<Uuid> + PartialEq>(
    node: &Node,
) -> Result<Option<G>, Mismatch> {
    let guid = formed::<G>(node)?;
    Ok(guid.filter(|guid| *guid != Uuid::nil().into()))
}

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Hyphenated);

        impl $name {
            /// Derives a GUID from a name, the same in every run.
            pub fn derived(name: &str) -> Self {
                Uuid::new_v5(&NAMESPACE, name.as_bytes()).into()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                parse(text).map(Self::from)
            }
        }

        restore_parsed!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        from_node!($name, Text, nonzero, empty Nil);

        schema!($name, |_| json_schema!({"type": "string", "format": "uuid"}));
    };
}

guid!(
    /// The GUID of an operator.
    OperatorGuid
);
guid!(
    /// The GUID of an operator group.
    OperatorGroupGuid
);
guid!(
    /// The GUID of an API user.
    ApiUserGuid
);

impl ApiUserGuid {
    /// Returns the spelling without dashes.
    pub fn simple(self) -> String {
        self.0.into_uuid().simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::OperatorGuid;

    #[test]
    fn every_usual_spelling_is_parsed_and_one_is_written() {
        for text in [
            "36fad910-6e9f-4886-b1a7-9b4637362cb8",
            "36FAD910-6E9F-4886-B1A7-9B4637362CB8",
            "{36fad910-6e9f-4886-b1a7-9b4637362cb8}",
            "36fad9106e9f4886b1a79b4637362cb8",
            " 36fad910-6e9f-4886-b1a7-9b4637362cb8 ",
        ] {
            let guid: OperatorGuid = text.parse().unwrap();
            assert_eq!(guid.to_string(), "36fad910-6e9f-4886-b1a7-9b4637362cb8");
        }
    }

    #[test]
    fn an_invalid_guid_is_rejected_with_an_example() {
        let message = "ef45547g-0f8h-46a2-acef-dd1e15571390"
            .parse::<OperatorGuid>()
            .unwrap_err();
        assert!(
            message
                .starts_with("'ef45547g-0f8h-46a2-acef-dd1e15571390' is not a GUID; write it as "),
            "{message}"
        );
    }
}
