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

use crate::scene::{BEAT, STEPS};

/// How long a rally may be silent: the slowest pace, 5 s, and the 5 s within which a stroke is
/// played or its rally becomes a let.
const SILENCE: Duration = Duration::from_secs(10);

/// How long a rally may wait; whoever asked for it has looked away by then.
const WAIT: Duration = Duration::from_secs(2);

/// The most strokes of a rally, and so the most that wait.
const STROKES: usize = 2 * rally::MAX_ROUNDS as usize;

/// Keeps the rally that is shown and the one that waits.
#[derive(Debug, Default)]
pub(crate) struct Table {
    shown: Option<Rally>,
    waiting: Waiting,
}

#[derive(Debug, Default)]
enum Waiting {
    #[default]
    Nobody,
    One(Rally),
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
    beat: Option<(Stroke, Instant)>,
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
                    Waiting::Nobody => Waiting::One(begun),
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
        let rally = self.shown.as_ref()?;
        let stroke = rally.beat.as_ref().map(|(stroke, begun)| (stroke, step(*begun, now)));
        Some(Shown { proxy: rally.proxy.as_ref(), stroke })
    }

    /// Returns when something changes by itself: the next step of a beat on `node`, the end of a
    /// beat anywhere, or the end of patience.
    pub(crate) fn next_change(&self, node: &Name, now: Instant) -> Option<Instant> {
        let rally = self.shown.as_ref()?;
        Some(match &rally.beat {
            Some((stroke, begun)) if stroke.player.node == *node => {
                *begun + BEAT * (step(*begun, now) + 1) / STEPS
            }
            Some((_, begun)) => *begun + BEAT,
            None => rally.heard + SILENCE,
        })
    }

    fn rallies(&mut self) -> impl Iterator<Item = &mut Rally> {
        let waiting = match &mut self.waiting {
            Waiting::One(rally) => Some(rally),
            Waiting::Nobody | Waiting::Many => None,
        };
        self.shown.iter_mut().chain(waiting)
    }

    fn find(&mut self, id: &str) -> Option<&mut Rally> {
        self.rallies().find(|rally| rally.id == id)
    }

    fn advance(&mut self, now: Instant) {
        while let Some(rally) = &mut self.shown {
            if rally.advance(now) {
                return;
            }
            self.shown = match std::mem::take(&mut self.waiting) {
                Waiting::One(rally) if now - rally.begun <= WAIT => Some(rally),
                _ => None,
            };
        }
    }
}

impl Rally {
    /// Shows the stroke that is due, and tells whether there is still something to be shown.
    fn advance(&mut self, now: Instant) -> bool {
        let ended = match &self.beat {
            Some((_, begun)) if now < *begun + BEAT => return true,
            Some((_, begun)) => *begun + BEAT,
            None => now,
        };
        self.beat = self.strokes.pop_front().map(|stroke| {
            // In step with the beat before it, unless that is long over.
            let begun = if now - ended < BEAT { ended.max(self.heard.min(now)) } else { now };
            (stroke, begun)
        });
        let gone = self.over || now.saturating_duration_since(self.heard) >= SILENCE;
        self.beat.is_some() || !gone
    }
}

fn step(begun: Instant, now: Instant) -> u32 {
    let steps = (now - begun).as_micros() * u128::from(STEPS) / BEAT.as_micros();
    u32::try_from(steps).map_or(STEPS - 1, |steps| steps.min(STEPS - 1))
}

#[cfg(test)]
mod tests;
