//! The paths between the nodes, on a terminal.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use court::client::{client, read};
use court::fault::Fault;
use court::knock::Cause;
use court::path::{FORMAT, Path, Paths, Trouble};
use court::task::Task;
use reqwest::Url;
use tokio::time::{Instant, sleep, timeout};

/// How long the answer may take: a proxy tries several scoreboards for up to 10 s.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long a scoreboard may know of no proxy: it asks them each second.
const JUST_STARTED: Duration = Duration::from_secs(3);

/// The pause before it is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The most bytes of an answer: that of a thousand nodes with 16 paths each.
const MOST: usize = 8 * 1024 * 1024;

/// Holds whom to ask.
#[derive(Args, Clone, Debug)]
pub struct PathsOptions {
    /// Any node's port 3000, or a scoreboard: http://HOST:PORT; without a port it is 3000
    #[arg(env = "PONG_URL", value_name = "URL", default_value = "http://127.0.0.1:3000",
        value_parser = url)]
    pub url: Url,
}

/// Reads where to ask; without a port it is 3000.
fn url(text: &str) -> Result<Url, String> {
    let shape = "not http://HOST[:PORT], such as http://pi1:3000";
    let mut url: Url = text.parse().map_err(|_| shape.to_owned())?;
    let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    if url.scheme() != "http" || !bare {
        return Err(shape.to_owned());
    }
    // What says :80 says nothing to the parser, since that is the usual port.
    if url.port().is_none() && !text.trim_end_matches('/').ends_with(":80") {
        url.set_port(Some(3000)).map_err(|()| shape.to_owned())?;
    }
    url.set_path("/paths");
    Ok(url)
}

/// Says why it cannot be told how the paths are, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CannotTell {
    /// Nothing that speaks HTTP answered.
    #[error(
        "{0}: {1}; is a swarm-pong proxy there? Start one ('swarm-pong demo'), or name another \
         node's: swarm-pong paths http://NODE:3000"
    )]
    NoAnswer(Url, Fault),
    /// A proxy answered, but nobody behind it.
    #[error(
        "{0}: {1}; the proxy reaches no scoreboard: start one, such as with 'docker service scale \
         pong_scoreboard=2'"
    )]
    NoScoreboard(Url, Fault),
    /// Something else answered, or another version.
    #[error(
        "{0}: not the paths of a swarm-pong {version} (format {FORMAT}); ask a node's port 3000 \
         with the version that runs there",
        version = env!("CARGO_PKG_VERSION")
    )]
    Unreadable(Url),
    /// A scoreboard answered that has heard of no proxy.
    #[error(
        "{0}: {1} has heard of no proxy, so nothing is measured; when it has only just started, try \
         again, else see whether its option --whoami names the proxies"
    )]
    NothingMeasured(Url, Task),
}

/// Prints the paths; the exit code tells whether one is broken.
///
/// # Errors
///
/// [`CannotTell`], when nobody answers who knows.
pub async fn run(
    options: &PathsOptions,
    colour: bool,
    out: &mut impl Write,
) -> Result<ExitCode, CannotTell> {
    let mut paths = ask(&options.url).await?;
    let patience = Instant::now() + JUST_STARTED;
    while paths.nodes == 0 {
        if Instant::now() >= patience {
            return Err(CannotTell::NothingMeasured(options.url.clone(), paths.board));
        }
        sleep(AGAIN).await;
        paths = ask(&options.url).await?;
    }
    // Nobody may be reading; the exit code tells it too.
    let _ = out.write_all(table(&paths, colour).as_bytes());
    Ok(ExitCode::from(u8::from(paths.broken > 0)))
}

async fn ask(url: &Url) -> Result<Paths, CannotTell> {
    let answer = async { read(client().get(url.clone()).send().await?, MOST).await };
    let body = match timeout(PATIENCE, answer).await.unwrap_or(Err(Fault::Timeout)) {
        Ok(body) => body,
        Err(fault @ Fault::Status(status)) if matches!(status.as_u16(), 502..=504) => {
            return Err(CannotTell::NoScoreboard(url.clone(), fault));
        }
        Err(Fault::Status(_) | Fault::Body | Fault::Protocol) => {
            return Err(CannotTell::Unreadable(url.clone()));
        }
        Err(fault) => return Err(CannotTell::NoAnswer(url.clone(), fault)),
    };
    let paths = serde_json::from_slice(&body).ok().filter(|paths: &Paths| paths.format == FORMAT);
    paths.ok_or_else(|| CannotTell::Unreadable(url.clone()))
}

/// What each column is called, and whether it is set flush right.
const HEADS: [(&str, bool); 10] = [
    ("FROM", false),
    ("TO", false),
    ("STATE", false),
    ("ROUND TRIP", true),
    ("P99", true),
    ("LOST", true),
    ("OF", true),
    ("STROKE", true),
    ("P99", true),
    ("FAULTS", true),
];

/// Writes all of it, the worst first. Names are lawful by their type, and everything else is written
/// here, so nothing that came over the network can steer the terminal.
fn table(told: &Paths, colour: bool) -> String {
    let Paths { nodes, pairs, measured, broken, board, .. } = told;
    let count =
        |count: &usize, what: &str| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
    let broken = if *broken == 0 { "none".to_owned() } else { broken.to_string() };
    let mut text = format!(
        "{}, {measured} of {} measured, {broken} broken; as {board} knows\n",
        count(nodes, "node"),
        count(pairs, "pair"),
    );
    let worst_first = [Trouble::Broken, Trouble::Faults, Trouble::Slow, Trouble::Unheard];
    let worst_first = worst_first.into_iter().map(Some).chain([None]);
    let paths: Vec<&Path> = worst_first
        .flat_map(|trouble| told.paths.iter().filter(move |path| path.trouble == trouble))
        .collect();
    let rows: Vec<[String; 10]> = paths.iter().map(|path| cells(path)).collect();
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].chars().count());
        cells.chain([HEADS[n].0.len()]).max().unwrap_or_default()
    };
    let widths: [usize; 10] = std::array::from_fn(width);
    let line = |row: [&str; 10]| {
        let mut line = String::new();
        for ((cell, width), (_, right)) in row.into_iter().zip(widths).zip(HEADS) {
            // Writing to a string does not fail.
            let _ = if right {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
        }
        line.trim_end().to_owned()
    };
    if !rows.is_empty() {
        let _ = write!(text, "\n{}\n", line(HEADS.map(|(head, _)| head)));
    }
    for (path, row) in paths.iter().zip(&rows) {
        let line = line(std::array::from_fn(|n| row[n].as_str()));
        let _ = match path.trouble.map(shade).filter(|_| colour) {
            Some(shade) => writeln!(text, "\x1b[{shade}m{line}\x1b[0m"),
            None => writeln!(text, "{line}"),
        };
    }
    let mut causes: Vec<Cause> = paths.iter().filter_map(|path| path.cause).collect();
    causes.dedup();
    for (n, cause) in causes.iter().enumerate().filter(|(n, cause)| !causes[..*n].contains(cause)) {
        let gap = if n == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}{}: {}", cause.name(), advice(*cause));
    }
    text
}

fn cells(path: &Path) -> [String; 10] {
    let none = || "-".to_owned();
    let time = |time: Option<f64>| time.map_or_else(none, |time| format!("{time:.2}"));
    let state = match (path.trouble, path.cause) {
        (_, Some(cause)) => format!("BROKEN {}", cause.name()),
        (Some(Trouble::Broken), None) => "BROKEN".to_owned(),
        (Some(Trouble::Faults), _) => "faults".to_owned(),
        (Some(Trouble::Slow), _) => "slow".to_owned(),
        (Some(Trouble::Unheard), _) => "unheard".to_owned(),
        (None, _) => "well".to_owned(),
    };
    let knocks = path.knocks.map_or_else(
        || std::array::from_fn(|_| none()),
        |knocks| {
            let [lost, of] = [knocks.failures, knocks.count].map(|count| count.to_string());
            [time(knocks.median), time(knocks.p99), lost, of]
        },
    );
    let strokes = path.strokes.map_or_else(
        || std::array::from_fn(|_| none()),
        |strokes| [time(strokes.median), time(strokes.p99), strokes.faults.to_string()],
    );
    let [median, p99, lost, of] = knocks;
    let [stroke, stroke_p99, faults] = strokes;
    let [from, to] = [&path.from, &path.to].map(ToString::to_string);
    [from, to, state, median, p99, lost, of, stroke, stroke_p99, faults]
}

/// The colour of a line, as a terminal names it: red, yellow, or faint for what nobody knows.
const fn shade(trouble: Trouble) -> u8 {
    match trouble {
        Trouble::Broken => 91,
        Trouble::Faults | Trouble::Slow => 93,
        Trouble::Unheard => 2,
    }
}

/// Says what a cause means and what to look at.
const fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::NoDns => {
            "discovery does not list the node's proxy any more: is it running? \
             docker service ps pong_proxy"
        }
        Cause::Refused => {
            "the proxy's container answers, but no proxy in it: docker service logs pong_proxy"
        }
        Cause::Unreachable => {
            "no route leads there: the node may be off, or its address stale in DNS"
        }
        Cause::Timeout => {
            "nothing comes back: is UDP port 4789 open between these nodes, in both directions, \
             and the proxy not frozen?"
        }
        Cause::Reset => "connections are cut: something on the way, or a proxy that crashes",
        Cause::LargePackets => {
            "small packets arrive, large ones do not: what is between the nodes must carry the \
             overlay's MTU and 50 bytes more"
        }
        Cause::Answer => "what answers there is no swarm-pong proxy of this version",
    }
}

#[cfg(test)]
mod tests {
    use court::path::{Knocks, Strokes};

    use super::*;

    fn path(from: &str, to: &str, trouble: Option<Trouble>, cause: Option<Cause>) -> Path {
        let knocks = Knocks { median: Some(0.314), p99: Some(1.0), count: 32, failures: 7 };
        let strokes = Strokes { samples: 128, median: Some(0.5), p99: Some(12.345), faults: 1 };
        let [from, to] = [from, to].map(|name| name.parse().expect("a name"));
        let strokes = cause.is_none().then_some(strokes);
        Path { from, to, trouble, cause, knocks: Some(knocks), strokes }
    }

    fn paths(paths: Vec<Path>) -> Paths {
        let broken = paths.iter().filter(|path| path.trouble == Some(Trouble::Broken)).count();
        let board = "scoreboard.1@pi2".parse().expect("a task");
        Paths { format: FORMAT, board, nodes: 3, pairs: 6, measured: 4, broken, paths }
    }

    #[test]
    fn the_worst_comes_first_and_the_cause_is_explained_once() {
        let broken = Some(Trouble::Broken);
        let told = paths(vec![
            path("pi1", "pi2", None, None),
            path("pi1", "pi3", broken, Some(Cause::Timeout)),
            path("pi2", "pi1", Some(Trouble::Slow), None),
            path("pi3", "pi1", broken, Some(Cause::Timeout)),
        ]);
        insta::assert_snapshot!(table(&told, false), @r"
        3 nodes, 4 of 6 pairs measured, 2 broken; as scoreboard.1@pi2 knows

        FROM  TO   STATE           ROUND TRIP   P99  LOST  OF  STROKE    P99  FAULTS
        pi1   pi3  BROKEN timeout        0.31  1.00     7  32       -      -       -
        pi3   pi1  BROKEN timeout        0.31  1.00     7  32       -      -       -
        pi2   pi1  slow                  0.31  1.00     7  32    0.50  12.35       1
        pi1   pi2  well                  0.31  1.00     7  32    0.50  12.35       1

        timeout: nothing comes back: is UDP port 4789 open between these nodes, in both directions, and the proxy not frozen?
        ");
    }

    #[test]
    fn a_cluster_of_one_node_has_no_paths() {
        let told = Paths { nodes: 1, pairs: 0, measured: 0, ..paths(Vec::new()) };
        let text = table(&told, true);
        assert_eq!(text, "1 node, 0 of 0 pairs measured, none broken; as scoreboard.1@pi2 knows\n");
    }

    #[test]
    fn colours_are_for_those_who_want_them() {
        let told = paths(vec![path("pi1", "pi2", Some(Trouble::Broken), Some(Cause::Refused))]);
        assert!(table(&told, true).contains("\x1b[91mpi1   pi2"));
        assert!(!table(&told, false).contains('\x1b'));
    }

    #[test]
    fn an_address_is_a_host_and_its_port_3000_unless_told() {
        for (text, asked) in [
            ("http://pi1", "http://pi1:3000/paths"),
            ("http://pi1:8080/", "http://pi1:8080/paths"),
            ("http://pi1:80", "http://pi1/paths"),
            ("http://[fd00::4]", "http://[fd00::4]:3000/paths"),
        ] {
            assert_eq!(url(text).expect("lawful").as_str(), asked);
        }
        for text in
            ["", "pi1", "pi1:3000", "https://pi1", "http://pi1/rally", "http://a@pi1", "http://"]
        {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
