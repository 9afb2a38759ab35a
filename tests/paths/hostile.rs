//! Peers that lie, shout and never end.

use crate::cluster::{free, proxy, scoreboard, until};
use crate::http::get;
use crate::peer::{Peer, ok};

/// A row of a proxy with this name, and what it says of its way to another.
fn row(node: &str, to: &str) -> String {
    format!(
        r#"{{"proxy":{{"task":"proxy.9","node":"{node}"}},"at":null,
        "pairs":[["{to}",null,1,1,1,0]]}}"#
    )
}

#[tokio::test]
async fn whatever_answers_a_knock_the_proxy_goes_on_and_names_it() {
    let shouts = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(4 << 20));
    let many = format!(
        r#"{{"proxy":{{"task":"p","node":"n"}},"at":null,"pairs":[{}]}}"#,
        vec![r#"["a",null,1,1,1,0]"#; 100_000].join(",")
    );
    let mut peers = Vec::new();
    for answer in [
        shouts,
        ok(&many),
        ok(&row("\\u001b[2J", "pi2")),
        ok(&row("<script>alert(1)</script>", "pi2")),
        ok(&row("pi9", "\\r\\nHTTP/1.1 200 OK")),
        ok("{}"),
        ok(&"[".repeat(8000)),
        "\x1b[2J\r\n\r\n".to_owned(),
    ] {
        peers.push((Peer::says(&answer).await, answer));
    }
    let admin = free();
    let addresses = peers.iter().map(|(peer, _)| peer.address);
    let all: Vec<_> = addresses.chain([admin]).collect();
    let proxy = proxy(1, admin, &all);
    let board = scoreboard(&[admin]);
    let told = until(board.listen, "broken", |told| told["broken"] == peers.len()).await;
    let paths = told["paths"].as_array().expect("a list");
    for (peer, answer) in &peers {
        let name = format!("127.0.0.1-{}", peer.address.port());
        let answer: String = answer.chars().take(80).collect();
        let path = paths.iter().find(|path| path["to"] == name.as_str());
        assert_eq!(path.expect("a path")["cause"], "answer", "{answer}");
    }
    assert_eq!(get(proxy.admin, "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn what_others_are_said_to_have_told_cannot_fill_the_memory_or_break_the_page() {
    let whoami = r#"{"service":"proxy","task":"proxy.9","node":"pi9","version":"1","release":"1",
        "os":"linux","arch":"arm","started":7"#;
    let rows: Vec<String> = (0..400)
        .map(|n| format!(r#"{{"age":0,"row":{}}}"#, row(&format!("n{n}"), &format!("m{n}"))))
        .collect();
    let whoami = ok(&format!("{whoami}}}"));
    let mut peers = Vec::new();
    for rows in [
        rows.join(","),
        r#"{"age":-1,"row":7}"#.to_owned(),
        format!(r#"{{"age":0,"row":{}}}"#, row("\\u0000", "pi2")),
        format!(r#"{{"age":18446744073709551615,"row":{}}}"#, row("x", "y")),
    ] {
        let report = ok(&format!(r#"{{"rows":[{rows}]}}"#));
        peers.push(Peer::serves(&[("/whoami", &whoami), ("/knock-up", &report)]).await);
    }
    let admin = [free(), free()];
    let _honest = [1, 2].map(|n| proxy(n, admin[n - 1], &admin));
    let whoami: Vec<_> = admin.into_iter().chain(peers.iter().map(|peer| peer.address)).collect();
    let board = scoreboard(&whoami);
    // The first of them is believed: it says nothing unlawful.
    let told = until(board.listen, "all of it", |told| told["measured"] == 402).await;
    assert_eq!(told["broken"], 0);
    let names = told["paths"].as_array().expect("a list").iter().map(|path| &path["from"]);
    assert!(names.clone().any(|name| name == "pi1") && names.clone().any(|name| name == "pi2"));
    assert!(!names.clone().any(|name| name == "x"), "older than anybody remembers");
}

#[tokio::test]
async fn a_knock_without_an_end_is_turned_away() {
    let admin = free();
    let proxy = proxy(1, admin, &[admin]);
    let body = "o".repeat(20_000);
    let request = format!(
        "POST /knock HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = crate::http::Connection::open(proxy.admin).await.expect("connected");
    connection.send(&request).await.expect("sent");
    assert_eq!(connection.answer().await.expect("an answer").status, 413);
    let board = scoreboard(&[admin]);
    let told = until(board.listen, "heard", |told| told["nodes"] == 1).await;
    assert_eq!((&told["pairs"], &told["broken"]), (&0.into(), &0.into()));
}
