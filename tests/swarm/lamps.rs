//! The lamps: what the lights write to a node's LEDs matches the strokes played there.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use client::showcase::BEAT;
use game::Outcome;
use tokio::time::{Instant, interval};

use crate::response::{Format, ReceivedRally, read};
use crate::scenario::TestRun;
use crate::swarm::until_running;
use crate::table::Line;
use crate::wait::until;

/// The number of rallies, one after the other.
const RALLIES: usize = 5;

/// How soon lamps are dark after the last rally, and one more second.
const DARK_WITHIN: Duration = Duration::from_secs(3);

/// What has been written to an LED since the test started.
struct Led {
    written: PathBuf,
    before: usize,
}

impl Led {
    fn of(node: &str, name: &str) -> Self {
        let path = format!("/var/lib/swarm-pong-cluster/{node}/lamp/leds/leds/{name}/written");
        let mut led = Self { written: path.into(), before: 0 };
        led.before = led.all().len();
        led
    }

    fn all(&self) -> String {
        fs::read_to_string(&self.written).expect("the lamp of lab/cluster")
    }

    /// Returns how often it was lit and dark again.
    fn flashes(&self) -> usize {
        self.all()[self.before..].matches("2550").count()
    }
}

/// The lamps of the cluster: a traffic light on pi2, whose yellow LED stands for the proxy; on pi1 the
/// board's one LED, for hits and misses.
struct Lamps {
    red: Led,
    yellow: Led,
    green: Led,
    board: Led,
}

/// How often each LED flashed or should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flashes {
    red: usize,
    yellow: usize,
    green: usize,
    board: usize,
}

impl Lamps {
    fn flashes(&self) -> Flashes {
        Flashes {
            red: self.red.flashes(),
            yellow: self.yellow.flashes(),
            green: self.green.flashes(),
            board: self.board.flashes(),
        }
    }
}

impl Flashes {
    /// Adds the flashes of a rally that pi2's proxy carried.
    fn add(&mut self, rally: &ReceivedRally) {
        self.yellow += 1;
        for stroke in &rally.strokes {
            if stroke.player.ends_with("@pi1") {
                self.board += 1;
            } else if stroke.player.ends_with("@pi2") {
                match stroke.outcome {
                    Outcome::Hit => self.green += 1,
                    Outcome::Miss => self.red += 1,
                }
            }
        }
    }
}

pub(crate) async fn match_the_strokes(run: &mut TestRun) {
    run.observe("the lamps of pi1 and pi2, one rally at a time", play_and_compare).await;
}

async fn play_and_compare(line: &mut Line) {
    let started = SystemTime::now();
    // The light of pi3, which has no lamp, must be as healthy as the others.
    until_running("pong_light", 3, 30).await;
    // The last rally of the scenario before may still be shown.
    until("the lamps are dark", 10, async || {
        started.elapsed().is_ok_and(|time| time > DARK_WITHIN)
    })
    .await;
    let lamps = Lamps {
        red: Led::of("pi2", "pong-red"),
        yellow: Led::of("pi2", "pong-yellow"),
        green: Led::of("pi2", "pong-green"),
        board: Led::of("pi1", "ACT"),
    };
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut expected = Flashes::default();
    for _ in 0..RALLIES {
        let requested = Instant::now();
        let request = client.get("http://10.99.0.2:3000/").header("accept", "application/json");
        let response = request.send().await.expect("a response");
        let rally = read(response, Format::Json, "pi2").await.expect("a rally");
        line.requests += 1;
        line.rallies += 1;
        line.slowest = line.slowest.max(requested.elapsed());
        expected.add(&rally);
        // Every stroke has its beat, and none may follow after all of them.
        let beats = u32::try_from(rally.strokes.len()).expect("a few") + 4;
        let end = requested + BEAT * beats;
        until("the rally is shown", 30, async || lamps.flashes() == expected).await;
        let mut interval = interval(Duration::from_millis(20));
        while Instant::now() < end {
            interval.tick().await;
        }
    }
    let flashes = lamps.flashes();
    line.notes.push(format!("flashes: {flashes:?} (red, yellow, green on pi2, ACT on pi1)"));
    if flashes != expected || flashes.red + flashes.green + flashes.board == 0 {
        line.faults.push(format!("the strokes were {expected:?}"));
    }
}
