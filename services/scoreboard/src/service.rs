//! Starts a scoreboard.

use std::io;
use std::sync::Arc;

use actix_web::web;
use court::admin::{Admin, WhoAmI};
use court::discovery::Discovery;
use court::follow::follow;
use court::metrics::Metrics;
use court::peers::Peers;
use court::serve::{Doors, serve};
use court::task::{Name, Task};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio_util::sync::CancellationToken;

use crate::news::News;
use crate::{Options, census, exchange, routes};

/// Holds what a scoreboard's answers are made of.
pub(crate) struct Scoreboard {
    pub(crate) news: Arc<News>,
    /// A random name for this life of the scoreboard.
    pub(crate) life: Name,
}

/// Keeps the score and shows it until `stop` is cancelled.
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
    let news = Arc::new(News::new(&me, doors.release()));
    let life = Name::from_any(&format!("{:016x}", rand::random::<u64>()));
    let look = |service, peers| Discovery::by_system(&me, service, peers);

    let mut feeds = follow(look("manager", options.managers), stop.clone()).await;
    let listener = Arc::clone(&news);
    tokio::spawn(async move {
        while let Some(seen) = feeds.recv().await {
            listener.board().see(seen);
            listener.wake();
        }
    });

    let peers = look("scoreboard", options.peers).start(stop.clone()).await;
    let keep = exchange::keep(Arc::clone(&news), life.clone(), peers);
    tokio::spawn(stop.clone().run_until_cancelled_owned(keep));

    let mut rosters = Vec::new();
    for peer in options.whoami.iter().filter_map(|peer| peer.parse::<Peers>().ok()) {
        // Each by itself, so that a name which takes long to be unknown holds no other up.
        rosters.push(look("task", peer).start(stop.clone()).await);
    }
    let take = census::take(Arc::clone(&news), rosters);
    tokio::spawn(stop.clone().run_until_cancelled_owned(take));

    let teller = Arc::clone(&news);
    let ends = stop.clone();
    tokio::spawn(async move { teller.tell(ends).await });

    let metrics = Metrics::new("scoreboard", &me);
    let counted = Arc::clone(&news);
    metrics.register(|registry| registry.register_collector(Box::new(Exported(counted))));
    let known = Arc::clone(&news);
    let ready = Arc::new(move || match known.board().feeds() {
        0 => Err("no manager within reach".to_owned()),
        _ => Ok(()),
    });
    let admin = Admin { whoami: WhoAmI::new("scoreboard", me), ready, metrics, stop };
    let scoreboard = web::Data::new(Scoreboard { news, life });
    serve(doors, admin, workers, move |config| {
        config.app_data(scoreboard.clone()).configure(routes::routes);
    })
    .await
}

/// Exports how many there are of what a scoreboard holds.
struct Exported(Arc<News>);

impl std::fmt::Debug for Exported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exported")
    }
}

impl Collector for Exported {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let (feeds, lives) = {
            let board = self.0.board();
            (board.feeds(), board.lives.count())
        };
        for (name, help, count) in [
            ("scoreboard_pages", "Open pages", self.0.feed.subscribers()),
            ("scoreboard_feeds", "Managers whose feed is followed", feeds),
            ("scoreboard_lives", "Lives of managers that the score is the sum of", lives),
        ] {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}
