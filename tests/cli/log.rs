//! What a service logs.

use std::collections::HashSet;

use serde_json::Value;

use crate::http::get;
use crate::process::Process;

fn table(options: &[&str]) -> (Process, Process, Process) {
    let player = |side, task| {
        let options = ["player", "--side", side, "--task", task, "--node", "pi1"];
        Process::start(&options)
    };
    let (ping, pong) = (player("ping", "ping.1"), player("pong", "pong.1"));
    let [at_ping, at_pong] = [&ping, &pong].map(|player| player.listen.to_string());
    let line =
        ["manager", "--ping", &at_ping, "--pong", &at_pong, "--task", "manager.1", "--node", "pi2"];
    let manager = Process::start(&[&line[..], options].concat());
    (ping, pong, manager)
}

#[tokio::test]
async fn each_rally_is_one_line_of_json_with_all_there_is_to_know() {
    let (_ping, _pong, manager) = table(&[]);
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let answer = get(manager.listen, "/", &["Accept: application/json"]).await;
        let (id, told) = (answer.header("pong-rally").to_owned(), answer.json());
        let line = manager.logged(&["\"rally over\"", &format!("\"{id}\"")]);
        for field in ["rally", "verdict", "strokes", "faults", "micros"] {
            assert_eq!(line[field], told[field], "{field} of {line}");
        }
        let players = if told["strokes"] == 1 { "ping.1@pi1" } else { "ping.1@pi1,pong.1@pi1" };
        assert_eq!(line["players"], players, "{line}");
        assert_eq!((&line["task"], &line["node"]), (&"manager.1".into(), &"pi2".into()), "{line}");
        assert_eq!(line["level"], "INFO");
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        ids.insert(id);
    }
    let log = manager.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect();
    let over = lines.iter().filter(|line| line["message"] == "rally over");
    let logged: Vec<&str> = over.filter_map(|line| line["rally"].as_str()).collect();
    assert_eq!(logged.len(), 20, "one line a rally");
    assert_eq!(logged.into_iter().map(str::to_owned).collect::<HashSet<_>>(), ids);
}

/// Returns the lines of a service that has ended.
fn lines(process: &mut Process) -> Vec<Value> {
    process.terminate();
    process.wait();
    let log = process.log();
    log.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

fn with<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

fn left_out(lines: &[Value]) -> u64 {
    with(lines, "log lines left out").iter().filter_map(|line| line["left_out"].as_u64()).sum()
}

#[tokio::test]
async fn every_line_says_which_service_task_and_node_it_is_of() {
    let mut demo = Process::start(&["demo", "--log-level", "debug", "--nodes", "2"]);
    demo.logged(&["\"light.2\"", "\"feed joined\""]);
    get(demo.listen, "/rally", &[]).await;
    let lines = lines(&mut demo);
    for line in &lines {
        for field in ["service", "task", "node"] {
            assert!(line[field].is_string(), "no {field}: {line}");
        }
        let task = line["task"].as_str().expect("a task");
        assert!(task.starts_with(line["service"].as_str().expect("a service")), "{line}");
    }
    assert_eq!(with(&lines, "rally over").len(), 1);
}

#[tokio::test]
async fn of_many_rallies_twenty_a_second_have_a_line_and_the_others_are_counted() {
    let (_ping, _pong, mut manager) = table(&[]);
    let begun = std::time::Instant::now();
    for _ in 0..400 {
        get(manager.listen, "/", &[]).await;
    }
    let seconds = begun.elapsed().as_secs() + 1;
    let lines = lines(&mut manager);
    let logged = with(&lines, "rally over").len() as u64;
    assert!((20..=20 * (seconds + 1)).contains(&logged), "{logged} in {seconds} s");
    assert_eq!(logged + left_out(&lines), 400);
    let summary = with(&lines, "log lines left out")[0];
    assert_eq!((&summary["kind"], &summary["level"]), (&"rally over".into(), &"INFO".into()));
}

#[tokio::test]
async fn a_fault_that_repeats_itself_is_a_line_in_ten_seconds_and_a_number() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = nobody.local_addr().expect("bound").to_string();
    drop(nobody);
    let mut proxy = Process::start(&["proxy", "--managers", &at]);
    let begun = std::time::Instant::now();
    for _ in 0..300 {
        get(proxy.listen, "/rally", &[]).await;
    }
    let most = begun.elapsed().as_secs() / 10 + 1;
    let lines = lines(&mut proxy);
    let failed = with(&lines, "upstream failed; trying the next");
    assert!((1..=most).contains(&(failed.len() as u64)), "{failed:?}");
    assert_eq!(failed[0]["level"], "WARN");
    assert_eq!(failed.len() as u64 + left_out(&lines), 300);
}

#[tokio::test]
async fn text_is_for_people_and_json_for_pipes() {
    let environment = [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_ADMIN", "127.0.0.1:0")];
    let piped = Process::spawn(&["player", "--side", "ping"], &environment);
    piped.logged(&["\"message\":\"serving\"", "\"service\":\"ping\""]);

    let (_ping, _pong, manager) = table(&["--log", "json"]);
    let at = manager.listen.to_string();
    let text =
        ["--managers", &at, "--scoreboards", "127.0.0.1:1", "--log", "text", "--node", "pi3"];
    let text = Process::spawn(&[&["proxy"], &text[..]].concat(), &environment);
    let line = text.wrote("serving");
    assert!(line.contains("INFO serving") && line.contains("node=pi3"), "{line}");
    assert!(!line.contains('\u{1b}') && !line.contains('{'), "no colour in a pipe: {line}");
}

#[tokio::test]
async fn a_level_says_which_lines_are_written() {
    let (ping, pong, loud) = table(&["--log-level", "debug"]);
    let line = ["player", "--side", "ping", "--log-level", "off"];
    let environment = [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_ADMIN", "127.0.0.1:0")];
    let mut quiet = Process::spawn(&line, &environment);
    let [at_ping, at_pong] = [&ping, &pong].map(|player| player.listen.to_string());
    let line = ["manager", "--ping", &at_ping, "--pong", &at_pong, "--log-level", "warn"];
    let mut warning = Process::spawn(&line, &environment);
    get(loud.listen, "/", &[]).await;
    loud.logged(&["\"rally over\""]);
    // Both have had the time of a whole rally to say something, and have it until they end.
    for silent in [&mut quiet, &mut warning] {
        silent.terminate();
        silent.wait();
        assert_eq!(silent.log(), "");
    }
}
