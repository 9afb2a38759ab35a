//! Where the service in this container listens.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use server::address::parse_address;

use super::{Command, environment};

/// The admin port of a service without options.
const DEFAULT_ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 3001);

/// Returns the address whose `/healthz` says how the service in this container is: its admin port,
/// or the public port of a demo, whose services have admin ports of their own choice.
///
/// The options of the service are those of process 1, which may be an init such as that of `docker
/// run --init`, with the service's command line behind its own. They go before PONG_ADMIN, as they do
/// for the service, but not before an address that was given to the health check alone.
pub(super) fn health_address(given: Option<SocketAddr>) -> SocketAddr {
    let variable = std::env::var("PONG_ADMIN").ok().and_then(|text| parse_address(&text).ok());
    let alone = given.filter(|given| variable != Some(*given));
    let first = || address(&command_line(&std::fs::read("/proc/1/cmdline").unwrap_or_default()));
    alone.or_else(first).or(given).unwrap_or(DEFAULT_ADMIN)
}

/// Returns the command line of swarm-pong in that of a process, as /proc has it.
fn command_line(process: &[u8]) -> Vec<OsString> {
    let words = process.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word));
    let is_ours = |word: &str| Path::new(word).file_stem().is_some_and(|name| name == "swarm-pong");
    let mut words: Vec<OsString> =
        words.skip_while(|word| !is_ours(word)).map(|word| word.into_owned().into()).collect();
    // What is behind the last zero.
    words.pop();
    words
}

fn address(line: &[OsString]) -> Option<SocketAddr> {
    if line.is_empty() {
        return None;
    }
    let cli = environment::parse(line).ok()?;
    match cli.command.unwrap_or(Command::Demo(cli.demo)) {
        Command::Demo(options) => Some(options.listen),
        Command::Player(service) => Some(service.common.admin),
        Command::Manager(service) => Some(service.common.admin),
        Command::Scoreboard(service) => Some(service.common.admin),
        Command::Proxy(service) => Some(service.common.admin),
        Command::Light(service) => Some(service.common.admin),
        Command::Paths(_)
        | Command::Healthcheck(_)
        | Command::Completions { .. }
        | Command::Man { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_in_the_command_line_of_process_1() {
        for (process, expected) in [
            ("/swarm-pong\0player\0--side\0ping\0--admin\x000.0.0.0:4001\0", Some("0.0.0.0:4001")),
            ("/swarm-pong\0proxy\0--admin=[::]:3001\0", Some("[::]:3001")),
            ("/sbin/docker-init\0--\0/swarm-pong\0light\0", Some("0.0.0.0:3001")),
            ("/swarm-pong\0--listen\x000.0.0.0:8080\0", Some("0.0.0.0:8080")),
            ("/swarm-pong\0demo\0--listen\x000.0.0.0:8080\0", Some("0.0.0.0:8080")),
            ("/swarm-pong\0", Some("127.0.0.1:3000")),
            ("/swarm-pong\0paths\0", None),
            ("/swarm-pong\0player\0--admin\0x\0", None),
            ("/sbin/init\0", None),
            ("", None),
        ] {
            let found = address(&command_line(process.as_bytes()));
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(found, expected, "{process:?}");
        }
    }
}
