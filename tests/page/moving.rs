//! The README's moving picture: a demo on a terminal, and its page in a browser, side by side.

use std::fmt::Write as _;
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use vt100::{Color, Parser};

use crate::browser::Browser;
use crate::support::process::binary;

/// How many pictures a second, and how many in all.
const RATE: f64 = 4.0;
const PICTURES: usize = 40;

/// The terminal, in characters.
const ROWS: u16 = 20;
const COLUMNS: u16 = 76;

/// The colors of a terminal as the demo uses them: red, green and yellow, plain and bright.
const COLORS: [(u8, &str); 6] =
    [(1, "#c33"), (2, "#3a3"), (3, "#b80"), (9, "#f55"), (10, "#5e5"), (11, "#fd4")];

/// A command on a terminal of its own.
struct Terminal {
    child: Child,
    screen: Arc<Mutex<Parser>>,
}

impl Terminal {
    fn start(line: &str) -> Self {
        let line = format!("stty cols {COLUMNS} rows {ROWS}; exec {line}");
        let path = std::env::var("PATH").unwrap_or_default();
        let binary = PathBuf::from(binary());
        let folder = binary.parent().expect("a folder").display();
        let mut child = Command::new("script")
            .env("PATH", format!("{folder}:{path}"))
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script starts");
        let mut out = child.stdout.take().expect("piped");
        let size = [ROWS, COLUMNS].map(|size| NonZero::new(size).expect("not zero"));
        let screen = Arc::new(Mutex::new(Parser::new(size[0], size[1], 0)));
        let filled = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut piece) {
                filled.lock().process(&piece[..length]);
            }
        });
        Self { child, screen }
    }

    /// Returns what is on the screen, as HTML.
    fn html(&self) -> String {
        let parser = self.screen.lock();
        let screen = parser.screen();
        let mut html = String::new();
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let Some(cell) = screen.cell(row, column) else { continue };
                let text = match cell.contents() {
                    "" => " ".to_owned(),
                    text => text.replace('&', "&amp;").replace('<', "&lt;"),
                };
                let color = match cell.fgcolor() {
                    Color::Idx(index) => COLORS.iter().find(|(known, _)| *known == index),
                    _ => None,
                };
                // Writing to a string does not fail.
                let _ = match color {
                    Some((_, color)) => write!(html, "<span style='color:{color}'>{text}</span>"),
                    None if cell.bold() => write!(html, "<b>{text}</b>"),
                    None => write!(html, "{text}"),
                };
            }
            html.push('\n');
        }
        html
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The terminal hangs up, which ends the demo.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "takes the README's moving picture: tests/page/moving"]
async fn a_demo_and_its_page_are_seen_playing() {
    let terminal = Terminal::start(
        "swarm-pong --nodes 4 --players 4 --play-every 1s --seed 4 --log-level warn",
    );
    let page = Browser::start().await;
    page.size(1000, 640).await;
    page.go("http://localhost:3000/").await;
    page.until("document.querySelector('.ball')").await;
    let both = Browser::start().await;
    both.size(1200, 420).await;
    both.open("data:text/html,<body style='margin:0;display:flex;background:%23111'>").await;

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page/moving");
    let _ = std::fs::remove_dir_all(&folder);
    let mut ticks = interval(Duration::from_secs_f64(1.0 / RATE));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0..PICTURES {
        ticks.tick().await;
        let html = format!(
            "<pre style='margin:12px;font:12px/1.5 monospace;color:#ddd;width:530px;overflow:hidden'>\
             {}</pre><img style='width:650px;height:416px' src='{}'>",
            terminal.html(),
            page.picture_url().await,
        );
        let html = serde_json::to_string(&html).expect("plain");
        both.eval(&format!("void (document.body.innerHTML = {html})")).await;
        both.until("document.images[0].complete").await;
        both.picture(&folder.join(format!("{n:03}.png"))).await;
    }
}
