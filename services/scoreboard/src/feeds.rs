//! Applies the managers' feeds to the cluster state, and shows their strokes one beat at a time.

use std::sync::Arc;

use client::feed::FeedUpdate;
use client::showcase::Showcase;
use protocol::event::{RallyResult, Stroke};
use protocol::id::RallyId;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::state::State;

/// Applies all updates; returns when nobody sends any more.
pub(crate) async fn run(state: Arc<State>, mut updates: Receiver<FeedUpdate>) {
    let mut watch = ShowcaseWatch::default();
    loop {
        let now = Instant::now();
        let next_change = watch.showcase.next_change(now);
        let update = tokio::select! {
            update = updates.recv() => match update {
                Some(update) => Some(update),
                None => return,
            },
            () = sleep_until(next_change.unwrap_or(now)), if next_change.is_some() => None,
        };
        let (finished, stroke) = watch.advance(update.as_ref(), Instant::now());
        if update.is_none() && finished.is_empty() && stroke.is_none() {
            continue;
        }
        state.update(|cluster| {
            if let Some(update) = &update {
                cluster.apply(update);
            }
            finished.into_iter().for_each(|result| cluster.recent.finish(result));
            if let Some(stroke) = &stroke {
                cluster.recent.stroke(stroke);
            }
        });
    }
}

/// A showcase, and its stroke that was seen last.
#[derive(Debug, Default)]
struct ShowcaseWatch {
    showcase: Showcase,
    last: Option<(RallyId, u16)>,
}

impl ShowcaseWatch {
    /// Applies an update, or the time that has passed; returns the rallies that are over, and the
    /// stroke whose beat has begun since the last call.
    fn advance(
        &mut self,
        update: Option<&FeedUpdate>,
        now: Instant,
    ) -> (Vec<RallyResult>, Option<Stroke>) {
        match update {
            Some(update) => self.showcase.update(update, now),
            None => self.showcase.advance(now),
        }
        let finished = self.showcase.take_finished();
        let beat = self.showcase.current(now).and_then(|shown| shown.stroke);
        let stroke = beat.map(|beat| beat.stroke).filter(|stroke| {
            self.last.as_ref().is_none_or(|(rally, n)| (rally, *n) != (&stroke.rally, stroke.n))
        });
        let stroke = stroke.cloned();
        if let Some(stroke) = &stroke {
            self.last = Some((stroke.rally.clone(), stroke.n));
        }
        (finished, stroke)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use client::showcase::BEAT;
    use protocol::event::Event;
    use protocol::id::InstanceId;
    use tokio::sync::mpsc::channel;
    use tokio::time::sleep;

    use super::*;
    use crate::recent::tests::{result, stroke};

    /// The events of a rally of four strokes, as a manager publishes it.
    fn rally(manager: u16, rally: &str) -> Vec<FeedUpdate> {
        let from: SocketAddr = ([127, 0, 0, 1], manager).into();
        let strokes = (1..=4).map(|n| Event::Stroke(stroke(rally, n)));
        let events = strokes.chain([Event::Rally(result(rally, 4))]);
        events.map(|event| FeedUpdate::Event(from, event)).collect()
    }

    /// Returns the strokes that a lamp sees, which looks at the showcase at every frame.
    fn watch_frames(updates: &[FeedUpdate], now: Instant) -> Vec<(String, u16)> {
        let mut showcase = Showcase::default();
        updates.iter().for_each(|update| showcase.update(update, now));
        let mut seen = Vec::new();
        for millis in (0..5000).step_by(10) {
            let now = now + Duration::from_millis(millis);
            showcase.advance(now);
            if let Some(beat) = showcase.current(now).and_then(|shown| shown.stroke) {
                let stroke = (beat.stroke.rally.to_string(), beat.stroke.n);
                if seen.last() != Some(&stroke) {
                    seen.push(stroke);
                }
            }
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn the_page_shows_the_strokes_that_lamps_show_each_once_in_either_order_of_arrival() {
        let one = rally(1, "a");
        let other = rally(2, "b");
        let interleaved = one.iter().zip(&other).flat_map(|(one, other)| [one, other]);
        for (updates, first) in [
            ([one.clone(), other.clone()].concat(), "a"),
            ([other.clone(), one.clone()].concat(), "b"),
            (interleaved.cloned().collect(), "a"),
        ] {
            let state = Arc::new(State::new(InstanceId::new(1), Arc::default()));
            let (sender, receiver) = channel(updates.len());
            let running = tokio::spawn(run(Arc::clone(&state), receiver));
            let now = Instant::now();
            for update in &updates {
                sender.send(update.clone()).await.expect("a receiver");
            }
            sleep(BEAT / 2).await;
            let shown = state.collect(|cluster| cluster.recent.take_unpublished().strokes);
            assert_eq!(shown.len(), 1, "the others are shown when their beat begins");
            sleep(Duration::from_secs(5)).await;
            let unpublished = state.collect(|cluster| cluster.recent.take_unpublished());
            let strokes = shown.into_iter().chain(unpublished.strokes);
            let strokes: Vec<_> =
                strokes.map(|stroke| (stroke.rally.to_string(), stroke.n)).collect();
            assert_eq!(strokes, watch_frames(&updates, now));
            assert_eq!((strokes.len(), strokes[0].0.as_str()), (8, first));
            let played: Vec<_> =
                unpublished.rallies.iter().map(|rally| rally.played.len()).collect();
            assert_eq!(played, [4, 4]);
            drop(sender);
            running.await.expect("ends with the feeds");
        }
    }
}
