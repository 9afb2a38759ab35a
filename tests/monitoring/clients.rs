//! Clients that ask for rallies at a steady pace and count what they get.

use std::net::SocketAddr;
use std::ops::AddAssign;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::support::http::get;

/// How often each client asks for a rally.
const REQUEST_INTERVAL: Duration = Duration::from_millis(50);

/// What clients received.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    pub(crate) rallies: u32,
    pub(crate) strokes: u32,
    pub(crate) won_by_ping: u32,
}

impl AddAssign for Received {
    fn add_assign(&mut self, other: Self) {
        self.rallies += other.rallies;
        self.strokes += other.strokes;
        self.won_by_ping += other.won_by_ping;
    }
}

/// Runs a client of each proxy for some time.
pub(crate) async fn play(proxies: &[SocketAddr], time: Duration) -> Received {
    let clients: Vec<_> =
        proxies.iter().map(|proxy| tokio::spawn(play_through(*proxy, time))).collect();
    let mut all = Received::default();
    for client in clients {
        all += client.await.expect("a client");
    }
    all
}

async fn play_through(proxy: SocketAddr, time: Duration) -> Received {
    let started = Instant::now();
    let mut received = Received::default();
    let mut interval = interval(REQUEST_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while started.elapsed() < time {
        interval.tick().await;
        let response = get(proxy, "/", &[]).await;
        assert_eq!(response.status, 200, "{response:?}");
        let strokes = response.body.lines().filter(|line| line.contains(" --> "));
        received.rallies += 1;
        received.strokes += u32::try_from(strokes.count()).expect("at most 198");
        received.won_by_ping += u32::from(response.body.ends_with("The winner is PING\n"));
    }
    received
}
