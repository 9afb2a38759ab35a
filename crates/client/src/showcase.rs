//! Which rally is shown, and which of its strokes now: the same for lamps and page.
//!
//! All who watch the same feeds see the same strokes at nearly the same time and show one rally at a
//! time, a stroke a beat, from the moment its first stroke was published: so the lights of a cluster
//! and the page show the same ball without a word between them. A rally that begins meanwhile waits.
//! When a second one begins, neither is shown, and watchers that saw the two in different order
//! agree again with the next: what cannot be shown is skipped by whole rallies.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use protocol::event::{Event, MAX_STROKES, RallyResult, Stroke};
use protocol::id::RallyId;
use protocol::node::Node;
use protocol::timing::RALLY_IDLE_TIMEOUT;
use tokio::time::Instant;

use crate::feed::FeedUpdate;

/// The time from one stroke shown to the next: slow enough for the eye to follow the ball.
pub const BEAT: Duration = Duration::from_millis(150);

/// How many steps a beat has; a dot crosses the eight LEDs of a Blinkt in the first eight.
pub const STEPS: u32 = 12;

/// How many steps of a beat a flash lasts. The dark rest separates two flashes in a row.
pub const LIT: u32 = 8;

/// How long a rally may wait; whoever asked for it has looked away by then.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The rally that is shown and the one that waits.
#[derive(Debug, Default)]
pub struct Showcase {
    shown: Option<Rally>,
    waiting: Waiting,
    finished: Vec<RallyResult>,
}

#[derive(Debug, Default)]
enum Waiting {
    #[default]
    Nobody,
    One(Box<Rally>),
    /// Too many; none of them is shown.
    Many,
}

#[derive(Debug)]
struct Rally {
    from: SocketAddr,
    id: RallyId,
    proxy: Option<Node>,
    strokes: VecDeque<Stroke>,
    /// Whether nothing more will come of it.
    over: bool,
    result: Option<RallyResult>,
    begun: Instant,
    updated: Instant,
    beat: Option<Beat>,
}

#[derive(Debug)]
struct Beat {
    stroke: Stroke,
    begun: Instant,
    /// Whether the dark rest after the flash has been seen.
    rested: bool,
}

/// What is shown at one moment, anywhere in the cluster.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The node whose proxy carries the rally.
    pub proxy: Option<&'a Node>,
    /// The stroke whose beat it is, if it is one's.
    pub stroke: Option<ShownBeat<'a>>,
}

/// A stroke that is shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownBeat<'a> {
    /// The stroke.
    pub stroke: &'a Stroke,
    /// How far its beat is, in steps from 0 to 11.
    pub step: u32,
    /// When the next step begins.
    pub next_step: Instant,
}

impl Showcase {
    /// Applies what happened on a feed.
    pub fn update(&mut self, update: &FeedUpdate, now: Instant) {
        match update {
            FeedUpdate::Event(from, Event::Stroke(stroke)) => self.stroke(*from, stroke, now),
            FeedUpdate::Event(_, Event::Rally(result)) => {
                if let Some(rally) = self.find(&result.rally) {
                    rally.over = true;
                    rally.result = Some(result.clone());
                }
            }
            // With a manager the ends of its rallies are lost.
            FeedUpdate::Disconnected(from, _) => {
                self.rallies().filter(|rally| rally.from == *from).for_each(|r| r.over = true);
            }
            FeedUpdate::Connected(_)
            | FeedUpdate::Event(_, Event::Score(_) | Event::Players(_)) => {}
        }
        self.advance(now);
    }

    /// Applies a stroke; only a rally seen from its first stroke is shown.
    fn stroke(&mut self, from: SocketAddr, stroke: &Stroke, now: Instant) {
        if let Some(rally) = self.find(&stroke.rally) {
            rally.updated = now;
            if rally.strokes.len() < usize::from(MAX_STROKES) {
                rally.strokes.push_back(stroke.clone());
            }
        } else if stroke.n == 1 {
            let begun = Rally {
                from,
                id: stroke.rally.clone(),
                proxy: stroke.proxy.clone(),
                strokes: VecDeque::from([stroke.clone()]),
                over: false,
                result: None,
                begun: now,
                updated: now,
                beat: None,
            };
            // One whose time is over makes room first.
            self.advance(now);
            if self.shown.is_none() {
                self.shown = Some(begun);
            } else {
                self.waiting = match self.waiting {
                    Waiting::Nobody => Waiting::One(Box::new(begun)),
                    Waiting::One(_) | Waiting::Many => Waiting::Many,
                };
            }
        }
    }

    /// Moves on to what is to be shown now.
    pub fn advance(&mut self, now: Instant) {
        while let Some(rally) = &mut self.shown {
            if rally.advance(now) {
                return;
            }
            self.finished.extend(rally.result.take());
            self.shown = match std::mem::take(&mut self.waiting) {
                Waiting::One(rally) if now - rally.begun <= MAX_WAIT => Some(*rally),
                _ => None,
            };
        }
    }

    /// Returns what is shown now, if a rally is.
    #[must_use]
    pub fn current(&self, now: Instant) -> Option<Shown<'_>> {
        let rally = self.shown.as_ref()?;
        let stroke = rally.beat.as_ref().map(|beat| ShownBeat {
            stroke: &beat.stroke,
            step: beat.step(now),
            next_step: beat.begun + BEAT * (beat.step(now) + 1) / STEPS,
        });
        Some(Shown { proxy: rally.proxy.as_ref(), stroke })
    }

    /// Returns the results of rallies whose last stroke has been shown, each once.
    pub fn take_finished(&mut self) -> Vec<RallyResult> {
        std::mem::take(&mut self.finished)
    }

    /// Returns when something changes by itself: the end of a flash, the end of a beat, or the end
    /// of a rally that fell silent.
    #[must_use]
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let rally = self.shown.as_ref()?;
        Some(match &rally.beat {
            Some(beat) if beat.step(now) < LIT => beat.begun + BEAT * LIT / STEPS,
            Some(beat) => beat.begun + BEAT,
            None => rally.updated + RALLY_IDLE_TIMEOUT,
        })
    }

    fn rallies(&mut self) -> impl Iterator<Item = &mut Rally> {
        let waiting = match &mut self.waiting {
            Waiting::One(rally) => Some(&mut **rally),
            Waiting::Nobody | Waiting::Many => None,
        };
        self.shown.iter_mut().chain(waiting)
    }

    fn find(&mut self, id: &RallyId) -> Option<&mut Rally> {
        self.rallies().find(|rally| rally.id == *id)
    }
}

impl Rally {
    /// Begins the stroke that is due; returns whether there is still something to be shown.
    fn advance(&mut self, now: Instant) -> bool {
        let mut ended = now;
        if let Some(beat) = &mut self.beat {
            beat.rested |= (LIT..STEPS).contains(&beat.step(now)) && now < beat.begun + BEAT;
            ended = beat.begun + BEAT;
            if now < ended {
                return true;
            }
            if !beat.rested {
                // Too late for the rest: two flashes would look like one. It is made up for.
                beat.begun = now - BEAT * LIT / STEPS;
                beat.rested = true;
                return true;
            }
        }
        // In step with the beat before, unless so much of the flash is over that it would be missed.
        let in_step = ended.max(self.updated.min(now));
        let begun = if now - in_step < BEAT / STEPS * 2 { in_step } else { now };
        let beat = |stroke| Beat { stroke, begun, rested: false };
        self.beat = self.strokes.pop_front().map(beat);
        let gone = self.over || now.saturating_duration_since(self.updated) >= RALLY_IDLE_TIMEOUT;
        self.beat.is_some() || !gone
    }
}

impl Beat {
    /// Returns how many steps old it is.
    fn step(&self, now: Instant) -> u32 {
        let since = now.saturating_duration_since(self.begun);
        let steps = since.as_micros() * u128::from(STEPS) / BEAT.as_micros();
        u32::try_from(steps).map_or(STEPS - 1, |steps| steps.min(STEPS - 1))
    }
}

#[cfg(test)]
mod tests;
