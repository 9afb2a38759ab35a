//! What options and environment variables do.

use game::{Outcome, Side};
use protocol::player::PlayerStroke;

use crate::cluster::formats::{JSON, Rally};
use crate::support::http::get;
use crate::support::log::{LISTENING, RALLY_FINISHED};
use crate::support::process::{Process, address};

#[tokio::test]
async fn options_take_precedence_over_environment_variables() {
    let environment = [
        ("PONG_SIDE", "ping"),
        ("PONG_HIT_CHANCE", "0"),
        ("PONG_NODE", "pi1"),
        ("PONG_TASK", "ping.1"),
    ];
    let player = Process::start_with(&["player"], &environment);
    let answer = get(player.listen, "/", &[]).await;
    assert_eq!((answer.body.as_str(), answer.header("pong-player")), ("MISS", "ping.1@pi1"));

    let options =
        ["player", "--side", "pong", "--hit-chance", "100", "--node", "pi2", "--task", "a"];
    let player = Process::start_with(&options, &environment);
    let answer = get(player.listen, "/", &["Accept: application/json"]).await;
    let expected = PlayerStroke {
        outcome: Outcome::Hit,
        side: Side::Pong,
        player: "a@pi2".parse().expect("a task"),
    };
    assert_eq!(answer.parse::<PlayerStroke>(), expected);
}

#[tokio::test]
async fn environment_variables_configure_manager_and_proxy() {
    let ping = Process::start(&["player", "--side", "ping", "--hit-chance", "100"]);
    let pong = Process::start(&["player", "--side", "pong", "--hit-chance", "100"]);
    let ping = (ping.listen.to_string(), ping);
    let pong = (pong.listen.to_string(), pong);
    let environment = [
        ("PONG_PING", ping.0.as_str()),
        ("PONG_PONG", pong.0.as_str()),
        ("PONG_ROUNDS", "2"),
        ("PONG_PACE", "1ms"),
        ("PONG_MAX_IN_FLIGHT", "9"),
        ("PONG_STROKE_TIMEOUT", "2s"),
    ];
    let manager = Process::start_with(&["manager"], &environment);
    let at_manager = manager.listen.to_string();
    let environment = [("PONG_MANAGERS", at_manager.as_str()), ("PONG_NODE", "pi7")];
    let proxy = Process::start_with(&["proxy"], &environment);
    let answer = get(proxy.listen, "/", &[]).await;
    assert_eq!(answer.body, "PING --> HIT\nPONG --> HIT\nPING --> HIT\nPONG --> HIT\nDRAW\n");
    assert_eq!(answer.header("pong-proxy"), "pi7");
}

#[tokio::test]
async fn autoplay_plays_without_requests() {
    let demo = Process::start(&["demo", "--nodes", "1", "--play-every", "10ms", "--managers", "1"]);
    for _ in 0..3 {
        demo.logged(RALLY_FINISHED, &[("span.task", "manager.1")]);
    }
}

#[tokio::test]
async fn a_seed_makes_a_demo_repeat_its_rallies() {
    let rallies = async || {
        let demo = Process::start(&["demo", "--seed", "5", "--players", "3"]);
        let mut rallies = Vec::new();
        for _ in 0..8 {
            let rally: Rally = get(demo.listen, "/", &[JSON]).await.parse();
            let strokes = rally.played.into_iter().map(|stroke| (stroke.player, stroke.outcome));
            rallies.push(strokes.collect::<Vec<_>>());
        }
        rallies
    };
    assert_eq!(rallies().await, rallies().await);
}

#[tokio::test]
async fn demo_is_the_default_command_and_prints_its_addresses() {
    let environment = [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_LOG", "json")];
    let demo = Process::spawn(&["--hit-chance", "0", "--nodes", "2"], &environment);
    let line = demo.logged(LISTENING, &[("span.task", "proxy.1")]);
    let proxy = address(&line, "listen").expect("a public port");
    let answer = get(proxy, "/", &[]).await;
    assert_eq!(answer.body, "PING --> MISS\nThe winner is PONG\n");
    demo.printed(&format!("curl localhost:{}", proxy.port()));
    let paths = format!("{} paths localhost:{}", env!("CARGO_BIN_EXE_swarm-pong"), proxy.port());
    demo.printed(&paths);
    let welcome = demo.out();
    assert!(welcome.contains("a cluster of 2 nodes") && welcome.contains("pi2"), "{welcome}");
    assert!(!welcome.contains('\u{1b}'), "no color in a pipe: {welcome}");
}
