//! What scoreboards tell each other: the counters of each life, so that each has what any has heard.
//!
//! `GET /lives?board=ID&since=N` answers with the lives that have grown since a revision of that
//! scoreboard's own count, at most 512, and the revision to ask from next. Whoever is asked about
//! another scoreboard's revisions, since it is new at that address, begins at the beginning.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use court::client::{client, read};
use court::fault::Fault;
use court::roster::Roster;
use court::task::{Name, Task};
use rally::Score;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::debug;

use crate::news::News;

/// The time between two rounds.
const EVERY: Duration = Duration::from_secs(1);

/// How long another scoreboard may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most bytes an answer has: 512 lives of about 250.
const MOST: usize = 256 * 1024;

/// How many answers are asked for in a row of one that has more to tell.
const IN_A_ROW: usize = 16;

/// Asks which lives have grown.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Question {
    /// The scoreboard that the revision is of, if any.
    board: Option<Name>,
    since: Option<u64>,
}

/// Tells which lives have grown.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    board: Name,
    /// The revision to ask from next.
    revision: u64,
    lives: Vec<(Name, Score)>,
}

/// Answers another scoreboard.
pub(crate) fn answer(news: &News, me: &Name, question: &Question) -> Answer {
    let known = question.board.as_ref() == Some(me);
    let since = if known { question.since.unwrap_or_default() } else { 0 };
    let (lives, revision) = news.board().lives.since(since);
    Answer { board: me.clone(), revision, lives }
}

/// Asks all other scoreboards, each second, for what they have heard.
pub(crate) async fn keep(news: Arc<News>, life: Name, me: Task, roster: Arc<Roster>) {
    let client = client();
    let mut asked: HashMap<SocketAddr, Question> = HashMap::new();
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let peers = roster.within_reach();
        asked.retain(|address, _| peers.contains(address));
        for address in peers {
            let question = asked.entry(address).or_default();
            if question.board.as_ref() == Some(&life) {
                continue;
            }
            let asking = async {
                for _ in 0..IN_A_ROW {
                    if !ask(&client, address, question, &news).await? {
                        break;
                    }
                }
                Ok::<(), Fault>(())
            };
            match timeout(PATIENCE, asking).await.unwrap_or(Err(Fault::Timeout)) {
                Ok(()) => roster.answered(address),
                Err(fault) => {
                    debug!(
                        service = "scoreboard", task = %me.name, node = %me.node, %address, %fault,
                        "scoreboard failed"
                    );
                    roster.failed(address);
                    // Another may come to this address; what it says is not known yet.
                    *question = Question::default();
                }
            }
        }
    }
}

/// Asks one scoreboard once; tells whether it had anything to tell.
async fn ask(
    client: &Client,
    address: SocketAddr,
    question: &mut Question,
    news: &News,
) -> Result<bool, Fault> {
    let url = match question {
        Question { board: Some(board), since: Some(since) } => {
            format!("http://{address}/lives?board={board}&since={since}")
        }
        _ => format!("http://{address}/lives"),
    };
    let body = read(client.get(url).send().await?, MOST).await?;
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| Fault::Body)?;
    let more = !answer.lives.is_empty();
    if more {
        let mut board = news.board();
        answer.lives.iter().for_each(|(life, score)| board.count(life, *score));
        drop(board);
        news.wake();
    }
    *question = Question { board: Some(answer.board), since: Some(answer.revision) };
    Ok(more)
}
