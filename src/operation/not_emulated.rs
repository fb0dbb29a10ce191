//! The operations of the live service that are answered as not emulated.

use std::sync::LazyLock;

/// An operation of the live service that is not emulated.
#[derive(Debug)]
pub struct NotEmulated {
    pub method: &'static str,
    /// The path in the form of the routes.
    pub path: &'static str,
    pub id: &'static str,
}

/// The operations of the vendor's Swagger file of 2023 that are not emulated, one per line: method, path and `operationId`.
/// `/PrivateLocationHealth` is newer than the file, and its `operationId` follows the pattern of the others.
const TABLE: &str = include_str!("not_emulated.txt");

/// The operations that ask for no credentials: the vendor publishes these lists for the configuration of firewalls.
const OPEN: [&str; 2] = [
    "CheckpointServer_GetAllServerIpv4Addresses",
    "CheckpointServer_GetAllServerIpv6Addresses",
];

impl NotEmulated {
    /// Returns whether the live operation asks for credentials.
    pub fn asks_for_credentials(&self) -> bool {
        !OPEN.contains(&self.id)
    }
}

/// The parsed operations of [`TABLE`].
pub static NOT_EMULATED: LazyLock<Vec<NotEmulated>> = LazyLock::new(|| {
    let words = TABLE.split_whitespace().collect::<Vec<_>>();
    words
        .chunks_exact(3)
        .map(|line| NotEmulated {
            method: line[0],
            path: line[1],
            id: line[2],
        })
        .collect()
});

/// Returns whether a path begins like that of an operation that is not emulated.
pub fn is_not_emulated(path: &str) -> bool {
    let first = first_segment(path);
    NOT_EMULATED
        .iter()
        .any(|operation| first_segment(operation.path) == first)
}

/// Finds the operation with a method and path. Literal segments take precedence over parameters: `/Checkpoint/Server/Ipv4` is
/// not the server Ipv4.
pub fn find(method: &str, path: &str) -> Option<&'static NotEmulated> {
    let matches = |operation: &&NotEmulated| {
        operation.method == method && matches_pattern(operation.path, path)
    };
    let parameters = |operation: &&NotEmulated| operation.path.matches('{').count();
    NOT_EMULATED.iter().filter(matches).min_by_key(parameters)
}

fn matches_pattern(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(parameter), Some(value)) if parameter.starts_with('{') && !value.is_empty() => {}
            (Some(word), Some(segment)) if word == segment => {}
            _ => return false,
        }
    }
}

fn first_segment(path: &str) -> Option<&str> {
    path.split('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::{NOT_EMULATED, OPEN, TABLE, find};

    #[test]
    fn a_line_of_the_table_is_a_method_a_path_and_an_operation_id() {
        assert_eq!(TABLE.trim().lines().count(), NOT_EMULATED.len());
        for operation in NOT_EMULATED.iter() {
            assert!(
                ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&operation.method),
                "{operation:?}"
            );
            assert!(operation.path.starts_with('/'), "{operation:?}");
            assert!(operation.id.contains('_'), "{operation:?}");
        }
        for id in OPEN {
            assert!(NOT_EMULATED.iter().any(|operation| operation.id == id));
        }
    }

    #[test]
    fn each_operation_is_found_by_its_own_path() {
        for operation in NOT_EMULATED.iter() {
            let found = find(operation.method, operation.path).unwrap();
            assert_eq!(found.id, operation.id);
        }
    }
}
