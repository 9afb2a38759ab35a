//! A rally as text, as JSON and as NDJSON.

use game::Side;
use protocol::event::{RallyEnd, RallyResult, Stroke};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::http::{Response, get};
use crate::support::services::Cluster;

/// The header of a client that wants JSON.
pub(crate) const JSON: &str = "Accept: application/json";

/// The header of a client that wants a line of JSON for each stroke.
pub(crate) const NDJSON: &str = "Accept: application/x-ndjson";

/// A rally in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Rally {
    /// How it ended.
    #[serde(flatten)]
    pub(crate) result: RallyResult,
    /// Its strokes.
    pub(crate) played: Vec<Stroke>,
}

/// Plays the same rallies as any other cluster with this seed.
async fn rallies(path: &str, headers: &[&str]) -> Vec<Response> {
    let cluster = Cluster::start(&["--seed", "7"]);
    let mut responses = Vec::new();
    for _ in 0..12 {
        responses.push(get(cluster.proxy(), path, headers).await);
    }
    responses
}

/// Renders a rally as text with `?who`, without the times.
fn as_text(rally: &Rally) -> String {
    let mut text = String::new();
    for Stroke { side, outcome, player, arch, .. } in &rally.played {
        let arch = arch.as_ref().expect("players say so");
        text += &format!("{side} --> {outcome} {player} {arch}\n");
    }
    text + match rally.result.end {
        RallyEnd::Ping => "The winner is PING\n",
        RallyEnd::Pong => "The winner is PONG\n",
        RallyEnd::Draw => "DRAW\n",
        other => panic!("no player fails here: {other:?}"),
    }
}

/// Removes the spaces for alignment and the times from a text with `?who`.
fn without_times(text: &str) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.strip_suffix(&["ms"]).map_or(&words[..], |rest| &rest[..rest.len() - 1]).join(" ")
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// Replaces what differs from run to run of a cluster, ids and times, by those of one stroke.
fn comparable(mut rally: Rally) -> Rally {
    let id = rally.played[0].rally.clone();
    assert_eq!(rally.result.rally, id);
    rally.result.micros = 0;
    for stroke in &mut rally.played {
        assert_eq!(stroke.rally, id, "every stroke names its rally");
        stroke.micros = 0;
        stroke.rally = "any".parse::<protocol::name::Name>().expect("a name").into();
    }
    rally.result.rally = rally.played[0].rally.clone();
    rally
}

#[tokio::test]
async fn text_json_and_ndjson_agree() {
    let texts = rallies("/?who", &[]).await;
    let objects = rallies("/", &[JSON]).await;
    let lines = rallies("/", &[NDJSON]).await;
    for ((text, object), lines) in texts.iter().zip(&objects).zip(&lines) {
        assert_eq!(object.header("content-type"), "application/json");
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        let rally: Rally = object.parse();
        assert_eq!(without_times(&text.body), as_text(&rally));
        let (result, played) = lines.ndjson();
        assert_eq!(comparable(Rally { result, played }), comparable(rally));
    }
}

#[tokio::test]
async fn json_has_all_there_is_to_know_about_a_rally() {
    let cluster = Cluster::start(&["--hit-chance", "0", "--nodes", "2", "--players", "1"]);
    let response = get(cluster.proxy(), "/", &[JSON]).await;
    let mut rally: Value = response.json();
    let id = rally["rally"].take();
    assert_eq!(id, response.header("pong-rally"));
    assert_eq!(rally["played"][0]["rally"].take(), id);
    let whole = rally["micros"].take().as_u64();
    let stroke = rally["played"][0]["micros"].take().as_u64();
    assert!(whole >= stroke && stroke.is_some(), "{whole:?} {stroke:?}");
    let manager = json!({ "task": "manager.1", "node": "pi1" });
    assert_eq!(response.header("pong-manager"), "manager.1@pi1");
    let expected = json!({
        "rally": null,
        "played": [{
            "rally": null, "micros": null,
            "n": 1, "side": "ping", "outcome": "MISS", "task": "ping.1", "node": "pi1",
            "release": env!("CARGO_PKG_VERSION"), "arch": server::identity::ARCH,
            "manager": manager, "proxy": "pi1",
        }],
        "verdict": "pong", "strokes": 1, "faults": 0, "micros": null,
        "manager": manager, "proxy": "pi1",
    });
    assert_eq!(rally, expected);
}

#[tokio::test]
async fn a_seed_repeats_the_rallies_of_a_whole_cluster() {
    let texts = |responses: Vec<Response>| -> Vec<String> {
        responses.iter().map(|response| without_times(&response.body)).collect()
    };
    let first = texts(rallies("/?who", &[]).await);
    assert_eq!(first, texts(rallies("/?who", &[]).await));
    assert!(first.iter().any(|rally| *rally != first[0]), "not one rally again and again");
}

#[tokio::test]
async fn a_let_names_the_side_that_was_missing() {
    let ping = crate::support::services::player("ping.1@pi1", "100");
    let pong = super::scripted_peer::hits(1).await;
    let manager =
        crate::support::services::manager("manager.1@pi2", &[ping.listen], &[pong.address], &[]);
    let response = get(manager.listen, "/", &[JSON]).await;
    let json = response.json();
    assert_eq!((&json["verdict"], &json["missing"]), (&"let".into(), &"pong".into()), "{json}");
    let rally: Rally = response.parse();
    assert_eq!(rally.result.end, RallyEnd::Let { missing: Side::Pong });
}
