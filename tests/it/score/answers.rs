//! What a scoreboard answers, and what it does not.

use super::scoreboards::one_scoreboard;
use crate::support::http::{ask, get};

#[tokio::test]
async fn only_get_is_answered_and_no_other_origin_may_read_it() {
    let scoreboard = one_scoreboard(&[]);
    let address = scoreboard.listen;
    for path in ["/", "/score", "/paths", "/timeline", "/sync", "/page/page.css"] {
        let answer = get(address, path, &["Origin: http://elsewhere.example"]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = ask(address, method, path, &["Content-Length: 0"]).await;
            assert_eq!(answer.expect("a response").status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn arbitrary_requests_get_4xx() {
    let scoreboard = one_scoreboard(&[]);
    for (path, status) in [
        ("/page/none.js", 404),
        ("/page/../index.html", 404),
        ("/page/..%2findex.html", 404),
        ("/sync?since=-1", 400),
        ("/sync?instance=%3Cscript%3E&since=1", 400),
        ("/sync?instance=elsewhere&since=99999999999", 200),
        ("/metrics", 404),
    ] {
        assert_eq!(get(scoreboard.listen, path, &[]).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_page_has_a_csp_and_is_revalidated() {
    let scoreboard = one_scoreboard(&[]);
    let page = get(scoreboard.listen, "/", &[]).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
}
