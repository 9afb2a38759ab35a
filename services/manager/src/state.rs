//! What the rallies of a manager share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use client::endpoints::Endpoints;
use game::Side;
use protocol::event::ManagerScore;
use protocol::id::{InstanceId, RallyId};
use protocol::node_names::NodeNames;
use protocol::task::Task;
use protocol::timing::PERMIT_WAIT;
use server::feed::{Feed, LagPolicy};
use server::log::LogLimiter;
use server::permits::Permits;
use server::start::Start;
use tokio_util::sync::CancellationToken;

use crate::in_flight::InFlight;
use crate::metrics::Metrics;
use crate::options::PlayOptions;
use crate::player_stats::PlayerStats;
use crate::pool::PlayerPool;
use crate::sampler::Sampler;

/// How many events a subscriber may be behind before it misses some: a few of the longest rallies.
const BACKLOG_EVENTS: usize = 1024;

/// A manager.
#[derive(Debug)]
pub(crate) struct Manager {
    /// Its task and node.
    pub(crate) task: Task,
    /// The task and node as the header names them.
    pub(crate) name: String,
    /// How it plays.
    pub(crate) options: PlayOptions,
    /// What it counts.
    pub(crate) metrics: Arc<Metrics>,
    /// What its players have played.
    pub(crate) stats: Arc<PlayerStats>,
    /// Which rallies are published.
    pub(crate) sampler: Sampler,
    /// What limits the rate of log lines.
    pub(crate) log_limiter: Arc<LogLimiter>,
    /// Its feed.
    pub(crate) feed: Feed,
    /// How many rallies may be in flight.
    pub(crate) in_flight: Arc<InFlight>,
    /// A permit for each rally at full speed that may be played at once.
    pub(crate) full_speed: Arc<Permits>,
    /// The token that stops it.
    pub(crate) shutdown: CancellationToken,
    ping: PlayerPool,
    pong: PlayerPool,
    instance: InstanceId,
    /// How many rallies have started.
    started: AtomicU64,
}

impl Manager {
    /// Makes a manager and registers its metrics.
    pub(crate) fn new(
        options: PlayOptions,
        ping: Arc<Endpoints>,
        pong: Arc<Endpoints>,
        start: &mut Start,
    ) -> Self {
        let in_flight = Arc::new(InFlight::new(options.max_in_flight));
        let feed = Feed::new(BACKLOG_EVENTS, LagPolicy::Skip);
        let counted = Arc::clone(&in_flight);
        let metrics = Metrics::register(start, feed.clone(), move || counted.count());
        let stats = Arc::new(PlayerStats::new(metrics.stroke_duration.clone()));
        let log_limiter = start.log_limiter();
        let pool = |side, endpoints| PlayerPool {
            side,
            endpoints,
            timeout: options.stroke_timeout,
            metrics: Arc::clone(&metrics),
            stats: Arc::clone(&stats),
            log_limiter: Arc::clone(&log_limiter),
        };
        let task = start.identity().task.clone();
        Self {
            name: task.to_string(),
            task,
            options,
            ping: pool(Side::Ping, ping),
            pong: pool(Side::Pong, pong),
            metrics,
            stats,
            sampler: Sampler::new(),
            log_limiter,
            feed,
            in_flight,
            full_speed: Permits::new(options.full_speed.into(), PERMIT_WAIT),
            shutdown: start.shutdown().clone(),
            instance: InstanceId::new(rand::random()),
            started: AtomicU64::new(0),
        }
    }

    /// Returns the players of a side.
    pub(crate) const fn pool(&self, side: Side) -> &PlayerPool {
        match side {
            Side::Ping => &self.ping,
            Side::Pong => &self.pong,
        }
    }

    /// Returns the nodes that its answers may name.
    pub(crate) fn node_names(&self) -> NodeNames {
        let mut names = NodeNames::default();
        names.add(&mut self.task.clone());
        self.stats.name_nodes(&mut names);
        names
    }

    /// Returns an id for the next rally, unique in the cluster.
    pub(crate) fn next_id(&self) -> RallyId {
        let n = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        RallyId::new(&self.instance, n)
    }

    /// Returns the counters as the feed publishes them.
    pub(crate) fn score(&self) -> ManagerScore {
        ManagerScore {
            manager: self.task.clone(),
            instance: self.instance.clone(),
            score: self.metrics.score(),
        }
    }

    /// Returns the sides of which no player is reachable, and the one of which none answered.
    pub(crate) fn missing(&self, silent: Option<Side>) -> Vec<Side> {
        let is_missing =
            |side: &Side| silent == Some(*side) || !self.pool(*side).endpoints.is_reachable();
        Side::BOTH.into_iter().filter(is_missing).collect()
    }

    /// Checks that a player of each side is reachable.
    ///
    /// # Errors
    ///
    /// The sides of which none is.
    pub(crate) fn ready(&self) -> Result<(), String> {
        let missing: Vec<&str> = self.missing(None).into_iter().map(Side::name).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!("no {} player reachable", missing.join(" and no ")))
    }
}
