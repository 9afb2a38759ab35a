//! Exchanges counters and observations with the other scoreboards, so that each has what any of them has
//! received.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use client::endpoint::Endpoint;
use client::endpoints::Endpoints;
use client::fault::Fault;
use client::fetch::fetch;
use client::rounds;
use protocol::sync::{SyncPage, SyncQuery};
use protocol::timing::REST_INTERVAL;
use tracing::debug;

use crate::score::Source;
use crate::state::State;

/// Maximum size of a page, in bytes: 512 instances of about 250, and 256 observations of less than 500.
const MAX_PAGE_BYTES: usize = 256 * 1024;

/// How many pages in a row are asked for where there are more.
const MAX_PAGES: usize = 16;

/// Answers another scoreboard.
pub(crate) fn page(state: &State, query: &SyncQuery) -> SyncPage {
    let is_known = query.instance.as_ref() == Some(&state.instance);
    let [since, seen] =
        [query.since, query.seen].map(|revision| revision.filter(|_| is_known).unwrap_or_default());
    let (instances, revision) = state.read(|cluster| cluster.scores.since(since));
    let (observations, seen) = state.read(|cluster| cluster.timeline.since(seen));
    SyncPage { instance: state.instance.clone(), revision, instances, seen, observations }
}

/// Asks all scoreboards, every two seconds, for what they have received; never returns.
pub(crate) async fn run(state: Arc<State>, endpoints: Arc<Endpoints>) {
    let reader = Reader { state: &state, endpoints: &endpoints };
    endpoints.for_each(Endpoints::ready, |endpoint| reader.follow(endpoint)).await;
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    state: &'a State,
    endpoints: &'a Endpoints,
}

impl Reader<'_> {
    /// Reads from one scoreboard until that fails or discovery no longer lists it.
    async fn follow(self, endpoint: Endpoint) {
        let address = endpoint.address;
        tokio::select! {
            Err(fault) = self.read(&endpoint) => {
                debug!(%address, %fault, "scoreboard sync failed");
                self.endpoints.failed(address);
            }
            () = self.endpoints.removed(address) => {}
        }
    }

    /// Reads from one scoreboard until that fails.
    async fn read(self, endpoint: &Endpoint) -> Result<Infallible, Fault> {
        let mut query = None;
        loop {
            for _ in 0..MAX_PAGES {
                let page: SyncPage =
                    fetch(endpoint, "/sync", query.as_deref(), MAX_PAGE_BYTES).await?;
                self.endpoints.answered(endpoint.address);
                if page.instance == self.state.instance {
                    // It is this one.
                    return pending().await;
                }
                let SyncPage { instance, revision, instances, seen, observations } = page;
                query = Some(format!("instance={instance}&since={revision}&seen={seen}"));
                if instances.is_empty() && observations.is_empty() {
                    break;
                }
                let source = Source::Scoreboard(endpoint.address);
                self.state.update(|cluster| {
                    instances.iter().for_each(|(id, score)| cluster.merge(source, id, *score));
                    cluster.timeline.merge(observations);
                });
            }
            rounds::next(REST_INTERVAL).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use game::Score;
    use protocol::id::InstanceId;

    use super::*;

    #[test]
    fn a_query_about_another_instance_starts_from_the_beginning() {
        let state = State::new(InstanceId::new(1), Arc::default());
        let manager = InstanceId::new(7);
        let score = Score { ping: 1, pong_misses: 1, ..Score::default() };
        let source = Source::Manager(([10, 0, 9, 4], 3000).into());
        state.update(|cluster| cluster.merge(source, &manager, score));
        let all = page(&state, &SyncQuery::default());
        assert_eq!(all.instances, [(manager, score)]);
        let query = |instance| SyncQuery {
            instance: Some(instance),
            since: Some(all.revision),
            seen: Some(all.seen),
        };
        assert_eq!(page(&state, &query(InstanceId::new(1))).instances, []);
        assert_eq!(page(&state, &query(InstanceId::new(2))), all);
    }
}
