//! Whose request is answered: only so many are at once, since each has actix's buffers, 16 KB; more would
//! not be answered any sooner.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use crate::permits::{Permit, Permits};

/// Maximum number of requests that are being answered, but for those whose clients have part of the
/// response.
const MAX_ANSWERING: usize = 64;

/// How many of these may be requests that were sent before the answer to the one before: a client that
/// asks so for as much as it can leaves the others to those that wait for their answers.
const MAX_PIPELINED: usize = 8;

/// How long the queue for these may stand still before as many more are answered: what they wait for
/// hangs.
const STALLED: Duration = Duration::from_millis(500);

/// The turns of a port's requests.
#[derive(Debug)]
pub(super) struct Turns {
    answering: Arc<Permits>,
    pipelined: Arc<Permits>,
}

/// The turn of a request; the next one has it when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _answering: Permit,
    _pipelined: Option<Permit>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            answering: Permits::new(MAX_ANSWERING, STALLED),
            pipelined: Permits::new(MAX_PIPELINED, STALLED),
        }
    }
}

impl Turns {
    /// Waits for the turn of a request; `on_wait` is called before that, unless it is there at once.
    pub(super) async fn take(&self, is_pipelined: bool, on_wait: impl FnOnce()) -> Turn {
        let mut turn = pin!(async {
            let pipelined = if is_pipelined { Some(self.pipelined.acquire().await) } else { None };
            Turn { _answering: self.answering.acquire().await, _pipelined: pipelined }
        });
        match (&mut turn).now_or_never() {
            Some(turn) => turn,
            None => {
                on_wait();
                turn.await
            }
        }
    }
}
