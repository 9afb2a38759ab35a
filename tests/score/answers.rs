//! What a scoreboard answers, and what it does not.

use crate::board::{free, scoreboard};
use crate::http::{ask, get};

#[tokio::test]
async fn only_get_is_answered_and_no_other_origin_may_read_it() {
    let at = free();
    let _board = scoreboard(at, &[at], &[at]);
    for path in ["/", "/score", "/lives", "/page/page.css"] {
        let answer = get(at, path, &["Origin: http://elsewhere.example"]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = ask(at, method, path, &["Content-Length: 0"]).await.expect("an answer");
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn nothing_a_stranger_asks_is_more_than_a_client_error() {
    let at = free();
    let _board = scoreboard(at, &[at], &[at]);
    for (path, status) in [
        ("/page/none.js", 404),
        ("/page/../index.html", 404),
        ("/page/..%2findex.html", 404),
        ("/lives?since=-1", 400),
        ("/lives?board=%3Cscript%3E&since=1", 400),
        ("/lives?board=elsewhere&since=99999999999", 200),
        ("/metrics", 404),
    ] {
        assert_eq!(get(at, path, &[]).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_page_says_what_it_may_load_and_is_asked_for_anew() {
    let at = free();
    let _board = scoreboard(at, &[at], &[at]);
    let page = get(at, "/", &[]).await;
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
