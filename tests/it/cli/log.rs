//! What a service logs.

use std::collections::HashSet;
use std::time::Instant;

use crate::support::http::get;
use crate::support::log::{
    FEED_CONNECTED, LISTENING, LOG_LINES_SUPPRESSED, RALLY_FINISHED, UPSTREAM_FAILED, count, with,
};
use crate::support::match_::Match;
use crate::support::ports::reserve;
use crate::support::process::Process;

/// Free ports for a service that nothing is waited for.
const FREE_PORTS: [(&str, &str); 2] =
    [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_ADMIN", "127.0.0.1:0")];

#[tokio::test]
async fn each_rally_is_one_line_of_json_with_all_there_is_to_know() {
    let mut game = Match::start(&[]);
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let answer = get(game.address(), "/", &["Accept: application/json"]).await;
        let id = answer.header("pong-rally").to_owned();
        let rally = answer.json();
        let line = game.manager.logged(RALLY_FINISHED, &[("rally", &id)]);
        for field in ["rally", "verdict", "strokes", "faults", "micros"] {
            assert_eq!(line[field], rally[field], "{field} of {line}");
        }
        let players = if rally["strokes"] == 1 { "ping.1@pi1" } else { "ping.1@pi1,pong.1@pi2" };
        assert_eq!(line["players"], players, "{line}");
        assert_eq!(line["span"]["service"], "manager", "{line}");
        assert_eq!(line["span"]["task"], "manager.1", "{line}");
        assert_eq!(line["span"]["node"], "pi3", "{line}");
        assert_eq!(line["level"], "INFO");
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        ids.insert(id);
    }
    let lines = game.manager.end();
    let finished = with(&lines, RALLY_FINISHED);
    let logged: Vec<&str> = finished.iter().filter_map(|line| line["rally"].as_str()).collect();
    assert_eq!(logged.len(), 20, "one line for each rally");
    assert_eq!(logged.into_iter().map(str::to_owned).collect::<HashSet<_>>(), ids);
}

#[tokio::test]
async fn every_log_line_names_its_service_task_and_node() {
    let mut demo = Process::start(&["demo", "--log-level", "debug", "--nodes", "2"]);
    demo.logged(FEED_CONNECTED, &[("span.task", "light.2")]);
    get(demo.listen, "/rally", &[]).await;
    let lines = demo.end();
    for line in &lines {
        for field in ["service", "task", "node"] {
            assert!(line["span"][field].is_string(), "no {field}: {line}");
        }
        let task = line["span"]["task"].as_str().expect("a task");
        let service = line["span"]["service"].as_str().expect("a service");
        assert!(task.starts_with(service), "{line}");
    }
    assert_eq!(with(&lines, RALLY_FINISHED).len(), 1);
}

#[tokio::test]
async fn of_many_rallies_twenty_a_second_have_a_line_and_the_others_are_counted() {
    let mut game = Match::start(&[]);
    let started = Instant::now();
    for _ in 0..400 {
        get(game.address(), "/", &[]).await;
    }
    let seconds = started.elapsed().as_secs() + 1;
    let lines = game.manager.end();
    let (logged, suppressed) = count(&lines, RALLY_FINISHED);
    assert!((20..=20 * (seconds + 1)).contains(&logged), "{logged} in {seconds} s");
    assert_eq!(logged + suppressed, 400);
    let summaries = with(&lines, LOG_LINES_SUPPRESSED);
    let kinds = summaries.iter().map(|line| line["kind"].as_str().expect("a kind"));
    assert!(kinds.eq(summaries.iter().map(|_| RALLY_FINISHED)), "{summaries:?}");
    assert!(summaries.iter().all(|line| line["level"] == "INFO"), "{summaries:?}");
}

#[tokio::test]
async fn a_fault_that_repeats_itself_is_one_line_in_ten_seconds_and_a_number() {
    let nobody = reserve();
    let mut proxy = Process::start(&["proxy", "--managers", &nobody.address.to_string()]);
    let started = Instant::now();
    for _ in 0..300 {
        get(proxy.listen, "/rally", &[]).await;
    }
    let most = started.elapsed().as_secs() / 10 + 1;
    let lines = proxy.end();
    let (logged, suppressed) = count(&lines, UPSTREAM_FAILED);
    assert!((1..=most).contains(&logged), "{lines:?}");
    assert_eq!(with(&lines, UPSTREAM_FAILED)[0]["level"], "WARN");
    assert_eq!(logged + suppressed, 300);
}

#[tokio::test]
async fn text_is_for_people_and_json_for_pipes() {
    let piped = Process::spawn(&["player", "--side", "ping"], &FREE_PORTS);
    piped.logged(LISTENING, &[("span.service", "ping")]);

    let nobody = "127.0.0.1:1";
    let options = ["--managers", nobody, "--scoreboards", nobody, "--log", "text", "--node", "pi3"];
    let text = Process::spawn(&[&["proxy"], &options[..]].concat(), &FREE_PORTS);
    let line = text.wrote(LISTENING);
    assert!(line.contains("INFO") && line.contains("node=pi3"), "{line}");
    assert!(!line.contains('\u{1b}'), "no color in a pipe: {line}");
    assert!(!line.starts_with('{'), "{line}");
}

#[tokio::test]
async fn a_level_selects_the_lines_that_are_written() {
    let loud = Match::start(&["--log-level", "debug"]);
    let line = ["player", "--side", "ping", "--log-level", "off"];
    let mut quiet = Process::spawn(&line, &FREE_PORTS);
    let ping = loud.ping.listen.to_string();
    let pong = loud.pong.listen.to_string();
    let line = ["manager", "--ping", &ping, "--pong", &pong, "--log-level", "warn"];
    let mut warning = Process::spawn(&line, &FREE_PORTS);
    get(loud.address(), "/", &[]).await;
    loud.manager.logged(RALLY_FINISHED, &[]);
    // Both have had the time of a whole rally to log something, and have it until they end.
    for silent in [&mut quiet, &mut warning] {
        silent.terminate();
        silent.wait();
        assert_eq!(silent.log(), "");
    }
}
