//! What is attacked: a match with a scoreboard and a proxy, each a process of its own.

use std::net::SocketAddr;

use crate::memory::{peak_mb, reset_peak};
use crate::support::match_::Match;
use crate::support::process::Process;

/// A running cluster.
pub(crate) struct Cluster {
    pub(crate) proxy: Process,
    pub(crate) scoreboard: Process,
    pub(crate) game: Match,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let game = Match::start(&[]);
        let manager = game.address().to_string();
        let nobody = "127.0.0.1:1";
        let scoreboard = ["scoreboard", "--managers", &manager, "--scoreboards", nobody];
        let scoreboard = Process::start(&[&scoreboard[..], &["--tasks", nobody]].concat());
        let page = scoreboard.listen.to_string();
        let proxy = ["proxy", "--managers", &manager, "--scoreboards", &page, "--proxies", nobody];
        Self { proxy: Process::start(&proxy), scoreboard, game }
    }

    fn services(&self) -> [&Process; 4] {
        [&self.scoreboard, &self.game.manager, &self.game.ping, &self.game.pong]
    }

    /// Forgets the peaks of memory so far.
    pub(crate) fn reset_peaks(&self) {
        self.services()
            .into_iter()
            .chain([&self.proxy])
            .for_each(|process| reset_peak(process.id()));
    }

    /// Returns the most memory of the proxy, and of any other service, in megabytes.
    pub(crate) fn peaks(&self) -> (f64, f64) {
        let services = self.services().map(|process| peak_mb(process.id()));
        (peak_mb(self.proxy.id()), services.into_iter().fold(0.0, f64::max))
    }

    /// Returns the public port of a service.
    pub(crate) fn port(&self, service: &str) -> SocketAddr {
        match service {
            "proxy" => self.proxy.listen,
            "scoreboard" => self.scoreboard.listen,
            "manager" => self.game.manager.listen,
            "player" => self.game.ping.listen,
            _ => panic!("{service}"),
        }
    }
}
