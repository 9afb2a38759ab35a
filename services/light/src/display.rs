//! What this node's lamp shows, from the feeds of all managers.

use std::collections::HashSet;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use client::feed::FeedUpdate;
use client::showcase::{Showcase, ShownBeat};
use prometheus_client::metrics::counter::Counter;
use protocol::event::Event;
use protocol::node::Node;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::idle::Idle;
use crate::scene::{Flash, Lights, Scene};
use crate::supervisor::LampSupervisor;

/// How long after the last manager disconnected a lamp goes dark: time for an update of the
/// managers, and not so long that the lamp of a node cut off seems alive.
const DARK_AFTER: Duration = Duration::from_secs(10);

/// How long nobody must have played before a lamp idles.
const IDLE_AFTER: Duration = Duration::from_secs(2);

/// The display of one node: what is known of the managers, and of the rally that is shown.
#[derive(Debug)]
pub(crate) struct Display {
    node: Node,
    idle: Idle,
    showcase: Showcase,
    managers: HashSet<SocketAddr>,
    /// When a manager last disconnected.
    disconnected_at: Option<Instant>,
    /// When a rally was last shown, or the first manager connected.
    active_at: Instant,
}

impl Display {
    /// Makes the display of a node that knows no manager yet.
    pub(crate) fn new(node: Node, idle: Idle, now: Instant) -> Self {
        Self {
            node,
            idle,
            showcase: Showcase::default(),
            managers: HashSet::new(),
            disconnected_at: None,
            active_at: now,
        }
    }

    /// Shows each scene on the lamp, dark at first, until it is dropped and the lamp with it.
    pub(crate) async fn run(
        mut self,
        mut lamp: LampSupervisor,
        mut updates: Receiver<FeedUpdate>,
        strokes_received: Counter,
    ) {
        loop {
            let now = Instant::now();
            lamp.show(&self.scene(now), now);
            let next = [self.next_change(now), lamp.retry_at()].into_iter().flatten().min();
            let changed = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                // There is none any more when the feeds have failed, which stops the service.
                Some(update) = updates.recv() => {
                    if matches!(update, FeedUpdate::Event(_, Event::Stroke(_))) {
                        strokes_received.inc();
                    }
                    self.update(&update, Instant::now());
                }
                () = changed => {}
            }
        }
    }

    /// Applies what happened on a feed.
    fn update(&mut self, update: &FeedUpdate, now: Instant) {
        match update {
            FeedUpdate::Connected(manager) => {
                if !self.is_connected(now) {
                    self.active_at = now;
                }
                self.managers.insert(*manager);
            }
            FeedUpdate::Disconnected(manager, _) => {
                self.managers.remove(manager);
                self.disconnected_at = Some(now);
            }
            FeedUpdate::Event(..) => {}
        }
        self.showcase.update(update, now);
    }

    /// Returns what is to be seen on this node now.
    fn scene(&mut self, now: Instant) -> Scene {
        self.showcase.advance(now);
        // Nobody lists them here, and they must not pile up.
        self.showcase.take_finished();
        let connected = self.is_connected(now);
        let Some(shown) = self.showcase.current(now) else {
            let idle = self.idle_for(now).map_or(Lights::DARK, |time| self.idle.lights(time).0);
            return Scene { connected, idle, ..Scene::DARK };
        };
        let proxying = shown.proxy.is_some_and(|proxy| proxy.may_be(&self.node));
        let flash = self.beat_here(now).map(|ShownBeat { stroke, step, .. }| Flash {
            side: stroke.side,
            outcome: stroke.outcome,
            step,
        });
        self.active_at = now;
        Scene { connected, proxying, flash, ..Scene::DARK }
    }

    /// Returns when the scene may change by itself.
    fn next_change(&self, now: Instant) -> Option<Instant> {
        let rally = match self.beat_here(now) {
            Some(beat) => Some(beat.next_step),
            None => self.showcase.next_change(now),
        };
        let next = rally.or_else(|| self.next_idle_change(now));
        let dark = self.disconnected_at.filter(|_| self.managers.is_empty());
        let dark = dark.map(|at| at + DARK_AFTER);
        [next, dark].into_iter().flatten().filter(|change| *change > now).min()
    }

    fn next_idle_change(&self, now: Instant) -> Option<Instant> {
        match self.idle_for(now) {
            Some(time) => self.idle.lights(time).1.map(|left| now + left),
            None if self.idle == Idle::Off => None,
            None => Some(self.active_at + IDLE_AFTER),
        }
    }

    /// Returns the stroke that is shown, if it is one of this node.
    fn beat_here(&self, now: Instant) -> Option<ShownBeat<'_>> {
        let beat = self.showcase.current(now)?.stroke?;
        beat.stroke.player.node.may_be(&self.node).then_some(beat)
    }

    /// Returns whether a manager is connected, or was until a moment ago, or need not be.
    fn is_connected(&self, now: Instant) -> bool {
        self.idle == Idle::Alone
            || !self.managers.is_empty()
            || self.disconnected_at.is_some_and(|at| now - at < DARK_AFTER)
    }

    /// Returns how long the lamp has idled, if it does.
    fn idle_for(&self, now: Instant) -> Option<Duration> {
        now.checked_duration_since(self.active_at + IDLE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use client::feed::DisconnectReason;
    use client::showcase::BEAT;
    use game::{Outcome, Side};
    use protocol::event::Stroke;

    use super::*;

    fn manager() -> SocketAddr {
        ([10, 0, 9, 5], 3000).into()
    }

    fn display(idle: Idle) -> (Display, Instant) {
        let now = Instant::now();
        let mut display = Display::new("pi1".parse().expect("a name"), idle, now);
        assert_eq!(display.scene(now), Scene::DARK, "dark at the start");
        display.update(&FeedUpdate::Connected(manager()), now);
        (display, now)
    }

    fn stroke(n: u16, player: &str, outcome: Outcome, proxy: &str) -> FeedUpdate {
        let stroke = Stroke {
            rally: "5eed-1".parse::<protocol::name::Name>().expect("an id").into(),
            n,
            side: Side::Ping,
            outcome,
            player: player.parse().expect("a task"),
            release: None,
            arch: None,
            micros: 300,
            manager: "manager.1@pi3".parse().expect("a task"),
            proxy: proxy.parse().ok(),
        };
        FeedUpdate::Event(manager(), Event::Stroke(stroke))
    }

    #[test]
    fn green_for_a_hit_here_red_for_a_miss_here_yellow_while_proxying() {
        for (player, outcome, proxy, lights) in [
            ("ping.1@pi1", Outcome::Hit, "pi2", Lights::GREEN),
            ("ping.1@pi1", Outcome::Miss, "pi2", Lights::RED),
            ("ping.1@pi2", Outcome::Miss, "pi1", Lights::YELLOW),
            ("ping.1@pi2", Outcome::Hit, "pi2", Lights::DARK),
            ("ping.1@pi1", Outcome::Hit, "pi1", Lights { green: true, ..Lights::YELLOW }),
        ] {
            let (mut display, now) = display(Idle::Off);
            display.update(&stroke(1, player, outcome, proxy), now);
            assert_eq!(display.scene(now).lights(), lights, "{player} {outcome} through {proxy}");
        }
    }

    #[test]
    fn every_change_of_a_rally_is_announced_and_the_last_is_dark() {
        let (mut display, mut now) = display(Idle::Off);
        for (n, player) in [(1, "ping.1@pi1"), (2, "ping.1@pi2"), (3, "ping.2@pi1")] {
            display.update(&stroke(n, player, Outcome::Hit, "pi1"), now);
        }
        display.update(&FeedUpdate::Disconnected(manager(), DisconnectReason::Ended), now);
        display.update(&FeedUpdate::Connected(manager()), now);
        let begun = now;
        let mut seen = Vec::new();
        loop {
            let lights = display.scene(now).lights();
            if seen.last().is_none_or(|(_, last)| *last != lights) {
                seen.push(((now - begun).as_millis(), lights));
            }
            let Some(next) = display.next_change(now) else { break };
            assert!(next > now, "time goes on");
            now = next;
        }
        let both = Lights { green: true, ..Lights::YELLOW };
        let beat = BEAT.as_millis();
        let expected = [
            (0, both),
            (100, Lights::YELLOW),
            (2 * beat, both),
            (2 * beat + 100, Lights::YELLOW),
            (3 * beat, Lights::DARK),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_light_alone_cycles_without_a_manager() {
        for (idle, expected) in [(Idle::Cycle, Lights::DARK), (Idle::Alone, Lights::RED)] {
            let now = Instant::now();
            let mut display = Display::new("pi1".parse().expect("a name"), idle, now);
            assert_eq!(display.scene(now + IDLE_AFTER).lights(), expected, "{idle:?}");
        }
    }

    #[test]
    fn the_lamp_goes_dark_ten_seconds_after_the_last_manager_disconnects() {
        let (mut display, now) = display(Idle::Cycle);
        display.update(&FeedUpdate::Disconnected(manager(), DisconnectReason::Ended), now);
        let almost = now + DARK_AFTER.saturating_sub(Duration::from_millis(1));
        assert!(display.scene(almost).connected);
        assert_eq!(
            display.scene(now + DARK_AFTER),
            Scene { idle: display.scene(now + DARK_AFTER).idle, ..Scene::DARK }
        );
        assert_eq!(display.scene(now + DARK_AFTER).lights(), Lights::DARK);
    }

    #[test]
    fn it_idles_after_two_seconds_without_a_rally() {
        let (mut display, now) = display(Idle::Cycle);
        assert_eq!(display.scene(now).lights(), Lights::DARK);
        assert_eq!(display.next_change(now), Some(now + IDLE_AFTER));
        assert_eq!(display.scene(now + IDLE_AFTER).lights(), Lights::RED);
        let later = now + IDLE_AFTER + Duration::from_secs(2);
        assert_eq!(display.scene(later).lights(), Lights::YELLOW);
        display.update(&stroke(1, "ping.1@pi1", Outcome::Hit, "pi2"), later);
        assert_eq!(display.scene(later).lights(), Lights::GREEN);
    }
}
