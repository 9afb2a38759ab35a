//! Proxies and a scoreboard as processes, and the paths between them as the scoreboard reports them.

use std::net::SocketAddr;

use protocol::path::{PathList, PathState};

use crate::support::http::get;
use crate::support::ports::{ReservedPort, list, reserve_many};
use crate::support::process::Process;
use crate::support::wait::{TIMEOUT, within};

/// Where nobody listens.
const NOBODY: &str = "127.0.0.1:1";

/// The admin ports of proxies that know of each other before they start.
pub(crate) struct AdminPorts<const N: usize>([ReservedPort; N]);

impl<const N: usize> AdminPorts<N> {
    pub(crate) fn reserve() -> Self {
        Self(reserve_many())
    }

    /// Returns all addresses.
    pub(crate) fn addresses(&self) -> [SocketAddr; N] {
        self.0.each_ref().map(|port| port.address)
    }

    /// Starts the n-th proxy, from 1, which probes all of them.
    pub(crate) fn proxy(&self, n: usize) -> Process {
        proxy(n, self.addresses()[n - 1], &self.addresses())
    }
}

/// Starts a proxy on node `pi<n>` that probes these.
pub(crate) fn proxy(n: usize, admin: SocketAddr, proxies: &[SocketAddr]) -> Process {
    let (node, task) = (format!("pi{n}"), format!("proxy.{n}"));
    proxy_on(&["--node", &node, "--task", &task], admin, proxies)
}

/// Starts a proxy whose node is named by options, and that probes these.
pub(crate) fn proxy_on(node: &[&str], admin: SocketAddr, proxies: &[SocketAddr]) -> Process {
    let (admin, proxies) = (admin.to_string(), list(proxies.iter().copied()));
    let others = ["--managers", NOBODY, "--scoreboards", NOBODY];
    let own = ["--admin", &admin, "--proxies", &proxies];
    Process::start(&[&["proxy"], node, &own, &others].concat())
}

/// Starts a scoreboard that polls these tasks.
pub(crate) fn scoreboard(tasks: &[SocketAddr]) -> Process {
    Process::scoreboard(&list(tasks.iter().copied()))
}

/// Fetches the paths from a scoreboard.
pub(crate) async fn fetch(scoreboard: SocketAddr) -> PathList {
    get(scoreboard, "/paths", &[]).await.parse()
}

/// Returns the paths that are broken or stale, such as `pi1>pi2 broken timeout`. Paths of a busy
/// machine may be slow at any time.
pub(crate) fn failures(list: &PathList) -> Vec<String> {
    let failed =
        list.paths.iter().filter(|path| !matches!(path.state, PathState::Ok | PathState::Slow));
    failed
        .map(|path| {
            let cause = path.cause.map_or("-", protocol::probe::ProbeFailure::name);
            format!("{}>{} {} {cause}", path.from, path.to, path.state.name())
        })
        .collect()
}

/// Waits until the paths are as they should be.
pub(crate) async fn until(
    scoreboard: SocketAddr,
    what: &str,
    is_so: impl Fn(&PathList) -> bool,
) -> PathList {
    let mut last = String::new();
    let found = within(TIMEOUT, async || {
        let paths = fetch(scoreboard).await;
        last = format!("{paths:#?}");
        is_so(&paths).then_some(paths)
    });
    let found = found.await;
    found.unwrap_or_else(|| panic!("never: {what}; at last {last}"))
}

/// Waits until so many paths are measured and exactly these have failed.
pub(crate) async fn until_paths(scoreboard: SocketAddr, measured: usize, failed: &[&str]) {
    let what = format!("{measured} measured and {failed:?}");
    until(scoreboard, &what, |list| list.measured == measured && failures(list) == failed).await;
}
