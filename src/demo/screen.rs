//! What a demo shows on a terminal around its lamps: address, score, the last rally, and keys.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use client::endpoints::Endpoints;
use client::feed::{self, FeedUpdate, MAX_WAITING};
use client::http::{get, read};
use game::Score;
use protocol::event::{Event, RallyEnd, RallyResult, Stroke};
use protocol::service::Service;
use protocol::wanted::Wanted;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::keys::Keys;
use crate::panel::Panel;

/// Maximum size of what a rally prints, in bytes: some twenty thousand strokes.
const MAX_RALLY_BYTES: usize = 1024 * 1024;

const KEYS: &str = "p plays a rally   q quits   ? helps";

/// What the screen says of the match.
#[derive(Debug, Default)]
struct Match {
    scores: HashMap<SocketAddr, Score>,
    /// The strokes of the rally that is being played.
    strokes: Vec<Stroke>,
    /// How the last one ended, and who played it.
    last: [String; 2],
    is_help_shown: bool,
}

/// Shows a match until shutdown; `address` is that of the first node's proxy.
pub(crate) async fn run(
    panel: Panel,
    title: String,
    address: String,
    managers: Vec<SocketAddr>,
    shutdown: CancellationToken,
) {
    let mut keys = Keys::read();
    let endpoints = Arc::new(Endpoints::new(Service::Manager.into()));
    endpoints.update(&managers);
    managers.iter().for_each(|manager| endpoints.answered(*manager));
    let (sender, mut updates) = mpsc::channel(MAX_WAITING);
    let mut shown = Match::default();
    let showing = async {
        loop {
            panel.surround(shown.above(&title, &address), shown.below(keys.is_some()));
            let key = async {
                match &mut keys {
                    Some(keys) => keys.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(update) = updates.recv() => shown.apply(update),
                key = key => match key {
                    b'p' => play(address.clone()),
                    b'q' => shutdown.cancel(),
                    b'?' => shown.is_help_shown = !shown.is_help_shown,
                    _ => {}
                },
            }
        }
    };
    tokio::select! {
        () = feed::subscribe(endpoints, Wanted::Everything, sender) => {}
        () = showing => {}
        () = shutdown.cancelled() => {}
    }
}

/// Plays a rally that people can follow; the feed tells how it goes.
fn play(address: String) {
    tokio::spawn(async move {
        let uri = format!("http://{address}/rally?pace=150ms").try_into();
        // Where no player answers, the feed says so too.
        if let Ok(response) = get(uri.expect("an address is valid in a URI")).await {
            let _ = read(response, MAX_RALLY_BYTES).await;
        }
    });
}

impl Match {
    fn apply(&mut self, update: FeedUpdate) {
        match update {
            FeedUpdate::Event(manager, Event::Score(score)) => {
                self.scores.insert(manager, score.score);
            }
            FeedUpdate::Event(_, Event::Stroke(stroke)) => {
                if self.strokes.first().is_none_or(|first| first.rally != stroke.rally) {
                    self.strokes.clear();
                }
                self.strokes.push(stroke);
            }
            FeedUpdate::Event(_, Event::Rally(result)) => self.finish(&result),
            FeedUpdate::Event(..) | FeedUpdate::Connected(_) | FeedUpdate::Disconnected(..) => {}
        }
    }

    fn finish(&mut self, result: &RallyResult) {
        let end = match &result.end {
            RallyEnd::Ping => "the winner is PING".to_owned(),
            RallyEnd::Pong => "the winner is PONG".to_owned(),
            RallyEnd::Draw => "a draw".to_owned(),
            RallyEnd::Let { missing } => format!("LET, no {missing} player answered"),
            RallyEnd::Abandoned => "abandoned".to_owned(),
        };
        let of_it = self.strokes.iter().filter(|stroke| stroke.rally == result.rally);
        let players: Vec<String> = of_it.map(|stroke| stroke.player.to_string()).collect();
        let strokes = if result.strokes == 1 { "stroke" } else { "strokes" };
        self.last = [
            format!("last rally: {end} after {} {strokes}, by {}", result.strokes, result.manager),
            players.join(" → "),
        ];
    }

    fn above(&self, title: &str, address: &str) -> Vec<String> {
        let mut total = Score::default();
        self.scores.values().for_each(|score| total += *score);
        let Score { ping, pong, longest, .. } = total;
        let rallies = total.rallies();
        vec![
            format!("{title}   http://{address}"),
            format!("PING {ping} : {pong} PONG   {rallies} rallies, the longest {longest} strokes"),
        ]
    }

    fn below(&self, has_keys: bool) -> Vec<String> {
        let [end, players] = self.last.clone();
        match (self.is_help_shown, has_keys) {
            (true, _) => vec![
                "Each request to the address plays a rally; open it in a browser to watch."
                    .to_owned(),
                "A lamp: green a HIT, red a MISS by a player there, yellow: its proxy carries it."
                    .to_owned(),
                KEYS.to_owned(),
            ],
            (false, true) => vec![end, players, KEYS.to_owned()],
            (false, false) => vec![end, players, "Ctrl-C stops it".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::event::ManagerScore;
    use protocol::id::InstanceId;
    use protocol::name::Name;

    use super::*;

    #[test]
    fn scores_of_managers_are_added_up_and_the_last_rally_is_told() {
        let mut shown = Match::default();
        let task = |name: &str| name.parse().expect("a task");
        for n in [1, 2] {
            let score =
                Score { ping: n, pong: 1, pong_misses: n, ping_misses: 1, ..Score::default() };
            let manager = task("manager.1@pi1");
            let score = ManagerScore { manager, instance: InstanceId::new(7), score };
            let from = ([127, 0, 0, n as u8], 3000).into();
            shown.apply(FeedUpdate::Event(from, Event::Score(score)));
        }
        let rally: Name = "5eed-1".parse().expect("a name");
        let from = ([127, 0, 0, 1], 3000).into();
        shown.apply(FeedUpdate::Event(
            from,
            Event::Stroke(Stroke {
                rally: rally.clone().into(),
                n: 1,
                side: game::Side::Ping,
                outcome: game::Outcome::Miss,
                player: task("ping.1@pi2"),
                release: None,
                arch: None,
                micros: 400,
                manager: task("manager.1@pi1"),
                proxy: None,
            }),
        ));
        shown.apply(FeedUpdate::Event(
            from,
            Event::Rally(RallyResult {
                rally: rally.into(),
                end: RallyEnd::Pong,
                strokes: 1,
                faults: 0,
                micros: 900,
                manager: task("manager.1@pi1"),
                proxy: None,
            }),
        ));
        let above = shown.above("swarm-pong", "localhost:3000");
        let score = "PING 3 : 2 PONG   5 rallies, the longest 0 strokes";
        assert_eq!(above, ["swarm-pong   http://localhost:3000", score]);
        let last = "last rally: the winner is PONG after 1 stroke, by manager.1@pi1";
        assert_eq!(shown.below(true), [last, "ping.1@pi2", KEYS]);
        shown.is_help_shown = true;
        assert_eq!(shown.below(true).len(), 3, "nothing moves");
    }
}
