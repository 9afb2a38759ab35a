//! The simulated lamps on a terminal: a line a node, below the log.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use court::log::{self, Format};
use court::task::Name;
use light::Lights;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// The most lines; more nodes than this share lines, so that all stay on the screen.
const LINES: usize = 16;

/// The colours of a lamp's three lights, as a terminal names them: bright red, yellow and green.
const COLOURS: [u8; 3] = [91, 93, 92];

/// Draws lamps at the end of what is on the terminal, and keeps log lines above them.
#[derive(Clone)]
pub struct Panel(Arc<Mutex<State>>);

struct State {
    out: Box<dyn Write + Send>,
    colour: bool,
    lamps: Vec<(Name, Lights)>,
    /// How many lines are on the terminal now; none before it is shown.
    drawn: Option<usize>,
}

impl Panel {
    /// Returns a panel on stderr if that is a terminal which can redraw a line, and the log on it is
    /// for people.
    #[must_use]
    pub fn for_terminal(told: Option<Format>, colour: bool) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let able = stderr().is_terminal() && !dumb && log::format(told) == Format::Text;
        able.then(|| Self::new(stderr(), colour))
    }

    /// Makes a panel that is not shown yet.
    pub fn new(out: impl Write + Send + 'static, colour: bool) -> Self {
        let (out, lamps) = (Box::new(out), Vec::new());
        Self(Arc::new(Mutex::new(State { out, colour, lamps, drawn: None })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a node's lamp and returns its place.
    pub fn add(&self, node: Name) -> usize {
        let mut state = self.state();
        state.lamps.push((node, Lights::DARK));
        state.lamps.len() - 1
    }

    /// Shows the panel from now on.
    pub fn show(&self) {
        let mut state = self.state();
        state.drawn = Some(0);
        state.draw("");
    }

    /// Changes a lamp.
    pub fn set(&self, place: usize, lights: Lights) {
        let mut state = self.state();
        if let Some(lamp) = state.lamps.get_mut(place) {
            lamp.1 = lights;
            state.draw("");
        }
    }

    /// Returns what log lines are to be written with.
    #[must_use]
    pub fn writer(&self) -> BoxMakeWriter {
        let panel = self.clone();
        BoxMakeWriter::new(move || panel.clone())
    }
}

/// Writes log lines, each in one piece, above the lamps.
impl Write for Panel {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.drawn.is_some() {
            state.draw(&String::from_utf8_lossy(text));
        } else {
            state.out.write_all(text)?;
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.state().out.flush()
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
        let a_line = self.lamps.len().div_ceil(LINES).max(1);
        for lamps in self.lamps.chunks(a_line) {
            for (node, lights) in lamps {
                let _ = write!(text, "  {node:<6}{}", picture(*lights, self.colour));
            }
            // Whatever the line was longer before.
            text.push_str("\x1b[K\n");
        }
        self.drawn = Some(self.lamps.len().div_ceil(a_line));
        // A terminal that is gone is no reason to stop the cluster.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

/// Paints a traffic light and, since not everybody sees its colours, what it says.
fn picture(lights: Lights, colour: bool) -> String {
    let mut text = String::new();
    for (on, colour_of) in lights.in_order().into_iter().zip(COLOURS) {
        let dot = if on { '●' } else { '○' };
        let _ = match (colour, on) {
            (true, true) => write!(text, "\x1b[{colour_of}m{dot}\x1b[0m "),
            (true, false) => write!(text, "\x1b[2m{dot}\x1b[0m "),
            (false, _) => write!(text, "{dot} "),
        };
    }
    let says = if lights.red {
        "MISS"
    } else if lights.green {
        "HIT"
    } else {
        ""
    };
    let _ = write!(text, " {says:<4}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Collects what is written to it.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        /// Returns the lines that are to be seen on a terminal that knows A, J and K.
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().expect("whole").clone()).expect("UTF-8");
            let (mut lines, mut row, mut column) = (Vec::<Vec<char>>::new(), 0, 0);
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                lines.resize(lines.len().max(row + 1), Vec::new());
                match c {
                    '\n' => (row, column) = (row + 1, 0),
                    '\x1b' => {
                        let mut count = chars.by_ref().skip(1);
                        let mut number = String::new();
                        let command = loop {
                            match count.next().expect("a command") {
                                digit if digit.is_ascii_digit() => number.push(digit),
                                command => break command,
                            }
                        };
                        match command {
                            'A' => row -= number.parse::<usize>().expect("how far"),
                            'J' => lines.truncate(row),
                            'K' => lines[row].truncate(column),
                            other => panic!("unknown command {other}"),
                        }
                    }
                    c => {
                        let line = &mut lines[row];
                        line.resize(line.len().max(column + 1), ' ');
                        line[column] = c;
                        column += 1;
                    }
                }
            }
            let text = |line: &Vec<char>| line.iter().collect::<String>().trim_end().to_owned();
            let mut lines: Vec<_> = lines.iter().map(text).collect();
            while lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
            lines
        }
    }

    fn panel() -> (Panel, Screen) {
        let screen = Screen::default();
        let panel = Panel::new(screen.clone(), false);
        for node in ["pi1", "pi2"] {
            panel.add(node.parse().expect("a name"));
        }
        (panel, screen)
    }

    #[test]
    fn each_node_has_one_line_that_is_redrawn() {
        let (panel, screen) = panel();
        panel.set(0, Lights::RED);
        assert!(screen.lines().is_empty(), "nothing before it is shown");
        panel.show();
        panel.set(0, Lights::GREEN);
        panel.set(1, Lights::YELLOW);
        assert_eq!(screen.lines(), ["  pi1   ○ ○ ●  HIT", "  pi2   ○ ● ○"]);
        panel.set(0, Lights::DARK);
        assert_eq!(screen.lines(), ["  pi1   ○ ○ ○", "  pi2   ○ ● ○"]);
    }

    #[test]
    fn log_lines_stay_above_the_lamps() {
        let (mut panel, screen) = panel();
        panel.show();
        panel.write_all(b"first\n").expect("written");
        panel.set(1, Lights::RED);
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
        assert_eq!(screen.lines().len(), 16);
    }

    #[test]
    fn colours_are_the_lights_own() {
        assert!(picture(Lights::RED, true).starts_with("\x1b[91m●\x1b[0m \x1b[2m○"));
    }
}
