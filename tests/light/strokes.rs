//! A flash for each stroke of a player on the light's own node, and darkness at the end.

use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::http::{PATIENCE, ask, get};
use crate::leds::Leds;
use crate::process::Process;

/// Ping on the node `here`, pong and the manager elsewhere.
struct Table {
    manager: Process,
    _players: [Process; 2],
}

impl Table {
    fn new(hit_chance: &str) -> Self {
        let player = |side, node| {
            // The luck of a seed is that of a task's name too.
            let who = ["--side", side, "--node", node, "--task", side];
            let luck = ["player", "--seed", "3", "--hit-chance", hit_chance];
            Process::start(&[&luck[..], &who].concat())
        };
        let (ping, pong) = (player("ping", "here"), player("pong", "there"));
        let (at_ping, at_pong) = (ping.listen.to_string(), pong.listen.to_string());
        let manager = Process::start(&[
            "manager", "--ping", &at_ping, "--pong", &at_pong, "--node", "there", "--task", "m.1",
        ]);
        Self { manager, _players: [ping, pong] }
    }

    /// Starts a light on the node `here`, and waits until it follows the manager.
    fn light(&self, leds: &Leds) -> Process {
        let managers = self.manager.listen.to_string();
        let light = Process::start(&[
            "light",
            "--managers",
            &managers,
            "--lamp",
            "leds",
            "--leds",
            leds.path(),
            "--node",
            "here",
            "--log-level",
            "debug",
        ]);
        light.logged(&["\"message\":\"feed joined\""]);
        light
    }
}

/// Waits until as many MISSes and HITs have been shown.
async fn until(leds: &mut Leds, wanted: [usize; 2]) {
    let shown = async {
        let mut beat = interval(Duration::from_millis(20));
        while leds.flashes() != wanted {
            beat.tick().await;
        }
    };
    let shown = timeout(PATIENCE, shown).await;
    assert!(shown.is_ok(), "{:?} where {wanted:?} were played", leds.flashes());
}

#[tokio::test]
async fn every_stroke_on_this_node_is_a_flash_of_its_kind() {
    let table = Table::new("70");
    let mut leds = Leds::new();
    leds.appear();
    let _light = table.light(&leds);
    assert_eq!(leds.written(), ["00", "00", "00"], "dark at the start");
    assert_eq!(leds.triggers(), ["none"; 3]);
    let mut wanted = [0, 0];
    for _ in 0..6 {
        let json = ["Accept: application/json"];
        let rally = get(table.manager.listen, "/", &json).await.json();
        for stroke in rally["played"].as_array().expect("strokes") {
            if stroke["node"] == "here" {
                wanted[usize::from(stroke["outcome"] == "HIT")] += 1;
            }
        }
        until(&mut leds, wanted).await;
        // The strokes of the others have their time too.
        let over = Duration::from_millis(150 * rally["strokes"].as_u64().expect("a count"));
        let _ = timeout(over, std::future::pending::<()>()).await;
    }
    assert!(wanted[0] > 0 && wanted[1] > 0, "hits and misses were played: {wanted:?}");
    assert_eq!(leds.flashes(), wanted, "and no more than that");
    let [_, yellow, _] = leds.written();
    assert_eq!(yellow, "00", "no proxy here carried them");
}

#[tokio::test]
async fn sigterm_in_the_middle_of_a_rally_leaves_the_lamp_dark_and_its_triggers_as_they_were() {
    let table = Table::new("100");
    let mut leds = Leds::new();
    leds.appear();
    let mut light = table.light(&leds);
    let carried = ["Pong-Proxy: here"];
    let rally = ask(table.manager.listen, "GET", "/?pace=5s", &carried);
    let begun = async {
        let mut beat = interval(Duration::from_millis(20));
        while !leds.written()[1].ends_with('1') {
            beat.tick().await;
        }
    };
    tokio::select! {
        rally = rally => panic!("slower than that: {rally:?}"),
        begun = timeout(PATIENCE, begun) => begun.expect("yellow while it is carried"),
    }
    light.terminate();
    assert_eq!(light.code(), Some(0), "{}", light.log());
    let written = leds.written();
    assert!(written.iter().all(|led| led.ends_with('0')), "{written:?}");
    assert_eq!(leds.triggers(), ["heartbeat"; 3]);
}
