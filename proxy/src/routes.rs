//! The routes: everything that can be reached through the proxy.

use protocol::name::is_name_char;

/// The upstream of a request, and the path on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A rally, of any manager.
    Rally,
    /// The page, of any scoreboard.
    Page,
    /// Another path of any scoreboard.
    Scoreboard(String),
}

impl Route {
    /// Returns the route of a path. It is compared as it came, undecoded, so that no way of writing
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

/// Returns whether a name is that of a plain file: parts of a name's characters, with dots between.
fn is_file(name: &str) -> bool {
    name.split('.').all(|part| !part.is_empty() && part.chars().all(is_name_char))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_root_is_a_page_for_clients_that_prefer_html_and_a_rally_for_all_others() {
        assert_eq!(Route::find("/", false), Some(Route::Rally));
        assert_eq!(Route::find("/", true), Some(Route::Page));
        assert_eq!(Route::find("/rally", true), Some(Route::Rally));
    }

    #[test]
    fn the_scoreboards_files_are_reached_and_nothing_else() {
        for path in ["/score", "/paths", "/events", "/page/court.js", "/page/page.css"] {
            let found = Route::find(path, false);
            assert_eq!(found, Some(Route::Scoreboard(path.to_owned())));
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
            assert_eq!(Route::find(path, false), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leads_to_anything_but_what_is_listed(path in "/(page/)?[ -~]{0,20}") {
            if let Some(route) = Route::find(&path, false) {
                let path = route.path();
                prop_assert!(
                    matches!(path, "/" | "/score" | "/paths" | "/events") || path.starts_with("/page/")
                );
                prop_assert!(!path.contains("..") && !path.contains('%') && !path.contains('?'));
            }
        }
    }
}
