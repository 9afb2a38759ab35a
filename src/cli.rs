//! The command line.

use std::ffi::OsString;
use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use protocol::service::Service;
use server::options::{ListenOptions, LogOptions, Options};
use server::start::Start;
use server::{log, open_files, shutdown};
use tracing::Instrument;
use tracing::level_filters::LevelFilter;

use crate::demo::{Demo, DemoOptions};
use crate::error::AppError;
use crate::healthcheck::{self, HealthcheckOptions};
use crate::open_files as demo_files;
use crate::panel::Panel;
use crate::paths::{self, PathsOptions};

mod container;
mod environment;
mod examples;
mod manual;

/// A table-tennis match played by a Docker Swarm of Raspberry Pis
///
/// Two kinds of player, ping and pong, trade HIT and MISS over HTTP; a manager referees; a proxy on
/// every node publishes port 3000, and every request to it plays a rally. Without a command, the
/// whole cluster runs in this process: see 'swarm-pong demo --help'.
///
/// Every option but the light's --test can also be set by the environment variable named in its help;
/// an empty variable counts as none. A bad value is refused with exit code 2; a service that cannot
/// start or go on ends with exit code 1; SIGTERM and Ctrl-C let running rallies finish and end with
/// exit code 0 within 5 seconds.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100,
    after_long_help = examples::ALL)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    demo: DemoOptions,
}

impl Cli {
    /// Parses the command line and the environment of this process; on a mistake the process ends
    /// with exit code 2.
    #[must_use]
    pub fn from_process() -> Self {
        let line: Vec<OsString> = std::env::args_os().collect();
        environment::parse(&line).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole cluster in this process, with simulated nodes
    ///
    /// Starts players, managers, a scoreboard, and a proxy and a light for each node, each with
    /// sockets of its own on loopback, prints their addresses, and plays a rally for every request:
    ///
    ///   curl localhost:3000
    ///
    /// A browser at the same address shows the cluster playing.
    #[command(verbatim_doc_comment, after_long_help = examples::DEMO)]
    Demo(DemoOptions),

    /// Run a player of ping or pong: answers each request with HIT or MISS
    ///
    /// GET / answers HIT or MISS as text, or the stroke with task, node and side as JSON.
    #[command(after_long_help = examples::PLAYER)]
    Player(PublicService<player::Options>),

    /// Run a manager, the referee: plays a rally for each request and publishes the feed
    ///
    /// GET / plays a rally: as text, or as JSON or NDJSON according to the Accept header. ?who names
    /// the task and node of each stroke and its time, ?pace=300ms slows it down for people.
    /// GET /events is the feed, as server-sent events.
    #[command(after_long_help = examples::MANAGER)]
    Manager(PublicService<manager::Options>),

    /// Run a scoreboard: the score of all managers, and a page that shows the whole cluster playing
    ///
    /// GET / is the page, /score everything it shows as JSON, /events the same as it changes. A
    /// scoreboard subscribes to every manager's feed and asks every task who it is; it needs no
    /// Docker socket. Any number of scoreboards keep the same score by exchanging what they know.
    #[command(after_long_help = examples::SCOREBOARD)]
    Scoreboard(PublicService<scoreboard::Options>),

    /// Run a proxy, the public port: forwards requests to managers and scoreboards
    ///
    /// GET / is a scoreboard's page for a browser and a rally for anyone else; /rally is always a
    /// rally. Nothing else inside the cluster can be reached through it.
    #[command(after_long_help = examples::PROXY)]
    Proxy(PublicService<proxy::Options>),

    /// Run a light, the lamp of a node: shows what happens on the node
    ///
    /// Green for a HIT by a player here, red for a MISS, yellow while the proxy here carries the
    /// rally; one stroke every 150 ms, so that the ball is seen to travel from node to node. It
    /// serves the admin port alone.
    #[command(after_long_help = examples::LIGHT)]
    Light(LightService),

    /// Show the health of every path between nodes, worst first
    ///
    /// Asks any node's port 3000 what the proxies have measured of each other's nodes and how long
    /// strokes took. A path is broken after three probes in a row without an answer, and has the state
    /// LOSS if it loses more packets than a healthy one; the cause and what to look at are explained
    /// below the table. Times are in milliseconds. A node in trouble has tasks and no proxy, or the
    /// name of another one and no id: not all of its paths are known.
    ///
    /// Exit code: 0 no path is broken or loses packets and no node is in trouble, 1 one is, 2 the
    /// arguments are wrong, 3 status unknown; no scoreboard responded, or the table could not be
    /// written. With --history and --watch nodes do not count.
    #[command(after_long_help = examples::PATHS)]
    Paths(PathsOptions),

    /// Check the health of the service in this container
    ///
    /// For Docker's HEALTHCHECK, since an image from scratch has no curl: asks the service's own
    /// admin port, or the public port of a demo, and ends with 0 once it is healthy, with 1 when it
    /// is not.
    #[command(after_long_help = examples::HEALTHCHECK)]
    Healthcheck(HealthcheckOptions),

    /// Print a script that completes commands and options in a shell
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: manual::Shell,
    },

    /// Print the manual page, or that of one command
    #[command(after_long_help = examples::MAN)]
    Man {
        /// The command
        #[arg(value_parser = manual::parse_command)]
        command: Option<String>,
    },
}

/// The options of a service with a public port.
#[derive(Args, Debug)]
struct PublicService<O: Args> {
    #[command(flatten)]
    own: O,

    #[command(flatten)]
    listen: ListenOptions,

    #[command(flatten)]
    common: Options,
}

/// The options of a light, which has an admin port alone.
#[derive(Args, Debug)]
struct LightService {
    #[command(flatten)]
    own: light::Options,

    #[command(flatten)]
    common: Options,
}

/// Runs a command until it is done or a signal stops it; returns the exit code.
///
/// # Errors
///
/// What kept it from starting or going on.
pub fn run(cli: Cli) -> Result<ExitCode, AppError> {
    // Services do their work on threads of their own; this one discovers and waits.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(execute(cli));
    // The system's resolver cannot be interrupted; one that hangs must not keep a service from its
    // end for ten seconds (resolv.conf(5): two attempts of five).
    runtime.shutdown_background();
    outcome
}

async fn execute(cli: Cli) -> Result<ExitCode, AppError> {
    match cli.command.unwrap_or(Command::Demo(cli.demo)) {
        Command::Demo(options) => demo(options).await?,
        Command::Player(PublicService { own, listen, common }) => {
            player::run(own, start(own.side.into(), Some(listen), &common)?).await?;
        }
        Command::Manager(PublicService { own, listen, common }) => {
            manager::run(own, start(Service::Manager, Some(listen), &common)?).await?;
        }
        Command::Scoreboard(PublicService { own, listen, common }) => {
            scoreboard::run(own, start(Service::Scoreboard, Some(listen), &common)?).await?;
        }
        Command::Proxy(PublicService { own, listen, common }) => {
            proxy::run(own, start(Service::Proxy, Some(listen), &common)?).await?;
        }
        Command::Light(LightService { own, common }) if own.test => {
            log::init(common.log.log, common.log.level());
            let span = common.identity(Service::Light).span();
            let shutdown = shutdown::on_signal()?;
            light::selftest::run(&own.lamp, &mut stdout(), shutdown).instrument(span).await?;
        }
        Command::Light(LightService { own, common }) => {
            light::run(own, start(Service::Light, None, &common)?).await?;
        }
        Command::Paths(options) => {
            let color = stdout().is_terminal() && log::wants_color();
            return Ok(paths::run(&options, color, &mut stdout()).await?);
        }
        Command::Healthcheck(options) => {
            let address = container::health_address(options.admin);
            healthcheck::run(address, options.timeout).await?;
        }
        Command::Completions { shell } => manual::completions(shell, &mut stdout())?,
        Command::Man { command } => manual::page(command.as_deref(), &mut stdout())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Begins a service: its log, its ports, and the signals that stop it.
fn start(
    service: Service,
    listen: Option<ListenOptions>,
    common: &Options,
) -> Result<Start, AppError> {
    log::init(common.log.log, common.log.level());
    open_files::raise_limit();
    Ok(Start::bind(service, listen, common, shutdown::on_signal()?)?)
}

async fn demo(options: DemoOptions) -> Result<(), AppError> {
    open_files::raise_limit();
    demo_files::check(&options)?;
    let LogOptions { log, log_level } = options.log;
    let color = log::wants_color();
    let panel = Panel::for_terminal(log, color);
    match &panel {
        // More would push out what is shown in place.
        Some(panel) => {
            log::init_to(log, log_level.unwrap_or(LevelFilter::WARN), panel.writer());
        }
        None => log::init(log, options.log.level()),
    }
    let demo = Demo::start(&options, panel.as_ref(), shutdown::on_signal()?)?;
    match panel {
        Some(panel) if stdout().is_terminal() => Ok(demo.wait_on(panel).await?),
        panel => {
            // The cluster plays on even if nobody reads.
            let _ = write!(stdout(), "{}", demo.welcome(stdout().is_terminal() && color));
            if let Some(panel) = panel {
                panel.show();
            }
            Ok(demo.wait().await?)
        }
    }
}
