//! The smallest match that can be played: one player of each side and a manager, as processes.

use std::net::SocketAddr;

use super::process::Process;

/// The players `ping.1@pi1` and `pong.1@pi2`, and `manager.1@pi3`.
pub(crate) struct Match {
    pub(crate) ping: Process,
    pub(crate) pong: Process,
    pub(crate) manager: Process,
}

impl Match {
    /// Starts a match with these options of the manager.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_with(&[], options)
    }

    /// Starts a match with these options of both players and these of the manager.
    pub(crate) fn start_with(of_players: &[&str], of_manager: &[&str]) -> Self {
        let ping = player("ping", "pi1", of_players);
        let pong = player("pong", "pi2", of_players);
        let manager = manager("manager.1", &ping, &pong, of_manager);
        Self { ping, pong, manager }
    }

    /// Starts another manager of the same players.
    pub(crate) fn another_manager(&self, task: &str) -> Process {
        manager(task, &self.ping, &self.pong, &[])
    }

    /// Returns the manager's public address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.manager.listen
    }
}

fn player(side: &str, node: &str, options: &[&str]) -> Process {
    let task = format!("{side}.1");
    let identity = ["player", "--side", side, "--task", &task, "--node", node];
    Process::start(&[&identity, options].concat())
}

fn manager(task: &str, ping: &Process, pong: &Process, options: &[&str]) -> Process {
    let ping = ping.listen.to_string();
    let pong = pong.listen.to_string();
    let arguments = ["manager", "--ping", &ping, "--pong", &pong, "--task", task, "--node", "pi3"];
    Process::start(&[&arguments, options].concat())
}
