//! Starts a scoreboard.

use std::io;
use std::sync::Arc;

use actix_web::web;
use court::admin::{Admin, WhoAmI};
use court::discovery::Discovery;
use court::follow::follow;
use court::metrics::{Metrics, ScoreNames};
use court::peers::Peers;
use court::serve::{Doors, serve};
use court::task::{Name, Task};
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
    let metrics = Metrics::new("scoreboard", &me, doors.release());
    tell(&metrics, &news);
    let life = Name::from_any(&format!("{:016x}", rand::random::<u64>()));
    let look = |service, peers| Discovery::by_system("scoreboard", &me, service, peers);

    let mut feeds = follow(look("manager", options.managers), &metrics, stop.clone()).await;
    let listener = Arc::clone(&news);
    tokio::spawn(async move {
        while let Some(seen) = feeds.recv().await {
            listener.board().see(seen);
            listener.wake();
        }
    });

    let peers = look("scoreboard", options.peers).start(stop.clone()).await;
    metrics.roster("scoreboard", &peers);
    let keep = exchange::keep(Arc::clone(&news), life.clone(), me.clone(), peers);
    tokio::spawn(stop.clone().run_until_cancelled_owned(keep));

    let mut rosters = Vec::new();
    for peer in options.whoami.iter().filter_map(|peer| peer.parse::<Peers>().ok()) {
        // Each by itself, so that a name which takes long to be unknown holds no other up.
        let roster = look("task", peer).start(stop.clone()).await;
        metrics.roster("task", &roster);
        rosters.push(roster);
    }
    let take = census::take(Arc::clone(&news), rosters);
    tokio::spawn(stop.clone().run_until_cancelled_owned(take));

    let teller = Arc::clone(&news);
    let ends = stop.clone();
    tokio::spawn(async move { teller.tell(ends).await });

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

/// Tells the score, and how many there are of what a scoreboard holds.
fn tell(metrics: &Metrics, news: &Arc<News>) {
    let names = ScoreNames {
        rallies: "score_rallies",
        strokes: "score_strokes",
        longest: "score_longest_rally",
    };
    let [scored, pages, feeds, lives] = [news, news, news, news].map(Arc::clone);
    metrics.score(names, move || scored.board().lives.total());
    metrics.gauge("scoreboard_pages", "Open pages", move || pages.feed.subscribers());
    let help = "Managers whose feed is followed";
    metrics.gauge("scoreboard_feeds", help, move || feeds.board().feeds());
    let help = "Lives of managers that the score is the sum of";
    metrics.gauge("scoreboard_lives", help, move || lives.board().lives.count());
}
