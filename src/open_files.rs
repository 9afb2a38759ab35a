//! How many files a demo needs, since all of its services share the limit of one process.

use server::open_files::limit;

use crate::demo::DemoOptions;

/// The error returned when a demo needs more open files than a process may have, with what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this demo needs up to {needed} open files and sockets, and the limit is {limit}: raise it with \
     'ulimit -n {needed}', or ask for fewer nodes, players, managers or scoreboards"
)]
pub struct TooFewOpenFiles {
    needed: u64,
    limit: u64,
}

/// Checks that a demo fits into this process.
///
/// # Errors
///
/// [`TooFewOpenFiles`], which names the limit.
pub fn check(options: &DemoOptions) -> Result<(), TooFewOpenFiles> {
    let needed = needed(options);
    match limit() {
        Some(limit) if limit < needed => Err(TooFewOpenFiles { needed, limit }),
        _ => Ok(()),
    }
}

/// Returns about how many open files a demo needs: ten for each task, and two for each connection,
/// whose ends are both in this process; a tenth more for rallies and clients. Measured at start, when
/// every task has just looked for all of its peers.
fn needed(options: &DemoOptions) -> u64 {
    let [nodes, players, managers, scoreboards] =
        [options.nodes, options.players, options.managers, options.scoreboards].map(u64::from);
    let tasks = 2 * nodes + 2 * players + managers + scoreboards;
    let connections = nodes * (nodes + 3 * managers + scoreboards)
        + managers * (2 * players + 2 * scoreboards)
        + scoreboards * (tasks + scoreboards);
    (10 * tasks + 2 * connections) * 11 / 10
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Demo {
        #[command(flatten)]
        options: DemoOptions,
    }

    #[test]
    fn what_is_needed_is_what_was_measured_and_at_most_half_more() {
        for (arguments, measured) in [
            ("--nodes 3", 216),
            ("--nodes 13", 844),
            ("--nodes 40", 4587),
            ("--nodes 64", 10911),
            ("--players 12", 516),
            ("--players 64", 2026),
            ("--managers 12", 546),
            ("--scoreboards 11", 1086),
            ("--nodes 20 --managers 20", 3397),
            ("--nodes 20 --scoreboards 8", 2599),
        ] {
            let demo = Demo::parse_from(["demo"].into_iter().chain(arguments.split(' ')));
            let needed = needed(&demo.options);
            let range = measured..=measured * 3 / 2;
            assert!(range.contains(&needed), "{arguments}: {needed}, measured {measured}");
        }
    }

    #[test]
    fn the_refusal_names_the_limit() {
        let refusal = TooFewOpenFiles { needed: 2446, limit: 1024 }.to_string();
        assert!(refusal.contains("up to 2446 open files and sockets, and the limit is 1024"));
    }
}
