//! Every deadline that another one depends on, and how they depend on each other.
//!
//! The assertions at the end of this file are checked when it is compiled. A time that nothing else
//! depends on stands where it is used.

use std::time::Duration;

/// Interval between signs of life of a silent feed.
pub const HEARTBEAT: Duration = Duration::from_secs(3);

/// How long a feed may be silent before its subscriber reconnects: three heartbeats.
pub const FEED_IDLE_TIMEOUT: Duration = HEARTBEAT.saturating_mul(3);

/// Interval between DNS lookups of a service that is being called, while nothing fails.
pub const LOOKUP_INTERVAL: Duration = Duration::from_secs(1);

/// Interval between DNS lookups at rest, also between two looks at a task. Docker takes a task out of DNS two
/// seconds before it stops it, so nobody calls one that has gone.
pub const REST_INTERVAL: Duration = Duration::from_secs(2);

/// How long one lookup may take in all, however many servers and search domains are asked. Docker
/// forwards names it does not know, and where the network is closed no answer comes at all.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the last answer for a name is used while looking it up fails.
pub const LAST_KNOWN_TTL: Duration = Duration::from_secs(5);

/// The slowest pace, with which the longest rally ends within 17 minutes.
pub const MAX_PACE: Duration = Duration::from_secs(5);

/// The longest that `--stroke-timeout` allows a player to take.
pub const MAX_STROKE_TIMEOUT: Duration = Duration::from_secs(2);

/// The least time a player has to answer while another one could be asked. A player that usually
/// takes longer has more: four times the 99th percentile of its recent answers.
pub const STROKE_PATIENCE: Duration = Duration::from_millis(250);

/// How long a manager waits for discovery to look again before it gives up on a side.
pub const REFRESH_WAIT: Duration = Duration::from_millis(500);

/// How long a manager's queue for full-speed permits may stand still before those who hold them
/// count as hanging.
pub const PERMIT_WAIT: Duration = Duration::from_millis(500);

/// How long a stroke may take in all, however many players are tried.
pub const STROKE_DEADLINE: Duration = Duration::from_millis(3500);

/// How long the start of an answer is buffered, so that another task can still be tried: by a manager
/// from the request on, by a proxy from the manager's head on. A rally at full speed has ended by
/// then, even on a busy Raspberry Pi and with a player that hangs; a person does not notice it.
pub const BUFFER_TIME: Duration = Duration::from_millis(250);

/// The least time an upstream has to begin its answer while another one could be asked; more, as
/// with players, if it usually takes longer. A manager begins at most [`BUFFER_TIME`] after the first
/// stroke, whatever the pace.
pub const HEAD_PATIENCE: Duration = Duration::from_millis(500);

/// How long an upstream may take to begin its answer when there is no other.
pub const RESPOND_BY: Duration = Duration::from_secs(5);

/// How long all upstreams that are tried may take together.
pub const UPSTREAM_TOTAL: Duration = Duration::from_secs(10);

/// How long an upstream may be silent in the middle of an answer.
pub const UPSTREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(12);

/// How long `swarm-pong paths` waits for an answer.
pub const PATHS_REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

/// How long a rally that is shown may be silent before it is given up.
pub const RALLY_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client keeps an unused connection.
pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a server keeps an unused connection.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a service still accepts requests after the stop signal. Docker removes a task from DNS
/// two seconds before the signal (moby's `defaultGossipConvergeDelay`), so those who follow DNS have
/// left by now; this is for clients that hold a connection.
pub const DRAIN: Duration = Duration::from_millis(500);

/// How long connections that were accepted last may take to reach their worker.
pub const SETTLE: Duration = Duration::from_millis(100);

/// How long after the stop signal a request may still come in.
pub const DRAIN_END: Duration = DRAIN.saturating_add(SETTLE);

/// How long running requests may take to finish, in whole seconds.
pub const FINISH: Duration = Duration::from_secs(3);

/// How long a stopping manager waits for its last rallies before it publishes its last counters.
pub const LAST_RALLIES: Duration = Duration::from_millis(2500);

/// How long a stop may take: half of the 10 s that Docker allows by default.
pub const STOP: Duration = Duration::from_secs(5);

const fn outlasts(longer: Duration, shorter: Duration) -> bool {
    longer.as_nanos() > shorter.as_nanos()
}

// A lookup whose packet was lost fails this long after the last good answer.
const _: () = assert!(outlasts(LAST_KNOWN_TTL, REST_INTERVAL.saturating_add(LOOKUP_TIMEOUT)));
// A manager's first stroke, however its players fail.
const FIRST_STROKE: Duration =
    REFRESH_WAIT.saturating_add(PERMIT_WAIT).saturating_add(STROKE_DEADLINE);
const _: () = assert!(outlasts(RESPOND_BY, FIRST_STROKE));
const _: () = assert!(outlasts(STROKE_DEADLINE, MAX_STROKE_TIMEOUT));
const _: () = assert!(outlasts(RESPOND_BY, BUFFER_TIME));
// A Pi Zero takes 8 ms for a stroke, 20 times as long as the machine that 0.4 ms was measured on; four
// times that is no hang.
const PI_ZERO_STROKE: Duration = Duration::from_millis(8);
const _: () = assert!(outlasts(STROKE_PATIENCE, PI_ZERO_STROKE.saturating_mul(4)));
const _: () = assert!(outlasts(MAX_STROKE_TIMEOUT, STROKE_PATIENCE));
// A manager one of whose players hangs has begun its answer before its proxy asks another one.
const _: () = assert!(!outlasts(STROKE_PATIENCE.saturating_add(BUFFER_TIME), HEAD_PATIENCE));
const _: () = assert!(outlasts(RESPOND_BY, HEAD_PATIENCE));
// One upstream may hang and another one still has its time.
const _: () = assert!(!outlasts(RESPOND_BY.saturating_mul(2), UPSTREAM_TOTAL));
const _: () = assert!(outlasts(PATHS_REQUEST_TIMEOUT, UPSTREAM_TOTAL));
// The time between two strokes of a slow rally whose players fail, and between two heartbeats.
const BETWEEN_STROKES: Duration = MAX_PACE.saturating_add(STROKE_DEADLINE);
const _: () = assert!(outlasts(UPSTREAM_IDLE_TIMEOUT, BETWEEN_STROKES));
const _: () = assert!(outlasts(RALLY_IDLE_TIMEOUT, BETWEEN_STROKES));
const _: () = assert!(outlasts(UPSTREAM_IDLE_TIMEOUT, FEED_IDLE_TIMEOUT));
// The client closes an unused connection first: a server might while a request is on its way.
const _: () = assert!(outlasts(KEEP_ALIVE, POOL_IDLE_TIMEOUT));
// The last counters are published before connections are cut.
const _: () = assert!(outlasts(FINISH, LAST_RALLIES));
const _: () = assert!(outlasts(STOP, DRAIN_END.saturating_add(FINISH)));
const _: () = assert!(FINISH.subsec_nanos() == 0);
