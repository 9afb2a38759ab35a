//! Which rally is shown, and which of its strokes now.
//!
//! Every light sees the same strokes at nearly the same time, and shows one rally at a time, a
//! stroke a beat, from the moment its first stroke was told: so the lights of a cluster show the
//! same ball without a word between them. A rally that begins meanwhile waits. When a second one
//! begins, neither is shown, and lights that saw the two in different order agree again with the
//! next: what can't be shown is skipped by whole rallies.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use court::event::{Ended, Stroke};
use court::task::Name;
use tokio::time::Instant;

use crate::scene::{BEAT, LIT, STEPS};

/// How long a rally may be silent: the slowest pace, 5 s, and the 5 s within which a stroke is
/// played or its rally becomes a let.
const SILENCE: Duration = Duration::from_secs(10);

/// How long a rally may wait; whoever asked for it has looked away by then.
const WAIT: Duration = Duration::from_secs(2);

/// The most strokes of a rally, and so the most that wait.
const STROKES: usize = 2 * rally::MAX_ROUNDS as usize;

/// Keeps the rally that is shown and the one that waits.
#[derive(Debug)]
pub(crate) struct Table {
    node: Name,
    shown: Option<Rally>,
    waiting: Waiting,
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
    id: String,
    proxy: Option<Name>,
    strokes: VecDeque<Stroke>,
    over: bool,
    begun: Instant,
    heard: Instant,
    beat: Option<Beat>,
}

#[derive(Debug)]
struct Beat {
    stroke: Stroke,
    begun: Instant,
    /// Whether the dark rest after a flash on this node is still to be seen.
    unrested: bool,
}

/// Tells what is shown now, anywhere in the cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    /// The node whose proxy carries the rally.
    pub(crate) proxy: Option<&'a Name>,
    /// The stroke, and how many steps its beat is old.
    pub(crate) stroke: Option<(&'a Stroke, u32)>,
}

impl Table {
    /// Makes a table for the lamp of a node.
    pub(crate) const fn new(node: Name) -> Self {
        Self { node, shown: None, waiting: Waiting::Nobody }
    }

    /// Takes a stroke in; only a rally seen from its first stroke is shown.
    pub(crate) fn stroke(&mut self, from: SocketAddr, stroke: Stroke, now: Instant) {
        if let Some(rally) = self.find(&stroke.rally) {
            rally.heard = now;
            if rally.strokes.len() < STROKES {
                rally.strokes.push_back(stroke);
            }
        } else if stroke.n == 1 {
            let begun = Rally {
                from,
                id: stroke.rally.clone(),
                proxy: stroke.proxy.clone(),
                strokes: VecDeque::from([stroke]),
                over: false,
                begun: now,
                heard: now,
                beat: None,
            };
            if self.shown.is_none() {
                self.shown = Some(begun);
            } else {
                self.waiting = match self.waiting {
                    Waiting::Nobody => Waiting::One(Box::new(begun)),
                    Waiting::One(_) | Waiting::Many => Waiting::Many,
                };
            }
        }
        self.advance(now);
    }

    /// Takes the end of a rally in.
    pub(crate) fn ended(&mut self, ended: &Ended, now: Instant) {
        if let Some(rally) = self.find(&ended.rally) {
            rally.over = true;
        }
        self.advance(now);
    }

    /// Takes in that a manager is lost, and with it the ends of its rallies.
    pub(crate) fn lost(&mut self, from: SocketAddr, now: Instant) {
        for rally in self.rallies().filter(|rally| rally.from == from) {
            rally.over = true;
        }
        self.advance(now);
    }

    /// Returns what is shown now, if a rally is.
    pub(crate) fn shown(&mut self, now: Instant) -> Option<Shown<'_>> {
        self.advance(now);
        let rally = self.shown.as_mut()?;
        if let Some(beat) = &mut rally.beat {
            beat.unrested &= beat.step(now) < LIT;
        }
        let stroke = rally.beat.as_ref().map(|beat| (&beat.stroke, beat.step(now)));
        Some(Shown { proxy: rally.proxy.as_ref(), stroke })
    }

    /// Returns when something changes by itself: the next step of a beat on this node, the end of a
    /// beat anywhere, or the end of patience.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Instant> {
        let rally = self.shown.as_ref()?;
        Some(match &rally.beat {
            Some(beat) if beat.stroke.player.node == self.node => {
                beat.begun + BEAT * (beat.step(now) + 1) / STEPS
            }
            Some(beat) => beat.begun + BEAT,
            None => rally.heard + SILENCE,
        })
    }

    fn rallies(&mut self) -> impl Iterator<Item = &mut Rally> {
        let waiting = match &mut self.waiting {
            Waiting::One(rally) => Some(&mut **rally),
            Waiting::Nobody | Waiting::Many => None,
        };
        self.shown.iter_mut().chain(waiting)
    }

    fn find(&mut self, id: &str) -> Option<&mut Rally> {
        self.rallies().find(|rally| rally.id == id)
    }

    fn advance(&mut self, now: Instant) {
        while let Some(rally) = &mut self.shown {
            if rally.advance(&self.node, now) {
                return;
            }
            self.shown = match std::mem::take(&mut self.waiting) {
                Waiting::One(rally) if now - rally.begun <= WAIT => Some(*rally),
                _ => None,
            };
        }
    }
}

impl Rally {
    /// Shows the stroke that is due, and tells whether there is still something to be shown.
    fn advance(&mut self, node: &Name, now: Instant) -> bool {
        let mut ended = now;
        if let Some(beat) = &mut self.beat {
            ended = beat.begun + BEAT;
            if now < ended {
                return true;
            }
            if beat.unrested {
                // Too late for the rest: two flashes would look like one. It is made up for.
                beat.begun = now - BEAT * LIT / STEPS;
                return true;
            }
        }
        // In step with the beat before, unless so much of the flash is over that it would be missed.
        let in_step = ended.max(self.heard.min(now));
        let begun = if now - in_step < BEAT / STEPS * 2 { in_step } else { now };
        let beat = |stroke: Stroke| {
            let unrested = stroke.player.node == *node;
            Beat { stroke, begun, unrested }
        };
        self.beat = self.strokes.pop_front().map(beat);
        let gone = self.over || now.saturating_duration_since(self.heard) >= SILENCE;
        self.beat.is_some() || !gone
    }
}

impl Beat {
    /// Returns how many steps old it is.
    fn step(&self, now: Instant) -> u32 {
        let steps = (now - self.begun).as_micros() * u128::from(STEPS) / BEAT.as_micros();
        u32::try_from(steps).map_or(STEPS - 1, |steps| steps.min(STEPS - 1))
    }
}

#[cfg(test)]
mod tests;
