//! What options and variables do.

use crate::http::get;
use crate::process::Process;

#[tokio::test]
async fn a_variable_is_as_good_as_an_option_and_an_option_goes_before_it() {
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
    let expected = serde_json::json!({
        "outcome": "HIT", "side": "pong", "task": "a", "node": "pi2"
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn variables_tell_a_manager_and_a_proxy_who_is_where_and_how_to_play() {
    let (ping, pong) = (
        Process::start(&["player", "--side", "ping", "--hit-chance", "100"]),
        Process::start(&["player", "--side", "pong", "--hit-chance", "100"]),
    );
    let [at_ping, at_pong] = [&ping, &pong].map(|player| player.listen.to_string());
    let environment = [
        ("PONG_PING", at_ping.as_str()),
        ("PONG_PONG", at_pong.as_str()),
        ("PONG_ROUNDS", "2"),
        ("PONG_PACE", "1ms"),
        ("PONG_LIMIT", "9"),
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
async fn a_manager_told_to_plays_with_nobody_asking() {
    let demo = Process::start(&["demo", "--nodes", "1", "--play-every", "10ms", "--managers", "1"]);
    for _ in 0..3 {
        demo.logged(&["\"rally over\"", "\"task\":\"manager.1\""]);
    }
}

#[tokio::test]
async fn a_seed_makes_a_demo_repeat_its_rallies() {
    let rallies = async || {
        let demo = Process::start(&["demo", "--seed", "5", "--players", "3"]);
        let mut rallies = Vec::new();
        for _ in 0..8 {
            let answer = get(demo.listen, "/", &["Accept: application/json"]).await.json();
            let strokes = answer["played"].as_array().expect("strokes").iter();
            let told = strokes.map(|stroke| format!("{} {}", stroke["task"], stroke["outcome"]));
            rallies.push(told.collect::<Vec<_>>());
        }
        rallies
    };
    assert_eq!(rallies().await, rallies().await);
}

#[tokio::test]
async fn a_demo_without_a_command_is_one_with_it_and_says_where_to_knock() {
    let environment = [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_LOG", "json")];
    let demo = Process::spawn(&["--hit-chance", "0", "--nodes", "2"], &environment);
    let door = demo.logged(&["\"serving\"", "\"proxy.1\""])["listen"].clone();
    let door: std::net::SocketAddr = door.as_str().expect("an address").parse().expect("one");
    let answer = get(door, "/", &[]).await;
    assert_eq!(answer.body, "PING --> MISS\nThe winner is PONG\n");
    demo.printed(&format!("curl localhost:{}", door.port()));
    let welcome = demo.out();
    assert!(welcome.contains("a cluster of 2 nodes") && welcome.contains("pi2"), "{welcome}");
    assert!(!welcome.contains('\u{1b}'), "no colour in a pipe: {welcome}");
}
