//! The simulated lamps on a terminal: one line per node, below the log.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write, stderr};
use std::sync::Arc;

use game::Outcome;
use light::Lights;
use parking_lot::Mutex;
use protocol::name::Name;
use server::log::{Format, resolved_format};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Maximum number of lines; more nodes than this share lines, so that all stay on the screen.
const MAX_LINES: usize = 16;

/// How many columns there are if the terminal does not say.
const DEFAULT_WIDTH: usize = 80;

/// The colors of a lamp's three lights, as a terminal names them: bright red, yellow and green.
const COLORS: [u8; 3] = [91, 93, 92];

/// A panel that draws lamps at the end of what is on the terminal, and keeps log lines above them.
#[derive(Clone)]
pub struct Panel(Arc<Mutex<State>>);

struct State {
    out: Box<dyn Write + Send>,
    color: bool,
    /// How many columns there are.
    width: fn() -> usize,
    /// Lines before and after the lamps.
    around: [Vec<String>; 2],
    lamps: Vec<(Name, Lights, Option<Outcome>)>,
    /// How many lines are on the terminal now; none before it is shown.
    drawn: Option<usize>,
}

impl Panel {
    /// Returns a panel on stderr if that is a terminal which can redraw a line, and the log is in
    /// text format.
    #[must_use]
    pub fn for_terminal(format: Option<Format>, color: bool) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let able = stderr().is_terminal() && !dumb && resolved_format(format) == Format::Text;
        able.then(|| Self::new(stderr(), color, width))
    }

    /// Makes a panel that is not shown yet.
    pub fn new(out: impl Write + Send + 'static, color: bool, width: fn() -> usize) -> Self {
        let (out, around, lamps) = (Box::new(out), [Vec::new(), Vec::new()], Vec::new());
        Self(Arc::new(Mutex::new(State { out, color, width, around, lamps, drawn: None })))
    }

    /// Shows lines before and after the lamps from now on, each as far as there is room; always as many,
    /// or old ones would stay.
    pub fn surround(&self, before: Vec<String>, after: Vec<String>) {
        let mut state = self.0.lock();
        let around = [before, after];
        if state.around != around {
            state.around = around;
            state.draw("");
        }
    }

    /// Adds a node's lamp and returns its place.
    pub fn add(&self, node: Name) -> usize {
        let mut state = self.0.lock();
        state.lamps.push((node, Lights::DARK, None));
        state.lamps.len() - 1
    }

    /// Shows the panel from now on.
    pub fn show(&self) {
        let mut state = self.0.lock();
        state.drawn = Some(0);
        state.draw("");
    }

    /// Changes a lamp, and the outcome of the stroke that it shows.
    pub fn set(&self, place: usize, lights: Lights, outcome: Option<Outcome>) {
        let mut state = self.0.lock();
        if let Some(lamp) = state.lamps.get_mut(place) {
            (lamp.1, lamp.2) = (lights, outcome);
            state.draw("");
        }
    }

    /// Returns a writer for log lines.
    #[must_use]
    pub fn writer(&self) -> BoxMakeWriter {
        let panel = self.clone();
        BoxMakeWriter::new(move || panel.clone())
    }
}

/// Writes log lines, each of them whole, above the lamps.
impl Write for Panel {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.drawn.is_some() {
            state.draw(&String::from_utf8_lossy(text));
        } else {
            state.out.write_all(text)?;
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().out.flush()
    }
}

impl State {
    /// Draws the lamps over the last ones, or below a log line that takes their place.
    fn draw(&mut self, log: &str) {
        let Some(drawn) = self.drawn else { return };
        let mut text = String::new();
        if drawn > 0 {
            // Up to the first line; writing to a string does not fail.
            let _ = write!(text, "\x1b[{drawn}A");
        }
        if !log.is_empty() {
            let _ = write!(text, "\x1b[J{log}");
        }
        let width = (self.width)();
        let plain = |lines: &[String]| {
            let cut = lines.iter().map(|line| line.chars().take(width).collect::<String>());
            cut.map(|line| line + "\x1b[K\n").collect::<String>()
        };
        text += &plain(&self.around[0]);
        let per_line = self.lamps.len().div_ceil(MAX_LINES).max(1);
        for lamps in self.lamps.chunks(per_line) {
            for (node, lights, outcome) in lamps {
                let lamp = render_lamp(*lights, *outcome, self.color);
                let _ = write!(text, "  {node:<6}{lamp}");
            }
            // The line may have been longer before.
            text.push_str("\x1b[K\n");
        }
        text += &plain(&self.around[1]);
        let around = self.around.iter().map(Vec::len).sum::<usize>();
        self.drawn = Some(self.lamps.len().div_ceil(per_line) + around);
        // The cluster plays on even if the terminal is gone.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

/// Returns how many columns the terminal of stderr has, 80 if it does not say.
#[cfg(unix)]
fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(stderr()).map_or(0, |size| size.ws_col.into());
    if columns == 0 { DEFAULT_WIDTH } else { columns }
}

#[cfg(not(unix))]
const fn width() -> usize {
    DEFAULT_WIDTH
}

/// Renders a traffic light and, since not everybody sees its colors, what it says.
fn render_lamp(lights: Lights, outcome: Option<Outcome>, color: bool) -> String {
    let mut text = String::new();
    for (on, code) in lights.in_order().into_iter().zip(COLORS) {
        let dot = if on { '●' } else { '○' };
        let _ = match (color, on) {
            (true, true) => write!(text, "\x1b[{code}m{dot}\x1b[0m "),
            (true, false) => write!(text, "\x1b[2m{dot}\x1b[0m "),
            (false, _) => write!(text, "{dot} "),
        };
    }
    let says = outcome.map_or("", Outcome::name);
    let _ = write!(text, " {says:<4}");
    text
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use vt100::Parser;

    use super::*;

    /// A terminal of 24 lines that emulates what is written to it.
    #[derive(Clone)]
    struct Screen(Arc<Mutex<Parser>>);

    impl Write for Screen {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            // A terminal's driver adds the carriage return.
            let text = String::from_utf8_lossy(text).replace('\n', "\r\n");
            self.0.lock().process(text.as_bytes());
            Ok(text.len() - text.matches('\r').count())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        /// Returns the lines that are to be seen.
        fn lines(&self) -> Vec<String> {
            let screen = self.0.lock().screen().contents();
            screen.lines().map(|line| line.trim_end().to_owned()).collect()
        }
    }

    fn panel() -> (Panel, Screen) {
        let size = |n| NonZero::new(n).expect("positive");
        let screen = Screen(Arc::new(Mutex::new(Parser::new(size(24), size(80), 0))));
        let panel = Panel::new(screen.clone(), false, || 80);
        for node in ["pi1", "pi2"] {
            panel.add(node.parse().expect("a name"));
        }
        (panel, screen)
    }

    #[test]
    fn each_node_has_one_line_that_is_redrawn() {
        let (panel, screen) = panel();
        panel.set(0, Lights::RED, Some(Outcome::Miss));
        assert!(screen.lines().is_empty(), "nothing before it is shown");
        panel.show();
        panel.set(0, Lights::GREEN, Some(Outcome::Hit));
        panel.set(1, Lights::YELLOW, None);
        assert_eq!(screen.lines(), ["  pi1   ○ ○ ●  HIT", "  pi2   ○ ● ○"]);
        // An idle lamp's red is no MISS.
        panel.set(0, Lights::RED, None);
        assert_eq!(screen.lines(), ["  pi1   ● ○ ○", "  pi2   ○ ● ○"]);
    }

    #[test]
    fn log_lines_stay_above_the_lamps() {
        let (mut panel, screen) = panel();
        panel.show();
        panel.write_all(b"first\n").expect("written");
        panel.set(1, Lights::RED, Some(Outcome::Miss));
        panel.write_all(b"second\n").expect("written");
        let lines = ["first", "second", "  pi1   ○ ○ ○", "  pi2   ● ○ ○  MISS"];
        assert_eq!(screen.lines(), lines);
    }

    #[test]
    fn sixty_four_nodes_stay_on_the_screen() {
        let (panel, screen) = panel();
        for n in 3..=64 {
            panel.add(format!("pi{n}").parse().expect("a name"));
        }
        panel.show();
        panel.surround(vec!["http://localhost:3000".into(); 2], vec!["→".repeat(200); 3]);
        for place in 0..64 {
            panel.set(place, Lights::RED, Some(Outcome::Miss));
        }
        panel.surround(vec!["http://localhost:3001".into(); 2], vec!["→".repeat(200); 3]);
        let lines = screen.lines();
        assert_eq!(lines.len(), 21, "of 24: {lines:?}");
        assert_eq!((lines[0].as_str(), lines[20].chars().count()), ("http://localhost:3001", 80));
        assert!(lines[2].starts_with("  pi1   ● ○ ○  MISS"), "{lines:?}");
    }

    #[test]
    fn lamps_have_the_colors_of_their_lights() {
        assert!(render_lamp(Lights::RED, None, true).starts_with("\x1b[91m●\x1b[0m \x1b[2m○"));
    }
}
