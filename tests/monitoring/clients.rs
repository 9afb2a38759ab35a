//! Clients that ask for rallies at a steady pace and count what they get.

use std::net::SocketAddr;
use std::ops::AddAssign;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::http::get;

/// What clients were told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) rallies: u32,
    pub(crate) strokes: u32,
    pub(crate) won_by_ping: u32,
}

impl AddAssign for Told {
    fn add_assign(&mut self, other: Self) {
        self.rallies += other.rallies;
        self.strokes += other.strokes;
        self.won_by_ping += other.won_by_ping;
    }
}

/// Has a client at each door ask for a rally every 50 ms, for some time.
pub(crate) async fn play(doors: &[SocketAddr], time: Duration) -> Told {
    let begun = Instant::now();
    let clients: Vec<_> = doors
        .iter()
        .map(|door| {
            let door = *door;
            tokio::spawn(async move {
                let mut told = Told::default();
                let mut beat = interval(Duration::from_millis(50));
                beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
                while begun.elapsed() < time {
                    beat.tick().await;
                    let answer = get(door, "/", &[]).await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    told.rallies += 1;
                    let strokes = answer.body.lines().filter(|line| line.contains(" --> "));
                    told.strokes += u32::try_from(strokes.count()).expect("at most 198");
                    told.won_by_ping += u32::from(answer.body.ends_with("The winner is PING\n"));
                }
                told
            })
        })
        .collect();
    let mut all = Told::default();
    for client in clients {
        all += client.await.expect("a client");
    }
    all
}
