//! Players that fail in every way there is: a fault, never a MISS, and the rally goes on.

use std::net::SocketAddr;

use serde_json::Value;

use crate::http::get;
use crate::process::Process;
use crate::stranger::{Stranger, Then, accepts_one_more, ok, refuses_after_one};
use crate::table::player;

/// Plays rallies of three rounds with a ping player that fails beside one that never misses, and
/// checks that the rallies are whole and the fault is counted, logged and named by its cause.
async fn assert_costs_nothing(bad: SocketAddr, cause: &str, words: &str) {
    let (ping, pong) = (player("ping.1@pi1", "100"), player("pong.1@pi2", "100"));
    let pings = format!("{bad},{}", ping.listen);
    let manager = Process::start(&[
        "manager",
        "--ping",
        &pings,
        "--pong",
        &pong.listen.to_string(),
        "--rounds",
        "3",
        "--stroke-timeout",
        "600ms",
        "--task",
        "manager.1",
        "--node",
        "pi3",
    ]);
    let mut faults = 0;
    for _ in 0..5 {
        let answer = get(manager.listen, "/", &["Accept: application/json"]).await;
        let rally = answer.json();
        assert_eq!((&rally["verdict"], &rally["strokes"]), (&"draw".into(), &6.into()), "{rally}");
        faults += rally["faults"].as_u64().expect("a number");
    }
    assert!(faults >= 1, "it was never asked");

    let score = score(manager.listen).await;
    assert_eq!(score["faults"], faults, "{score}");
    assert_eq!((&score["ping_misses"], &score["pong_misses"]), (&0.into(), &0.into()), "{score}");
    assert_eq!((&score["draws"], &score["ping_hits"]), (&5.into(), &15.into()), "{score}");

    let metrics = get(manager.admin, "/metrics", &[]).await.body;
    let counted = format!("pong_faults_total{{side=\"ping\",cause=\"{cause}\"}} {faults}\n");
    assert!(metrics.contains(&counted), "no {counted} in: {metrics}");

    let line = manager.logged(&["player failed"]);
    assert_eq!(line["address"], bad.to_string(), "{line}");
    assert_eq!(line["fault"], words, "{line}");
    assert_eq!((&line["task"], &line["node"]), (&"manager.1".into(), &"pi3".into()), "{line}");
    assert_eq!((&line["level"], &line["side"]), (&"WARN".into(), &"ping".into()), "{line}");
    assert!(line["rally"].is_string(), "{line}");
}

/// Returns a manager's counters as its feed tells them first.
pub(crate) async fn score(manager: SocketAddr) -> Value {
    let mut feed = crate::feed::Feed::open(manager).await;
    feed.score().await["score"].take()
}

async fn assert_answer_costs_nothing(bytes: &[u8], then: Then, cause: &str, words: &str) {
    let bad = Stranger::says(bytes, then).await;
    assert_costs_nothing(bad.address, cause, words).await;
    assert!(!bad.heard().is_empty());
}

#[tokio::test]
async fn one_that_refuses_costs_nothing() {
    let (address, _socket) = refuses_after_one();
    assert_costs_nothing(address, "refused", "connection refused").await;
}

#[tokio::test]
async fn one_whose_machine_is_gone_costs_nothing() {
    let (address, _queue) = accepts_one_more().await;
    assert_costs_nothing(address, "timeout", "no answer in time").await;
}

#[tokio::test]
async fn one_that_accepts_and_hangs_costs_nothing() {
    assert_answer_costs_nothing(b"", Then::Hangs, "timeout", "no answer in time").await;
}

#[tokio::test]
async fn one_that_hangs_after_half_an_answer_costs_nothing() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMI";
    assert_answer_costs_nothing(half, Then::Hangs, "timeout", "no answer in time").await;
}

#[tokio::test]
async fn one_that_closes_after_half_an_answer_costs_nothing() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMISS".split_last().expect("bytes").1;
    assert_answer_costs_nothing(half, Then::Closes, "reset", "connection lost").await;
}

#[tokio::test]
async fn one_that_closes_without_a_word_costs_nothing() {
    assert_answer_costs_nothing(b"", Then::Closes, "reset", "connection lost").await;
}

#[tokio::test]
async fn one_that_resets_costs_nothing() {
    assert_answer_costs_nothing(b"", Then::Resets, "reset", "connection lost").await;
}

#[tokio::test]
async fn one_that_fails_with_the_right_body_costs_nothing() {
    let failing = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nHIT";
    let words = "status 500 Internal Server Error";
    assert_answer_costs_nothing(failing, Then::Stays, "status", words).await;
}

#[tokio::test]
async fn one_whose_word_is_almost_right_costs_nothing() {
    for body in ["HIT\n", "MISS\n", "miss", "Miss", " MISS", "", "HITMISS", "M\u{130}SS"] {
        assert_answer_costs_nothing(&ok(body), Then::Stays, "body", "unreadable body").await;
    }
}

#[tokio::test]
async fn one_that_makes_10_mb_of_noise_costs_nothing() {
    let noise = ok(&"MISS".repeat(10 << 18));
    assert_answer_costs_nothing(&noise, Then::Stays, "body", "unreadable body").await;
}

#[tokio::test]
async fn one_whose_head_never_ends_costs_nothing() {
    let noise = "HTTP/1.1 200 OK\r\n".to_owned() + &"X-Noise: MISS\r\n".repeat(1 << 16);
    assert_answer_costs_nothing(noise.as_bytes(), Then::Hangs, "protocol", "unreadable answer")
        .await;
}

#[tokio::test]
async fn one_that_does_not_speak_http_costs_nothing() {
    let greeting = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
    assert_answer_costs_nothing(greeting, Then::Stays, "protocol", "unreadable answer").await;
}

#[tokio::test]
async fn one_that_sends_elsewhere_is_not_followed() {
    let elsewhere = Stranger::says(ok("MISS"), Then::Stays).await;
    let at = elsewhere.address;
    let moved =
        format!("HTTP/1.1 302 Found\r\nLocation: http://{at}/\r\nContent-Length: 0\r\n\r\n");
    assert_answer_costs_nothing(moved.as_bytes(), Then::Stays, "status", "status 302 Found").await;
    assert_eq!(elsewhere.heard(), [""; 0]);
}
