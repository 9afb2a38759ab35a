//! Starts a manager and holds what its rallies share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::web;
use court::admin::{Admin, WhoAmI};
use court::client::client;
use court::discovery::Discovery;
use court::event::Counted;
use court::feed::{Feed, Late};
use court::log::Quota;
use court::metrics::Metrics;
use court::serve::{Doors, serve};
use court::task::Task;
use rally::Side;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::counts::Counts;
use crate::featured::Featured;
use crate::opponent::Opponent;
use crate::options::{Options, PlayOptions};
use crate::players::Players;
use crate::{alone, publish, routes};

/// How many events a subscriber may be behind before it misses some: a few of the longest rallies.
const BEHIND: usize = 1024;

/// What a manager calls itself in logs and metrics.
pub(crate) const SERVICE: &str = "manager";

/// Holds what all rallies of a manager share.
pub(crate) struct Manager {
    pub(crate) me: Task,
    /// The task and node as the header names them.
    pub(crate) name: String,
    pub(crate) options: PlayOptions,
    pub(crate) counts: Arc<Counts>,
    pub(crate) players: Arc<Players>,
    pub(crate) featured: Featured,
    pub(crate) lines: Arc<Quota>,
    pub(crate) feed: Feed,
    /// One place for each rally that may be in flight.
    pub(crate) places: Arc<Semaphore>,
    /// One table for each rally at full speed that may be played at once.
    pub(crate) tables: Arc<Semaphore>,
    pub(crate) stop: CancellationToken,
    opponents: [Opponent; 2],
    /// A random name for this life of the manager.
    incarnation: String,
    begun: AtomicU64,
}

/// Referees until `stop` is cancelled and every rally in flight is over.
///
/// # Errors
///
/// The system's, when the ports cannot be served.
pub async fn run(
    options: Options,
    me: Task,
    doors: Doors,
    workers: usize,
    stop: CancellationToken,
) -> io::Result<()> {
    let metrics = Metrics::new(SERVICE, &me, doors.release());
    let counts = Counts::register(&metrics);
    let help = "How long answered strokes took, by the nodes of manager and player";
    let players = Arc::new(Players::new(metrics.latencies("stroke", help, &me.node)));
    let lines = Arc::<Quota>::default();
    let opponent = async |side: Side, peers| {
        let discovery = Discovery::by_system(SERVICE, &me, side.name(), peers);
        let roster = discovery.start(stop.clone()).await;
        metrics.roster(side.name(), &roster);
        let timeout = options.play.stroke_timeout;
        let (counts, players, lines) =
            (Arc::clone(&counts), Arc::clone(&players), Arc::clone(&lines));
        Opponent { me: me.clone(), side, roster, timeout, counts, players, lines }
    };
    let opponents = [
        opponent(Side::Ping, options.ping.clone()).await,
        opponent(Side::Pong, options.pong.clone()).await,
    ];
    let manager = Arc::new(Manager {
        name: me.to_string(),
        options: options.play,
        counts,
        players,
        featured: Featured::new(),
        lines: Arc::clone(&lines),
        feed: Feed::new(BEHIND, Late::Misses),
        places: Arc::new(Semaphore::new(options.play.limit as usize)),
        tables: Arc::new(Semaphore::new(options.play.tables.into())),
        stop: stop.clone(),
        opponents,
        incarnation: format!("{:08x}", rand::random::<u32>()),
        begun: AtomicU64::new(0),
        me,
    });
    let (playing, told) = (Arc::clone(&manager), Arc::clone(&manager));
    metrics.gauge("rallies_in_flight", "Rallies being played now", move || playing.in_flight());
    let help = "Subscribers of the feed: lights and scoreboards";
    metrics.gauge("feed_subscribers", help, move || told.feed.subscribers());
    tokio::spawn(publish::counters(Arc::clone(&manager)));
    if let Some(every) = options.play.play_every.0 {
        tokio::spawn(
            stop.clone().run_until_cancelled_owned(alone::play(Arc::clone(&manager), every)),
        );
    }
    let referee = Arc::clone(&manager);
    let ready = Arc::new(move || referee.ready());
    let admin = Admin { whoami: WhoAmI::new(SERVICE, manager.me.clone()), ready, metrics, stop };
    let me = manager.me.clone();
    let serving = serve(doors, admin, workers, move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&manager)))
            .app_data(web::Data::new(client()))
            .configure(routes::routes);
    });
    lines.around(SERVICE, &me, serving).await
}

impl Manager {
    /// Returns the opponent that plays a side.
    pub(crate) const fn opponent(&self, side: Side) -> &Opponent {
        match side {
            Side::Ping => &self.opponents[0],
            Side::Pong => &self.opponents[1],
        }
    }

    /// Returns an id for the next rally, unlike any other's in the cluster.
    pub(crate) fn next_id(&self) -> String {
        let n = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{n}", self.incarnation)
    }

    /// Returns the counters as the feed tells them.
    pub(crate) fn counted(&self) -> Counted {
        Counted {
            manager: self.me.clone(),
            incarnation: self.incarnation.clone().into(),
            score: self.counts.score(),
        }
    }

    /// Returns how many rallies are being played.
    fn in_flight(&self) -> usize {
        (self.options.limit as usize).saturating_sub(self.places.available_permits())
    }

    /// Tells whether one player of each side is within reach.
    fn ready(&self) -> Result<(), String> {
        let missing = self.opponents.iter().filter(|opponent| {
            let (known, resting) = opponent.roster.count();
            known == resting
        });
        let missing: Vec<&str> = missing.map(|opponent| opponent.side.name()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!("no {} player within reach", missing.join(" and no ")))
    }
}
