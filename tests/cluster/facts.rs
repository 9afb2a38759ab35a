//! The three ways a rally is told tell the same.

use serde_json::{Value, json};

use crate::http::{Answer, get};
use crate::table::Cluster;

const JSON: &str = "Accept: application/json";
const LINES: &str = "Accept: application/x-ndjson";

/// Plays the same rallies as any other cluster with this seed, told as the headers ask.
async fn rallies(path: &str, headers: &[&str]) -> Vec<Answer> {
    let cluster = Cluster::start(&["--seed", "7"]);
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(get(cluster.door(), path, headers).await);
    }
    answers
}

/// Renders a rally told in JSON as text with `?who`, without the times.
fn as_text(rally: &Value) -> String {
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    let mut text = String::new();
    for stroke in rally["played"].as_array().expect("strokes") {
        let side = word(&stroke["side"]).to_ascii_uppercase();
        let (task, node) = (word(&stroke["task"]), word(&stroke["node"]));
        text += &format!("{side} --> {} {task}@{node}\n", word(&stroke["outcome"]));
    }
    text + &match word(&rally["verdict"]).as_str() {
        "draw" => "DRAW\n".to_owned(),
        winner => format!("The winner is {}\n", winner.to_ascii_uppercase()),
    }
}

/// Takes the spaces for alignment and the times off a text with `?who`.
fn without_times(text: &str) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.strip_suffix(&["ms"]).map_or(&words[..], |rest| &rest[..rest.len() - 1]).join(" ")
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// Takes off what differs from life to life of a cluster: ids and times.
fn without_luck(mut rally: Value) -> Value {
    let mut played = rally["played"].take();
    for told in played.as_array_mut().expect("strokes").iter_mut().chain([&mut rally]) {
        assert!(told["micros"].is_u64(), "{told}");
        let told = told.as_object_mut().expect("an object");
        told.remove("micros");
        told.remove("rally").expect("every stroke names its rally");
    }
    rally["played"] = played;
    rally
}

#[tokio::test]
async fn text_json_and_lines_tell_the_same_rallies() {
    let texts = rallies("/?who", &[]).await;
    let wholes = rallies("/", &[JSON]).await;
    let lines = rallies("/", &[LINES]).await;
    for ((text, whole), lines) in texts.iter().zip(&wholes).zip(&lines) {
        assert_eq!(whole.header("content-type"), "application/json");
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        assert_eq!(without_times(&text.body), as_text(&whole.json()));
        let mut played = lines.lines();
        let mut joined = played.pop().expect("an end");
        joined["played"] = played.into();
        assert_eq!(without_luck(joined), without_luck(whole.json()));
    }
}

#[tokio::test]
async fn json_says_all_there_is_to_say_of_a_rally() {
    let cluster = Cluster::start(&["--hit-chance", "0", "--nodes", "2", "--players", "1"]);
    let answer = get(cluster.door(), "/", &[JSON]).await;
    let told = answer.json();
    assert_eq!(told["rally"], answer.header("pong-rally"));
    let manager = json!({ "task": "manager.1", "node": "pi1" });
    assert_eq!(answer.header("pong-manager"), "manager.1@pi1");
    assert!(told["micros"].as_u64() >= told["played"][0]["micros"].as_u64());
    let expected = json!({
        "played": [{
            "n": 1, "side": "ping", "outcome": "MISS", "task": "ping.1", "node": "pi1",
            "release": env!("CARGO_PKG_VERSION"),
            "manager": manager, "proxy": "pi1",
        }],
        "verdict": "pong", "strokes": 1, "faults": 0, "manager": manager, "proxy": "pi1",
    });
    assert_eq!(without_luck(told), expected);
}

#[tokio::test]
async fn a_seed_repeats_the_rallies_of_a_whole_cluster() {
    let told = |answers: Vec<Answer>| -> Vec<String> {
        answers.iter().map(|answer| without_times(&answer.body)).collect()
    };
    let first = told(rallies("/?who", &[]).await);
    assert_eq!(first, told(rallies("/?who", &[]).await));
    assert!(first.iter().any(|rally| *rally != first[0]), "luck, not one rally again and again");
}
