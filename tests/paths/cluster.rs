//! Proxies and a scoreboard as processes, and what is told of their paths.

use std::net::{SocketAddr, TcpListener};

use serde_json::Value;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval};

use crate::http::{PATIENCE, get};
use crate::process::Process;

/// A port that nobody has, for a proxy that others must know before it starts.
pub(crate) fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound")
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Starts a proxy on node `pi<n>` that knocks at these.
pub(crate) fn proxy(n: usize, admin: SocketAddr, proxies: &[SocketAddr]) -> Process {
    Process::start(&[
        "proxy",
        "--node",
        &format!("pi{n}"),
        "--task",
        &format!("proxy.{n}"),
        "--admin",
        &admin.to_string(),
        "--proxies",
        &list(proxies),
        "--managers",
        "127.0.0.1:1",
        "--scoreboards",
        "127.0.0.1:1",
    ])
}

/// Starts a scoreboard that asks these tasks who they are.
pub(crate) fn scoreboard(whoami: &[SocketAddr]) -> Process {
    let nobody = "127.0.0.1:1";
    let whoami = list(whoami);
    Process::start(&["scoreboard", "--managers", nobody, "--peers", nobody, "--whoami", &whoami])
}

/// Returns what a scoreboard tells of the paths.
pub(crate) async fn told(board: SocketAddr) -> Value {
    get(board, "/paths", &[]).await.json()
}

/// The paths in trouble, such as `pi1>pi2 broken timeout`.
pub(crate) fn trouble(told: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let paths = told["paths"].as_array().expect("a list").iter();
    paths
        .filter(|path| !path["trouble"].is_null())
        .map(|path| {
            let [from, to, trouble, cause] =
                ["from", "to", "trouble", "cause"].map(|name| text(&path[name]));
            format!("{from}>{to} {trouble} {cause}")
        })
        .collect()
}

/// Waits until what is told is as it should be.
pub(crate) async fn until(board: SocketAddr, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    let mut beat = interval(Duration::from_millis(100));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let told = told(board).await;
        if is_so(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "never {what}: {told:#}");
    }
}

/// Waits until so many paths are measured and exactly these are in trouble.
pub(crate) async fn until_told(board: SocketAddr, measured: u64, troubles: &[&str]) {
    let what = format!("{measured} measured and {troubles:?}");
    until(board, &what, |told| told["measured"] == measured && trouble(told) == troubles).await;
}
