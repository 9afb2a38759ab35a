//! The game as a client sees it, to the letter.

use crate::support::http::{ask, get};
use crate::support::match_::Match;
use crate::support::services::Cluster;

/// The type of text.
const TEXT: &str = "text/plain; charset=utf-8";

/// Checks that a text is a rally by the rules, each line ended by a newline.
pub(crate) fn assert_valid_rally(text: &str, rounds: usize) {
    let lines: Vec<&str> = text.split('\n').collect();
    let [strokes @ .., end, after] = lines.as_slice() else { panic!("too short: {text:?}") };
    assert_eq!(*after, "", "the last line ends too: {text:?}");
    for (n, stroke) in strokes.iter().enumerate() {
        let side = if n % 2 == 0 { "PING" } else { "PONG" };
        let outcome = if n + 1 == strokes.len() && *end != "DRAW" { "MISS" } else { "HIT" };
        assert_eq!(*stroke, format!("{side} --> {outcome}"), "stroke {n} of {text:?}");
    }
    match *end {
        "DRAW" => assert_eq!(strokes.len(), 2 * rounds, "{text:?}"),
        end => {
            let winner = if strokes.len() % 2 == 1 { "PONG" } else { "PING" };
            assert_eq!(end, format!("The winner is {winner}"), "{text:?}");
        }
    }
}

#[tokio::test]
async fn every_rally_is_valid_and_names_manager_and_proxy() {
    let cluster = Cluster::start(&[]);
    let mut ids = Vec::new();
    for n in 0..60 {
        let node = &cluster.nodes[n % cluster.nodes.len()];
        let path = if n % 2 == 0 { "/" } else { "/rally" };
        let answer = get(node.proxy, path, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_valid_rally(&answer.body, 99);
        assert_eq!(answer.header("content-type"), TEXT);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pong-proxy"), node.name.as_str());
        assert!(cluster.runs("manager", answer.header("pong-manager")), "{answer:?}");
        ids.push(answer.header("pong-rally").to_owned());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60, "each rally has an id of its own");
}

#[tokio::test]
async fn a_side_that_always_misses_loses_at_once() {
    let cluster = Cluster::start(&["--hit-chance", "0"]);
    let answer = get(cluster.proxy(), "/", &[]).await;
    assert_eq!(answer.body, "PING --> MISS\nThe winner is PONG\n");
}

#[tokio::test]
async fn sides_that_never_miss_draw_after_99_rounds() {
    let cluster = Cluster::start(&["--hit-chance", "100"]);
    let answer = get(cluster.proxy(), "/", &[]).await;
    assert_eq!(answer.body, "PING --> HIT\nPONG --> HIT\n".repeat(99) + "DRAW\n");
}

#[tokio::test]
async fn who_names_the_task_and_node_of_each_stroke_and_its_time() {
    let cluster = Cluster::start(&[]);
    let mut plain = String::new();
    for line in get(cluster.proxy(), "/?who", &[]).await.body.lines() {
        if let Some((stroke, who)) = line.split_once("  ") {
            let words: Vec<&str> = who.split_whitespace().collect();
            let [task, _, time, "ms"] = words.as_slice() else { panic!("{line:?}") };
            let side = stroke[..4].to_ascii_lowercase();
            assert!(cluster.runs(&side, task), "{line:?}");
            let (_, hundredths) = time.split_once('.').expect("a decimal point");
            assert!(time.parse::<f64>().is_ok() && hundredths.len() == 2, "{line:?}");
            plain += stroke.trim_end();
        } else {
            plain += line;
        }
        plain += "\n";
    }
    assert_valid_rally(&plain, 99);
}

#[tokio::test]
async fn an_invalid_request_is_refused_with_the_reason() {
    let cluster = Cluster::start(&[]);
    for (path, reason) in [
        ("/?pace=6s", "pace: 6s is out of range (0s to 5s)"),
        ("/rally?pace=5001ms", "pace: 5s 1ms is out of range (0s to 5s)"),
        ("/?pace=fast", "pace: 'fast' is not a duration, such as 300ms or 2s"),
        ("/?who&pace=", "pace: '' is not a duration, such as 300ms or 2s"),
        ("/?pace=1ms&pace=2ms", "pace: given more than once"),
        ("/rally?pase=300ms", "unknown parameter 'pase'"),
        ("/?who=perhaps", "who: 'perhaps' is neither true nor false"),
    ] {
        let answer = get(cluster.proxy(), path, &[]).await;
        let mut lines = answer.body.lines();
        assert_eq!((answer.status, lines.next()), (400, Some(reason)), "{path}");
        assert!(lines.next().is_some_and(|line| line.starts_with("parameters of a rally: who ")));
        assert_eq!(answer.header("content-type"), TEXT, "{path}");
    }
    let page = get(cluster.proxy(), "/?utm=x", &["Accept: text/html"]).await;
    assert_eq!(page.status, 200, "the page ignores what it does not know");
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = ask(cluster.proxy(), method, "/rally", &["Content-Length: 0"]).await;
        let answer = answer.expect("a response");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, OPTIONS"),
            "{method}"
        );
        assert_eq!(answer.header("content-type"), TEXT, "{method}");
    }
    for path in ["/metrics", "/readyz", "/whoami", "/rally/"] {
        let answer = get(cluster.proxy(), path, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, TEXT), "{path}");
        let listed =
            ["  /rally ", "  /score ", "  /paths ", "  /timeline ", "  /events ", "  /healthz "];
        assert!(listed.iter().all(|path| answer.body.contains(path)), "{answer:?}");
    }
}

#[tokio::test]
async fn what_a_service_does_not_answer_is_refused_with_what_there_is() {
    let game = Match::start(&[]);
    let (player, manager) = (&game.ping, &game.manager);
    for (address, path, allowed) in [
        (player.listen, "/", "GET, HEAD"),
        (manager.listen, "/", "GET, HEAD"),
        (manager.listen, "/events", "GET"),
        (manager.admin, "/healthz", "GET, HEAD"),
    ] {
        let answer = ask(address, "POST", path, &["Content-Length: 0"]).await.expect("a response");
        assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{path}");
        assert_eq!(answer.header("content-type"), TEXT);
        assert_eq!(answer.body, format!("method not allowed; allowed: {allowed}\n"));
    }
    for (address, there_are) in
        [(player.listen, "/"), (manager.listen, "/ and /events"), (manager.admin, "/healthz, ")]
    {
        let answer = get(address, "/none", &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, TEXT));
        assert!(
            answer.body.starts_with(&format!("not found; there are {there_are}")),
            "{answer:?}"
        );
    }
}
