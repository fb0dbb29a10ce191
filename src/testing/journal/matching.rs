//! The criteria that select requests of the journal, or requests that a fault applies to.

/// Criteria for requests. A request matches if it fulfills all criteria that are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    pub method: Option<String>,
    /// The canonical path, in which `*` matches one segment.
    pub path: Option<String>,
    pub operation_id: Option<String>,
    pub user_name: Option<String>,
    pub status: Option<u16>,
}

/// The properties of a request that a [`Match`] compares.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub operation_id: Option<&'a str>,
    pub user_name: Option<&'a str>,
    pub status: Option<u16>,
}

impl Match {
    pub fn fits(&self, request: Matched<'_>) -> bool {
        let Self {
            method,
            path,
            operation_id,
            user_name,
            status,
        } = self;
        method
            .as_ref()
            .is_none_or(|method| method.eq_ignore_ascii_case(request.method))
            && path
                .as_ref()
                .is_none_or(|path| path_fits(path, request.path))
            && operation_id
                .as_ref()
                .is_none_or(|id| Some(id.as_str()) == request.operation_id)
            && user_name
                .as_ref()
                .is_none_or(|name| Some(name.as_str()) == request.user_name)
            && status.is_none_or(|status| Some(status) == request.status)
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::path_fits;

    #[test]
    fn a_star_in_a_path_matches_one_segment() {
        assert!(path_fits("/v4/operator/*", "/v4/Operator/36fad910"));
        assert!(!path_fits("/v4/operator/*", "/v4/Operator"));
        assert!(!path_fits(
            "/v4/operator/*",
            "/v4/Operator/36fad910/DutySchedule"
        ));
        assert!(path_fits(
            "/v4/*/*/DutySchedule",
            "/v4/Operator/36fad910/DutySchedule"
        ));
    }
}
