//! What this node's lamp shows, from all that the managers tell.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use court::event::Event;
use court::follow::Seen;
use court::task::Name;
use tokio::time::Instant;

use crate::idle::Idle;
use crate::scene::{Flash, Scene};
use crate::table::Table;

/// How long after the last manager is lost a lamp goes dark: time for an update of the managers,
/// and not so long that a lamp of a node cut off seems alive.
const ALONE: Duration = Duration::from_secs(10);

/// How long nobody must have played before a lamp idles.
const CALM: Duration = Duration::from_secs(2);

/// Keeps what is known of the managers and of the rallies they tell.
#[derive(Debug)]
pub(crate) struct Stage {
    node: Name,
    idle: Idle,
    table: Table,
    managers: HashSet<SocketAddr>,
    /// When the last manager was lost.
    alone_since: Option<Instant>,
    /// When something was last shown, or a manager was first there.
    busy: Instant,
}

impl Stage {
    /// Sets up a stage on a node that knows no manager yet.
    pub(crate) fn new(node: Name, idle: Idle, now: Instant) -> Self {
        let (table, managers) = (Table::new(node.clone()), HashSet::new());
        Self { node, idle, table, managers, alone_since: None, busy: now }
    }

    /// Takes in what was seen of a manager.
    pub(crate) fn take(&mut self, seen: Seen, now: Instant) {
        match seen {
            Seen::Joined(manager) => {
                if !self.is_awake(now) {
                    self.busy = now;
                }
                self.managers.insert(manager);
            }
            Seen::Lost(manager, _) => {
                self.managers.remove(&manager);
                self.alone_since = Some(now);
                self.table.lost(manager, now);
            }
            Seen::Told(manager, Event::Stroke(stroke)) => self.table.stroke(manager, stroke, now),
            Seen::Told(_, Event::Ended(ended)) => self.table.ended(&ended, now),
            Seen::Told(_, Event::Score(_) | Event::Players(_)) => {}
        }
    }

    /// Returns what is to be seen on this node now.
    pub(crate) fn scene(&mut self, now: Instant) -> Scene {
        let Some(shown) = self.table.shown(now) else {
            let (idle, _) = self.idle.lights(self.idled(now).unwrap_or_default());
            let idle = self.idled(now).map(|_| idle).unwrap_or_default();
            return Scene { awake: self.is_awake(now), idle, ..Scene::DARK };
        };
        let here = shown.stroke.filter(|(stroke, _)| stroke.player.node == self.node);
        let flash = here.map(|(stroke, step)| {
            let (side, outcome) = (stroke.side, stroke.outcome);
            Flash { side, outcome, step }
        });
        let carrying = shown.proxy == Some(&self.node);
        self.busy = now;
        Scene { awake: self.is_awake(now), carrying, flash, ..Scene::DARK }
    }

    /// Returns when the scene may change by itself.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Instant> {
        let alone =
            if self.managers.is_empty() { self.alone_since.map(|at| at + ALONE) } else { None };
        let idle = match (self.table.next_change(now), self.idled(now)) {
            (Some(beat), _) => Some(beat),
            (None, Some(idled)) => self.idle.lights(idled).1.map(|left| now + left),
            (None, None) if self.idle == Idle::Off => None,
            (None, None) => Some(self.busy + CALM),
        };
        [alone, idle].into_iter().flatten().filter(|change| *change > now).min()
    }

    fn is_awake(&self, now: Instant) -> bool {
        !self.managers.is_empty() || self.alone_since.is_some_and(|at| now - at < ALONE)
    }

    /// Returns how long the lamp has idled, if it does.
    fn idled(&self, now: Instant) -> Option<Duration> {
        now.checked_duration_since(self.busy + CALM)
    }
}

#[cfg(test)]
mod tests {
    use court::event::Stroke;
    use court::follow::Loss;
    use rally::{Outcome, Side};

    use super::*;
    use crate::scene::{BEAT, Lights};

    fn manager() -> SocketAddr {
        ([10, 0, 9, 5], 3000).into()
    }

    fn stage(idle: Idle) -> (Stage, Instant) {
        let now = Instant::now();
        let mut stage = Stage::new("pi1".parse().expect("a name"), idle, now);
        assert_eq!(stage.scene(now), Scene::DARK, "dark at the start");
        stage.take(Seen::Joined(manager()), now);
        (stage, now)
    }

    fn stroke(n: u16, player: &str, outcome: Outcome, proxy: &str) -> Seen {
        let stroke = Stroke {
            rally: "5eed-1".to_owned(),
            n,
            side: Side::Ping,
            outcome,
            player: player.parse().expect("a task"),
            release: None,
            micros: 300,
            manager: "manager.1@pi3".parse().expect("a task"),
            proxy: proxy.parse().ok(),
        };
        Seen::Told(manager(), Event::Stroke(stroke))
    }

    #[test]
    fn green_for_a_hit_here_red_for_a_miss_here_yellow_while_the_proxy_here_carries() {
        for (player, outcome, proxy, lights) in [
            ("ping.1@pi1", Outcome::Hit, "pi2", Lights::GREEN),
            ("ping.1@pi1", Outcome::Miss, "pi2", Lights::RED),
            ("ping.1@pi2", Outcome::Miss, "pi1", Lights::YELLOW),
            ("ping.1@pi2", Outcome::Hit, "pi2", Lights::DARK),
            ("ping.1@pi1", Outcome::Hit, "pi1", Lights { green: true, ..Lights::YELLOW }),
        ] {
            let (mut stage, now) = stage(Idle::Off);
            stage.take(stroke(1, player, outcome, proxy), now);
            assert_eq!(stage.scene(now).lights(), lights, "{player} {outcome} through {proxy}");
        }
    }

    #[test]
    fn every_change_of_a_rally_is_announced_and_the_last_is_dark() {
        let (mut stage, mut now) = stage(Idle::Off);
        for (n, player) in [(1, "ping.1@pi1"), (2, "ping.1@pi2"), (3, "ping.2@pi1")] {
            stage.take(stroke(n, player, Outcome::Hit, "pi1"), now);
        }
        stage.take(Seen::Lost(manager(), Loss::Ended), now);
        stage.take(Seen::Joined(manager()), now);
        let (begun, mut seen) = (now, Vec::new());
        loop {
            let lights = stage.scene(now).lights();
            if seen.last().is_none_or(|(_, last)| *last != lights) {
                seen.push(((now - begun).as_millis(), lights));
            }
            let Some(next) = stage.next_change(now) else { break };
            assert!(next > now, "time goes on");
            now = next;
        }
        let both = Lights { green: true, ..Lights::YELLOW };
        let beat = BEAT.as_millis();
        let wanted = [
            (0, both),
            (100, Lights::YELLOW),
            (2 * beat, both),
            (2 * beat + 100, Lights::YELLOW),
            (3 * beat, Lights::DARK),
        ];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn the_lamp_goes_dark_ten_seconds_after_the_last_manager_is_lost() {
        let (mut stage, now) = stage(Idle::Cycle);
        stage.take(Seen::Lost(manager(), Loss::Ended), now);
        let almost = now + ALONE.saturating_sub(Duration::from_millis(1));
        assert!(stage.scene(almost).awake);
        assert_eq!(
            stage.scene(now + ALONE),
            Scene { idle: stage.scene(now + ALONE).idle, ..Scene::DARK }
        );
        assert_eq!(stage.scene(now + ALONE).lights(), Lights::DARK);
    }

    #[test]
    fn it_idles_after_two_calm_seconds_and_not_during_a_rally() {
        let (mut stage, now) = stage(Idle::Cycle);
        assert_eq!(stage.scene(now).lights(), Lights::DARK);
        assert_eq!(stage.next_change(now), Some(now + CALM));
        assert_eq!(stage.scene(now + CALM).lights(), Lights::RED);
        let later = now + CALM + Duration::from_secs(2);
        assert_eq!(stage.scene(later).lights(), Lights::YELLOW);
        stage.take(stroke(1, "ping.1@pi1", Outcome::Hit, "pi2"), later);
        assert_eq!(stage.scene(later).lights(), Lights::GREEN);
    }
}
