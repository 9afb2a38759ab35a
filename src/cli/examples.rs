//! An example for each command, as its help ends with it.

pub(super) const ALL: &str = "\
Examples:
  swarm-pong
  swarm-pong paths pi1";

pub(super) const DEMO: &str = "\
Example: eight nodes that play by themselves
  swarm-pong demo --nodes 8 --play-every 2s";

pub(super) const PLAYER: &str = "\
Example:
  swarm-pong player --side ping --listen :3010 --admin :3011";

pub(super) const MANAGER: &str = "\
Example:
  swarm-pong manager --ping pi1:3010 --pong pi2:3010 --listen :3020 --admin :3021";

pub(super) const SCOREBOARD: &str = "\
Example, which looks for tasks at their admin ports:
  swarm-pong scoreboard --managers pi1:3020 --scoreboards pi1:3030 \\
    --tasks pi1:3011,pi2:3011,pi1:3021,pi1:3031,pi1:3001 --listen :3030 --admin :3031";

pub(super) const PROXY: &str = "\
Example:
  swarm-pong proxy --managers pi1:3020 --scoreboards pi1:3030 --proxies pi1:3001,pi2:3001";

pub(super) const LIGHT: &str = "\
Example: which lamp is it, and does it work?
  swarm-pong light --test";

pub(super) const PATHS: &str = "\
Examples:
  swarm-pong paths pi1
  swarm-pong paths pi1 --history
  swarm-pong paths pi1 --json --timeout 5s";

pub(super) const HEALTHCHECK: &str = "\
Example:
  swarm-pong healthcheck --admin 127.0.0.1:3011";

pub(super) const COMPLETIONS: &str = "\
Example:
  swarm-pong completions bash | sudo tee /etc/bash_completion.d/swarm-pong >/dev/null";

pub(super) const MAN: &str = "\
Examples:
  swarm-pong man | man -l -
  swarm-pong man proxy > swarm-pong-proxy.1";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::environment;

    #[test]
    fn every_example_is_accepted() {
        for text in [
            ALL,
            DEMO,
            PLAYER,
            MANAGER,
            SCOREBOARD,
            PROXY,
            LIGHT,
            PATHS,
            HEALTHCHECK,
            COMPLETIONS,
            MAN,
        ] {
            let text = text.replace("\\\n", "");
            for line in text.lines().filter(|line| line.starts_with("  swarm-pong")) {
                let ours = line.split(['|', '>']).next().unwrap_or_default();
                let words: Vec<OsString> = ours.split_whitespace().map(OsString::from).collect();
                assert!(environment::parse(&words).is_ok(), "{line}");
            }
        }
    }
}
