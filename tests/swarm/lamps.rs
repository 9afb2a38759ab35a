//! The lamps: what the lights write to a node's LEDs is what was played there.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rally::Outcome;
use tokio::time::{Instant, interval};

use crate::answer::{Format, Played, read};
use crate::stage::Stage;
use crate::swarm::{until, until_running};
use crate::table::Line;

/// The rallies that are asked for, one after the other.
const RALLIES: usize = 5;

/// The time a stroke is shown for.
const BEAT: Duration = Duration::from_millis(150);

/// How soon lamps are dark after the last rally, with a second to spare.
const DARK: Duration = Duration::from_secs(3);

/// What an LED has been told since it was last asked.
struct Led {
    written: PathBuf,
    read: usize,
}

impl Led {
    fn of(node: &str, name: &str) -> Self {
        let path = format!("/var/lib/swarm-pong-cluster/{node}/lamp/leds/leds/{name}/written");
        let mut led = Self { written: path.into(), read: 0 };
        led.read = led.all().len();
        led
    }

    fn all(&self) -> String {
        fs::read_to_string(&self.written).expect("the lamp of tests/swarm/cluster")
    }

    /// How often it has been lit and was dark again since.
    fn flashes(&self) -> usize {
        self.all()[self.read..].matches("2550").count()
    }
}

/// The lamps of the cluster: a traffic light on pi2, whose yellow tells of its proxy; on pi1 the
/// board's one LED, for both kinds of stroke.
struct Lamps {
    red: Led,
    yellow: Led,
    green: Led,
    board: Led,
}

impl Lamps {
    fn flashes(&self) -> [usize; 4] {
        [&self.red, &self.yellow, &self.green, &self.board].map(Led::flashes)
    }
}

/// What the lamps must have shown of a rally that pi2's proxy carried.
fn shown(rally: &Played) -> [usize; 4] {
    let strokes = |node: &str, outcome: Outcome| {
        let of = |shot: &&crate::answer::Shot| {
            shot.outcome == outcome && shot.player.ends_with(&format!("@{node}"))
        };
        rally.strokes.iter().filter(of).count()
    };
    let board = strokes("pi1", Outcome::Hit) + strokes("pi1", Outcome::Miss);
    [strokes("pi2", Outcome::Miss), 1, strokes("pi2", Outcome::Hit), board]
}

pub(crate) async fn follow_the_ball(stage: &mut Stage) {
    let name = "the lamps of pi1 and pi2, one rally at a time";
    stage.announce(name);
    let begun = SystemTime::now();
    let mut line = Line::new(name, 0.0);
    // The light of pi3, which has no lamp, must be as healthy as the others.
    until_running("pong_light", 3, 30).await;
    // Those of the scenario before are shown to their end.
    until("the lamps are dark", 10, async || begun.elapsed().is_ok_and(|time| time > DARK)).await;
    let lamps = Lamps {
        red: Led::of("pi2", "pong-red"),
        yellow: Led::of("pi2", "pong-yellow"),
        green: Led::of("pi2", "pong-green"),
        board: Led::of("pi1", "ACT"),
    };
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut wanted = [0; 4];
    for _ in 0..RALLIES {
        let asked = Instant::now();
        let request = client.get("http://10.99.0.2:3000/").header("accept", "application/json");
        let answer = request.send().await.expect("an answer");
        let rally = read(answer, Format::Json, "pi2").await.expect("a rally");
        line.asked += 1;
        line.answered += 1;
        line.slowest = line.slowest.max(asked.elapsed());
        wanted = std::array::from_fn(|n| wanted[n] + shown(&rally)[n]);
        // Every stroke has its beat, and none may follow when all have had theirs.
        let over = asked + BEAT * (u32::try_from(rally.strokes.len()).expect("a few") + 4);
        until("the rally is shown", 30, async || lamps.flashes() == wanted).await;
        let mut beat = interval(Duration::from_millis(20));
        while Instant::now() < over {
            beat.tick().await;
        }
    }
    let seen = lamps.flashes();
    let [red, yellow, green, board] = seen;
    line.notes.push(format!(
        "written: red {red}, yellow {yellow}, green {green} on pi2, ACT {board} on pi1; played: {wanted:?}"
    ));
    if seen != wanted || red + green + board == 0 {
        line.faults.push("that is not what was played".to_owned());
    }
    line.seconds = begun.elapsed().unwrap_or_default().as_secs_f64();
    line.tell();
    stage.lines.push(line);
}
