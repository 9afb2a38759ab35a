//! A rally as it happens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use court::event::{Ended, Stroke};
use court::fault::Fault;
use court::log::Limit;
use court::pace::Pace;
use court::task::{Name, Task};
use rally::{Rally, Side, Verdict};
use reqwest::Client;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};
use tracing::info;

use crate::opponent::Answered;
use crate::service::{Manager, SERVICE};

/// How long a rally waits for a table; then it is played beside them, since players hang at those.
/// With the first stroke's 4 s it stays within the 5 s after which a proxy tries another manager.
const QUEUE: Duration = Duration::from_millis(500);

/// How many rallies a second have a line in the log: more than anybody reads, and at 250 bytes a line
/// less than what wears an SD card.
const RALLY_LINES: Limit = Limit { most: 20, span: Duration::from_secs(1) };

/// The most players that the log names of one rally.
const PLAYERS_NAMED: usize = 16;

/// Plays one rally, stroke by stroke, and counts, logs and publishes it.
pub(crate) struct Play {
    manager: Arc<Manager>,
    client: Client,
    id: String,
    proxy: Option<Name>,
    pace: Pace,
    featured: bool,
    rally: Rally,
    faults: u32,
    failed: Vec<(SocketAddr, Fault)>,
    players: Vec<Task>,
    begun: Instant,
    told: bool,
    table: Option<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
}

/// Tells what happens next in a rally.
pub(crate) enum Step {
    /// A player answered.
    Stroke(Stroke),
    /// The rally is over.
    Over(Verdict, Ended),
}

/// Says that as many rallies are in flight as the manager takes on.
pub(crate) struct Full;

impl Play {
    /// Begins a rally, unless too many are in flight.
    pub(crate) fn begin(
        manager: &Arc<Manager>,
        client: &Client,
        pace: Pace,
        proxy: Option<Name>,
    ) -> Result<Self, Full> {
        let Ok(place) = Arc::clone(&manager.places).try_acquire_owned() else {
            manager.counts.refused("full");
            return Err(Full);
        };
        Ok(Self {
            id: manager.next_id(),
            client: client.clone(),
            proxy,
            pace,
            featured: manager.featured.choose(pace),
            rally: Rally::new(manager.options.rounds),
            faults: 0,
            failed: Vec::new(),
            players: Vec::new(),
            begun: Instant::now(),
            told: false,
            table: None,
            manager: Arc::clone(manager),
            _place: place,
        })
    }

    /// Returns the rally's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Plays the next stroke; none after the rally is over.
    pub(crate) async fn next(&mut self) -> Option<Step> {
        if self.told {
            return None;
        }
        let Some(side) = self.rally.to_play() else { return self.over() };
        if self.rally.strokes() > 0 {
            self.pause().await;
        } else if let Some(missing) = self.begin_at_table(side.other()).await {
            self.rally.call_let();
            return Some(Step::Over(Verdict::Let(missing), self.tell()));
        }
        let asked = self.manager.opponent(side).stroke(&self.client, &self.id).await;
        self.faults = self.faults.saturating_add(asked.failed.len().try_into().unwrap_or(u32::MAX));
        if let Some(answered) = asked.answered {
            return Some(self.stroke(side, answered));
        }
        self.failed = asked.failed;
        self.rally.call_let();
        self.over()
    }

    /// Takes a table, unless nobody can be expected to return the ball: better no rally here, and one
    /// at another manager, than a let after the first stroke. Returns the side that is missing.
    async fn begin_at_table(&mut self, receiver: Side) -> Option<Side> {
        if !self.manager.opponent(receiver).is_within_reach().await {
            return Some(receiver);
        }
        if self.pace.is_full_speed() {
            let table = Arc::clone(&self.manager.tables).acquire_owned();
            self.table = timeout(QUEUE, table).await.ok().and_then(Result::ok);
        }
        None
    }

    /// Returns the players of the side that cut the rally short, and what each came back with.
    pub(crate) fn failed(&self) -> &[(SocketAddr, Fault)] {
        &self.failed
    }

    /// Waits for the ball to fly, unless the manager is stopping and hurries to the end.
    async fn pause(&self) {
        if !self.pace.is_full_speed() {
            tokio::select! {
                () = sleep(self.pace.pause()) => {}
                () = self.manager.stop.cancelled() => {}
            }
        }
    }

    fn stroke(&mut self, side: Side, answered: Answered) -> Step {
        self.rally.record(answered.outcome);
        self.manager.counts.stroke(side, answered.outcome);
        let stroke = Stroke {
            rally: self.id.clone(),
            n: self.rally.strokes(),
            side,
            outcome: answered.outcome,
            player: answered.player,
            release: answered.release,
            micros: micros(answered.took),
            manager: self.manager.me.clone(),
            proxy: self.proxy.clone(),
        };
        if self.featured {
            self.manager.feed.publish("stroke", &stroke);
        }
        if !self.players.contains(&stroke.player) {
            self.players.push(stroke.player.clone());
        }
        Step::Stroke(stroke)
    }

    fn over(&mut self) -> Option<Step> {
        let verdict = self.rally.verdict()?;
        Some(Step::Over(verdict, self.tell()))
    }

    /// Counts, logs and publishes the end, whatever it is.
    fn tell(&mut self) -> Ended {
        self.told = true;
        let ended = Ended {
            rally: self.id.clone(),
            verdict: self.rally.verdict().map_or("abandoned", Verdict::name).into(),
            strokes: self.rally.strokes(),
            faults: self.faults,
            micros: micros(self.begun.elapsed()),
            manager: self.manager.me.clone(),
            proxy: self.proxy.clone(),
        };
        if ended.strokes == 0 {
            // Not one stroke was told of it: it is no rally, and another manager may play it.
            let gone = self.rally.verdict().is_none();
            self.manager.counts.refused(if gone { "client_gone" } else { "no_player" });
        } else {
            self.manager.counts.rally(&self.rally);
            if self.featured {
                self.manager.feed.publish("rally", &ended);
            }
        }
        self.log(&ended);
        ended
    }

    fn log(&self, ended: &Ended) {
        let what = if ended.strokes > 0 { "rally over" } else { "no rally began" };
        if !self.manager.lines.admits(what, RALLY_LINES) {
            return;
        }
        let mut names: Vec<String> =
            self.players.iter().take(PLAYERS_NAMED).map(Task::to_string).collect();
        if self.players.len() > PLAYERS_NAMED {
            names.push("…".to_owned());
        }
        info!(
            service = SERVICE,
            task = %ended.manager.name,
            node = %ended.manager.node,
            rally = ended.rally,
            verdict = %ended.verdict,
            strokes = ended.strokes,
            faults = ended.faults,
            micros = ended.micros,
            players = names.join(","),
            proxy = self.proxy.as_ref().map(Name::as_str),
            "{what}"
        );
    }
}

/// A rally dropped before its end was abandoned by its client.
impl Drop for Play {
    fn drop(&mut self) {
        if !self.told {
            self.tell();
        }
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}
