//! The phone numbers from which alerts can be sent.

use schemars::json_schema;
use serde::Serialize;

use super::restore_number;
use super::schema::schema;
use super::value::{Value, from_node, ruled_number};

/// The Id of a number in [`OUTGOING_PHONE_NUMBERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct OutgoingPhoneNumberId(i32);

impl TryFrom<i32> for OutgoingPhoneNumberId {
    type Error = String;

    fn try_from(id: i32) -> Result<Self, String> {
        if OUTGOING_PHONE_NUMBERS.iter().any(|number| number.id == id) {
            Ok(Self(id))
        } else {
            Err(format!(
                "there is no outgoing phone number {id}; see /OutgoingPhoneNumber"
            ))
        }
    }
}

restore_number!(OutgoingPhoneNumberId);

from_node!(OutgoingPhoneNumberId, Number, ruled_number);

impl Value for OutgoingPhoneNumberId {
    fn unset() -> Option<Self> {
        None
    }
}

schema!(OutgoingPhoneNumberId, |_| {
    let ids = OUTGOING_PHONE_NUMBERS.map(|number| number.id);
    json_schema!({
        "type": "integer", "format": "int32", "minimum": ids.iter().min(), "maximum": ids.iter().max()
    })
});

/// A phone number from which alerts can be sent.
#[derive(Debug)]
pub struct OutgoingPhoneNumber {
    pub id: i32,
    pub phone_number: &'static str,
    pub description: &'static str,
}

/// The outgoing phone numbers, which the authorities of each country reserve for fiction.
pub const OUTGOING_PHONE_NUMBERS: [OutgoingPhoneNumber; 5] = [
    OutgoingPhoneNumber {
        id: 1,
        phone_number: "+12025550123",
        description: "United States",
    },
    OutgoingPhoneNumber {
        id: 2,
        phone_number: "+442079460123",
        description: "United Kingdom",
    },
    OutgoingPhoneNumber {
        id: 3,
        phone_number: "+33199001234",
        description: "France",
    },
    OutgoingPhoneNumber {
        id: 4,
        phone_number: "+493023125123",
        description: "Germany",
    },
    OutgoingPhoneNumber {
        id: 5,
        phone_number: "+61255501234",
        description: "Australia",
    },
];
