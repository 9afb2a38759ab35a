//! The routes: everything that the public port answers, and all that can be reached through it.

use hyper::http::uri::{InvalidUri, PathAndQuery};
use protocol::name::is_name_char;

/// The methods of what ends by itself; HEAD for those who only watch.
const GET_AND_HEAD: &str = "GET, HEAD, OPTIONS";

/// The body of a 404: what there is.
pub(crate) const NOT_FOUND: &str = "\
not found; there are
  /         a rally, and in a browser the page
  /rally    a rally; ?who names the players, ?pace=300ms slows it down
  /score    what the page shows, as JSON
  /paths    the health of every path between nodes, as JSON
  /timeline what happened in the cluster, and when, as JSON
  /events   what /score has, as it changes: server-sent events
  /healthz  whether a manager can be reached
";

/// Who answers a request: the proxy itself, or an upstream at a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The health of this proxy.
    Health,
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
            "/healthz" => Some(Self::Health),
            "/score" | "/paths" | "/timeline" | "/events" => {
                Some(Self::Scoreboard(path.to_owned()))
            }
            _ => {
                let file = path.strip_prefix("/page/")?;
                is_file(file).then(|| Self::Scoreboard(path.to_owned()))
            }
        }
    }

    /// Returns the methods that are allowed, as the header `Allow` lists them.
    pub(crate) fn allow(&self) -> &'static str {
        match self {
            // The answer to a HEAD would not come to its end.
            Self::Scoreboard(_) if self.is_stream(None) => "GET, OPTIONS",
            Self::Health | Self::Rally | Self::Page | Self::Scoreboard(_) => GET_AND_HEAD,
        }
    }

    /// Returns whether the response is sent as it comes, and may take as long as its client likes.
    pub(crate) fn is_stream(&self, query: Option<&str>) -> bool {
        let mut parameters = query.unwrap_or_default().split('&');
        match self {
            Self::Rally => parameters.any(|parameter| parameter.starts_with("pace=")),
            Self::Scoreboard(path) => path == "/events",
            Self::Health | Self::Page => false,
        }
    }

    /// Returns the path on the upstream, with the query of the request.
    ///
    /// # Errors
    ///
    /// When that is invalid.
    pub(crate) fn target(&self, query: Option<&str>) -> Result<PathAndQuery, InvalidUri> {
        let query = query.into_iter().flat_map(|query| ["?", query]);
        let target: String = std::iter::once(self.path()).chain(query).collect();
        target.try_into()
    }

    fn path(&self) -> &str {
        match self {
            Self::Health => "/healthz",
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
        for path in ["/score", "/paths", "/timeline", "/events", "/page/court.js", "/page/page.css"]
        {
            let found = Route::find(path, false);
            assert_eq!(found, Some(Route::Scoreboard(path.to_owned())));
        }
        for path in [
            "",
            "//",
            "/metrics",
            "/readyz",
            "/healthz/",
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

    #[test]
    fn head_is_allowed_for_all_that_ends_by_itself() {
        for path in ["/", "/rally", "/healthz", "/score", "/paths", "/timeline", "/page/dom.js"] {
            let route = Route::find(path, false).expect("a route");
            assert_eq!(route.allow(), "GET, HEAD, OPTIONS", "{path}");
        }
        let events = Route::find("/events", false).expect("a route");
        assert_eq!(events.allow(), "GET, OPTIONS");
    }

    proptest! {
        #[test]
        fn no_path_leads_to_anything_but_what_is_listed(path in "/(page/)?[ -~]{0,20}") {
            if let Some(route) = Route::find(&path, false) {
                let path = route.path();
                prop_assert!(
                    ["/", "/healthz", "/score", "/paths", "/timeline", "/events"].contains(&path)
                        || path.starts_with("/page/")
                );
                prop_assert!(!path.contains("..") && !path.contains('%') && !path.contains('?'));
            }
        }
    }
}
