//! Where a request goes: the whole of what can be reached through the proxy.

/// Names the upstream and the path on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A rally, of any manager.
    Rally,
    /// The scoreboard's page, of any scoreboard.
    Page,
    /// Something else of a scoreboard's, by its path.
    Scoreboard(String),
}

impl Destination {
    /// Finds where a path leads; it is compared as it came, undecoded, so that no way of writing
    /// it leads elsewhere.
    pub(crate) fn find(path: &str, prefers_html: bool) -> Option<Self> {
        match path {
            "/" if prefers_html => Some(Self::Page),
            "/" | "/rally" => Some(Self::Rally),
            "/score" | "/paths" | "/events" => Some(Self::Scoreboard(path.to_owned())),
            _ => {
                let file = path.strip_prefix("/page/")?;
                is_file(file).then(|| Self::Scoreboard(path.to_owned()))
            }
        }
    }

    /// Returns the path on the upstream.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Rally | Self::Page => "/",
            Self::Scoreboard(path) => path,
        }
    }
}

/// Accepts a plain file name: letters, digits and hyphens, with dots between them.
fn is_file(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.split('.').all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_root_is_a_page_for_those_who_prefer_html_and_a_rally_for_all_others() {
        assert_eq!(Destination::find("/", false), Some(Destination::Rally));
        assert_eq!(Destination::find("/", true), Some(Destination::Page));
        assert_eq!(Destination::find("/rally", true), Some(Destination::Rally));
    }

    #[test]
    fn the_scoreboard_s_files_are_reached_and_nothing_beside_them() {
        for path in ["/score", "/paths", "/events", "/page/court.js", "/page/page.css"] {
            let found = Destination::find(path, false);
            assert_eq!(found, Some(Destination::Scoreboard(path.to_owned())));
        }
        for path in [
            "",
            "//",
            "/metrics",
            "/healthz",
            "/whoami",
            "/rally/",
            "/Rally",
            "/%2e%2e/metrics",
            "/page/",
            "/page/..",
            "/page/.",
            "/page/../metrics",
            "/page/a/b",
            "/page/%2e%2e",
            "/page/..%2fmetrics",
            "/page/a..b",
            "/page/a?b",
            "http://evil/",
            "*",
        ] {
            assert_eq!(Destination::find(path, false), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leads_to_anything_but_what_is_listed(path in "/(page/)?[ -~]{0,20}") {
            if let Some(destination) = Destination::find(&path, false) {
                let path = destination.path();
                prop_assert!(
                    matches!(path, "/" | "/score" | "/paths" | "/events") || path.starts_with("/page/")
                );
                prop_assert!(!path.contains("..") && !path.contains('%') && !path.contains('?'));
            }
        }
    }
}
