//! Players that fail in every way there is: a fault, never a MISS, and the rally goes on.

use std::net::SocketAddr;

use client::fault::Fault;
use protocol::event::{ManagerScore, RallyEnd};
use reqwest::StatusCode;
use tokio::time::timeout;

use super::feed::Feed;
use super::formats::{JSON, Rally};
use super::scripted_peer::{AfterBytes, GonePeer, ScriptedPeer, ok};
use crate::support::http::get;
use crate::support::log::PLAYER_FAILED;
use crate::support::ports::list;
use crate::support::process::Process;
use crate::support::services::player;
use crate::support::wait::{TIMEOUT, until_ready};

/// Long enough for players that answer, on a machine however busy.
const STROKE_TIMEOUT: &str = "2s";

/// Plays rallies of three rounds with a ping player that fails beside one that never misses, and
/// checks that the rallies are complete and the fault is counted and logged by its cause.
async fn assert_costs_no_rally(bad: SocketAddr, fails: impl Future<Output = ()>, fault: Fault) {
    let ping = player("ping.1@pi1", "100");
    let pong = player("pong.1@pi2", "100");
    let manager = Process::start(&[
        "manager",
        "--ping",
        &list([bad, ping.listen]),
        "--pong",
        &list([pong.listen]),
        "--rounds",
        "3",
        "--stroke-timeout",
        STROKE_TIMEOUT,
        "--task",
        "manager.1",
        "--node",
        "pi3",
    ]);
    until_ready(manager.admin, "ping", 2).await;
    timeout(TIMEOUT, fails).await.expect("it fails from now on");
    let mut faults = 0;
    for _ in 0..5 {
        let rally: Rally = get(manager.listen, "/", &[JSON]).await.parse();
        assert_eq!((rally.result.end, rally.result.strokes), (RallyEnd::Draw, 6), "{rally:?}");
        faults += u64::from(rally.result.faults);
    }
    assert!(faults >= 1, "it was never asked");

    let score = score(manager.listen).await.score;
    assert_eq!(score.faults, faults, "{score:?}");
    assert_eq!((score.ping_misses, score.pong_misses), (0, 0), "{score:?}");
    assert_eq!((score.draws, score.ping_hits), (5, 15), "{score:?}");

    let metrics = get(manager.admin, "/metrics", &[]).await.body;
    let counted = |labels: &str| -> u64 {
        let prefix = format!("pong_stroke_faults_total{{{labels}");
        let samples = metrics.lines().filter(|line| line.starts_with(&prefix));
        samples
            .map(|line| line.rsplit(' ').next().expect("a value").parse::<u64>().expect("a count"))
            .sum()
    };
    let cause = fault.name();
    assert!(counted(&format!("side=\"ping\",cause=\"{cause}\"")) >= 1, "{metrics}");
    assert_eq!(counted(""), faults, "{metrics}");

    let address = bad.to_string();
    let line = manager.logged(PLAYER_FAILED, &[("address", &address)]);
    assert_eq!(line["fault"], fault.to_string(), "{line}");
    assert_eq!((&line["level"], &line["side"]), (&"WARN".into(), &"ping".into()), "{line}");
    assert_eq!(line["span"]["task"], "manager.1", "{line}");
    assert_eq!(line["span"]["node"], "pi3", "{line}");
    assert!(line["rally"].is_string(), "{line}");
}

/// Returns a manager's counters as they are now, by its feed.
pub(crate) async fn score(manager: SocketAddr) -> ManagerScore {
    Feed::open(manager).await.score().await
}

async fn assert_bytes_cost_no_rally(bytes: &[u8], after: AfterBytes, fault: Fault) {
    let bad = ScriptedPeer::sending(bytes, after).await;
    assert_costs_no_rally(bad.address, async {}, fault).await;
    assert!(!bad.requests().is_empty());
}

#[tokio::test]
async fn a_player_that_refuses_costs_no_rally() {
    let bad = GonePeer::refusing();
    assert_costs_no_rally(bad.address, bad.gone(), Fault::Refused).await;
}

#[tokio::test]
async fn a_player_whose_machine_is_gone_costs_no_rally() {
    let bad = GonePeer::without_power();
    assert_costs_no_rally(bad.address, bad.gone(), Fault::Timeout).await;
}

#[tokio::test]
async fn a_player_that_accepts_and_hangs_costs_no_rally() {
    assert_bytes_cost_no_rally(b"", AfterBytes::Hang, Fault::Timeout).await;
}

#[tokio::test]
async fn a_player_that_hangs_after_half_a_response_costs_no_rally() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMI";
    assert_bytes_cost_no_rally(half, AfterBytes::Hang, Fault::Timeout).await;
}

#[tokio::test]
async fn a_player_that_closes_after_half_a_response_costs_no_rally() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nMIS";
    assert_bytes_cost_no_rally(half, AfterBytes::Close, Fault::Reset).await;
}

#[tokio::test]
async fn a_player_that_closes_without_a_response_costs_no_rally() {
    assert_bytes_cost_no_rally(b"", AfterBytes::Close, Fault::Reset).await;
}

#[tokio::test]
async fn a_player_that_resets_costs_no_rally() {
    assert_bytes_cost_no_rally(b"", AfterBytes::Reset, Fault::Reset).await;
}

#[tokio::test]
async fn a_player_that_fails_with_a_valid_body_costs_no_rally() {
    let failing = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nHIT";
    let fault = Fault::Status(StatusCode::INTERNAL_SERVER_ERROR);
    assert_bytes_cost_no_rally(failing, AfterBytes::Stay, fault).await;
}

#[tokio::test]
async fn a_player_whose_word_is_almost_right_costs_no_rally() {
    for body in ["HIT\n", "MISS\n", "miss", "Miss", " MISS", "", "HITMISS", "M\u{130}SS"] {
        assert_bytes_cost_no_rally(&ok(body), AfterBytes::Stay, Fault::Body).await;
    }
}

#[tokio::test]
async fn a_player_that_sends_10_mb_of_noise_costs_no_rally() {
    let noise = ok(&"MISS".repeat(10 << 18));
    assert_bytes_cost_no_rally(&noise, AfterBytes::Stay, Fault::Body).await;
}

#[tokio::test]
async fn a_player_whose_head_never_ends_costs_no_rally() {
    let noise = "HTTP/1.1 200 OK\r\n".to_owned() + &"X-Noise: MISS\r\n".repeat(1 << 16);
    assert_bytes_cost_no_rally(noise.as_bytes(), AfterBytes::Hang, Fault::Protocol).await;
}

#[tokio::test]
async fn a_player_that_does_not_speak_http_costs_no_rally() {
    let greeting = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
    assert_bytes_cost_no_rally(greeting, AfterBytes::Stay, Fault::Protocol).await;
}

#[tokio::test]
async fn a_player_that_redirects_costs_no_rally_and_is_not_followed() {
    let elsewhere = ScriptedPeer::sending(ok("MISS"), AfterBytes::Stay).await;
    let at = elsewhere.address;
    let moved =
        format!("HTTP/1.1 302 Found\r\nLocation: http://{at}/\r\nContent-Length: 0\r\n\r\n");
    let fault = Fault::Status(StatusCode::FOUND);
    assert_bytes_cost_no_rally(moved.as_bytes(), AfterBytes::Stay, fault).await;
    assert_eq!(elsewhere.requests(), [""; 0]);
}
