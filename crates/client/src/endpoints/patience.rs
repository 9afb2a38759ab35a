//! How long to wait for an endpoint: one that hangs is given up while another could be asked.

use std::net::SocketAddr;
use std::time::Duration;

use super::Endpoints;
use super::member::Member;
use crate::fault::Fault;
use crate::own_time;

/// How many times as long as usual an answer may take, while another endpoint could be asked.
const PATIENCE_FACTOR: u32 = 4;

impl Endpoints {
    /// Waits for an endpoint's answer; returns it, and how long this process ran meanwhile.
    ///
    /// While another endpoint that is not in `tried` could be asked, it may take four times the recent
    /// 99th percentile of its answers, at least `least`; at most `most`, and that long when there is no
    /// other, or no answer yet to judge by.
    ///
    /// # Errors
    ///
    /// That of `answer`, and [`Fault::Timeout`] when it was not there in time.
    pub async fn wait_for<T>(
        &self,
        address: SocketAddr,
        tried: &[SocketAddr],
        (least, most): (Duration, Duration),
        answer: impl Future<Output = Result<T, Fault>>,
    ) -> (Result<T, Fault>, Duration) {
        let patience = self.patience(address, tried, least, most);
        let (answer, ran) = own_time::timeout(patience, answer).await;
        if !matches!(answer, Ok(Err(_))) {
            self.change(address, |member| {
                member.latency.record(ran);
                false
            });
        }
        (answer.unwrap_or(Err(Fault::Timeout)), ran)
    }

    pub(super) fn patience(
        &self,
        address: SocketAddr,
        tried: &[SocketAddr],
        least: Duration,
        most: Duration,
    ) -> Duration {
        let state = self.state.lock();
        let is_other = |member: &Member| {
            let other = member.endpoint.address;
            other != address && member.is_ready() && !tried.contains(&other)
        };
        if !state.members.iter().any(is_other) {
            return most;
        }
        let member = state.members.iter().find(|member| member.endpoint.address == address);
        let usual = member.and_then(|member| member.latency.p99());
        usual.map_or(most, |usual| most.min(least.max(usual.saturating_mul(PATIENCE_FACTOR))))
    }
}
