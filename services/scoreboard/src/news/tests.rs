use std::sync::Arc;

use court::event::{Ended, Event, Met, Players, Stroke};
use court::follow::Seen;
use rally::{Outcome, Side};
use serde_json::Value;

use super::*;
use crate::knocks::Knocks;

const PING_1: &str = r#"{"service":"ping","task":"ping.1","node":"pi2","version":"1","release":"1",
    "os":"linux","arch":"arm","started":7}"#;

/// News of a board that knows one of everything.
fn news() -> News {
    let me: Task = "scoreboard.1@pi1".parse().expect("a task");
    let news = News::new(&me, &"7".parse().expect("a name"));
    let manager: Task = "manager.1@pi1".parse().expect("a task");
    let player: Task = "ping.1@pi2".parse().expect("a task");
    let address = ([10, 0, 9, 4], 3000).into();
    let (rally, proxy) = ("5eed-1".to_owned(), Some(me.node));
    let stroke = Stroke {
        rally: rally.clone(),
        n: 1,
        side: Side::Ping,
        outcome: Outcome::Miss,
        player: player.clone(),
        release: None,
        micros: 400,
        manager: manager.clone(),
        proxy: proxy.clone(),
    };
    let ended = Ended {
        rally,
        verdict: "pong".into(),
        strokes: 1,
        faults: 0,
        micros: 500,
        manager: manager.clone(),
        proxy,
    };
    let met = Met { address, side: Side::Ping, player, strokes: 1, faults: 0 };
    let mut board = news.board();
    board.tasks.heard(address, serde_json::from_str(PING_1).expect("an answer"));
    for event in [
        Event::Players(Players { manager, players: vec![met] }),
        Event::Stroke(stroke),
        Event::Ended(ended),
    ] {
        board.see(Seen::Told(address, event));
    }
    let report = r#"{"rows":[{"age":0,"row":{"proxy":{"task":"proxy.1","node":"pi1"},
        "at":null,"pairs":[["pi2","timeout",300,900,32,3]]}}]}"#;
    board.knocks.hear(serde_json::from_str(report).expect("a report"));
    drop(board);
    news
}

/// Adds the names of all fields, however deep.
fn fields(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            names.push(name.clone());
            fields(value, names);
        }),
        Value::Array(items) => items.iter().for_each(|item| fields(item, names)),
        _ => {}
    }
}

#[tokio::test]
async fn every_field_that_is_told_is_described() {
    let described = include_str!("../../../../docs/score.md").to_owned();
    let described = described + include_str!("../../../../docs/paths.md");
    let news = news();
    let answer = news.feed.answer(bytes::Bytes::new());
    assert!(news.tell_changes(true, false));
    news.feed.end();
    let told = actix_web::body::to_bytes(answer.into_body());
    let told = told.await.expect("the news");
    let told = std::str::from_utf8(&told).expect("text");
    let told = told.strip_prefix("event: news\ndata: ").expect("news");
    let mut names = Vec::new();
    for json in [told, news.score().get(), news.paths().get()] {
        fields(&serde_json::from_str(json).expect("JSON"), &mut names);
    }
    for expected in ["strokes", "rallies", "played", "tasks", "trouble", "lives", "measured"] {
        assert!(names.iter().any(|name| name == expected), "{expected} was not told");
    }
    for name in names {
        assert!(described.contains(&format!("`{name}`")), "{name} is described nowhere");
    }
}

#[tokio::test(start_paused = true)]
async fn all_paths_are_told_anew_each_half_second_however_often_they_are_asked_for() {
    let news = news();
    let first = news.paths();
    assert!(first.get().contains(r#""broken":1"#), "{first}");
    news.board().knocks = Knocks::default();
    assert_eq!(news.paths().get(), first.get());
    tokio::time::advance(PATHS_SERVE).await;
    assert!(news.paths().get().contains(r#""broken":0"#));
}

#[tokio::test]
async fn of_too_many_paths_the_page_is_told_of_those_in_trouble() {
    let path = |n: usize| Path {
        from: Name::from_any(&format!("pi{n:04}")),
        to: Name::from_any("pi0000"),
        trouble: (n == 2000).then_some(Trouble::Broken),
        cause: None,
        knocks: None,
        strokes: None,
    };
    let shown = shown((1..=2000).map(path).collect());
    assert_eq!(shown.len(), MOST_PATHS);
    assert!(shown.iter().any(|path| path.trouble.is_some()));
    assert!(shown.is_sorted_by_key(|path| path.from.clone()));
}

#[tokio::test]
async fn what_has_not_changed_is_not_told_again() {
    let news = news();
    assert!(news.tell_changes(true, false));
    assert!(!news.tell_changes(false, false), "nothing is new");
    assert!(news.tell_changes(false, true), "but a sign of life");
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_is_told_of_without_waiting_for_the_next_look() {
    let (news, stop) = (Arc::new(news()), CancellationToken::new());
    let (teller, ends) = (Arc::clone(&news), stop.clone());
    let telling = tokio::spawn(async move { teller.tell(ends).await });
    while !news.score().get().contains("ping.1") {
        tokio::time::advance(SPACING).await;
    }
    let ping_2 = serde_json::from_str(&PING_1.replace("ping.1", "ping.2")).expect("an answer");
    news.board().tasks.heard(([10, 0, 9, 5], 3001).into(), ping_2);
    news.wake();
    tokio::time::sleep(SPACING * 2).await;
    assert!(news.score().get().contains("ping.2"));
    stop.cancel();
    telling.await.expect("told to the end");
}
