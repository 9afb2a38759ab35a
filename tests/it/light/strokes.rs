//! A flash for each stroke of a player on the light's own node, and darkness at the end.

use std::time::Duration;

use game::Outcome;

use super::leds::Leds;
use crate::cluster::formats::{JSON, Rally};
use crate::support::http::{ask, get};
use crate::support::log::FEED_CONNECTED;
use crate::support::match_::Match;
use crate::support::process::Process;
use crate::support::wait::{until_true, within};

/// The node of the ping player.
const NODE: &str = "pi1";

/// How long a stroke is shown.
const BEAT: Duration = client::showcase::BEAT;

/// Starts a light on the ping player's node, and waits until it is connected to the manager.
fn light(game: &Match, leds: &Leds) -> Process {
    let managers = game.address().to_string();
    let options = ["--managers", &managers, "--node", NODE, "--log-level", "debug"];
    let light = Process::start(&[&leds.light()[..], &options].concat());
    light.logged(FEED_CONNECTED, &[]);
    light
}

#[tokio::test]
async fn every_stroke_on_this_node_is_a_flash_of_its_kind() {
    let game = Match::start_with(&["--hit-chance", "70", "--seed", "3"], &[]);
    let mut leds = Leds::new();
    leds.appear();
    let _light = light(&game, &leds);
    assert_eq!(leds.written(), ["00", "00", "00"], "dark at the start");
    assert_eq!(leds.triggers(), ["none"; 3]);
    let mut wanted = [0, 0];
    for _ in 0..6 {
        let rally: Rally = get(game.address(), "/", &[JSON]).await.parse();
        for stroke in &rally.played {
            if stroke.player.node.to_string() == NODE {
                wanted[usize::from(stroke.outcome == Outcome::Hit)] += 1;
            }
        }
        until_true("a flash for each stroke", async || leds.flashes() == wanted).await;
        // The showcase shows one rally at a time, and of several that wait only one.
        let shown = BEAT * u32::from(rally.result.strokes);
        let more = within(shown, async || (leds.flashes() != wanted).then(|| leds.flashes())).await;
        assert_eq!(more, None, "where {wanted:?} were played");
    }
    assert!(wanted[0] > 0 && wanted[1] > 0, "hits and misses were played: {wanted:?}");
    let [_, yellow, _] = leds.written();
    assert_eq!(yellow, "00", "no proxy here carried them");
}

#[tokio::test]
async fn sigterm_in_the_middle_of_a_rally_leaves_the_lamp_dark_and_its_triggers_as_they_were() {
    let game = Match::start_with(&["--hit-chance", "100"], &[]);
    let mut leds = Leds::new();
    leds.appear();
    let mut light = light(&game, &leds);
    let proxy = format!("Pong-Proxy: {NODE}");
    let headers = [proxy.as_str()];
    let rally = ask(game.address(), "GET", "/?pace=5s", &headers);
    let yellow = until_true("yellow for a rally of this node's proxy", async || {
        leds.written()[1].ends_with('1')
    });
    tokio::select! {
        rally = rally => panic!("slower than that: {rally:?}"),
        () = yellow => {}
    }
    light.terminate();
    assert_eq!(light.code(), Some(0), "{}", light.log());
    let written = leds.written();
    assert!(written.iter().all(|led| led.ends_with('0')), "{written:?}");
    assert_eq!(leds.triggers(), ["heartbeat"; 3]);
}
