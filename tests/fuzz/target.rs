//! A target: one parser, and the run that looks for an input on which it fails.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestError, TestRunner};

use crate::corpus::{self, Seed};
use crate::{MEMORY, inputs};

/// How much memory a check may take at once: this, and as many bytes for each byte of its input. The
/// checks parse an input several times, and JSON leaves out the names of fields in lists.
const MAX_BYTES: usize = 16 * 1024;
const MAX_BYTES_PER_BYTE: usize = 128;

/// The longest time between two lines of progress; the first comes after 2 s.
const PROGRESS: Duration = Duration::from_secs(60);

/// A parser and what must hold for it.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Parses an input, panics if the parser breaks a rule, and returns whether it has accepted it.
    pub(crate) check: fn(&[u8]) -> bool,
}

/// What was tried so far.
struct Tally {
    begun: Instant,
    cases: Cell<u32>,
    accepted: Cell<u32>,
    /// The most memory of a case, in bytes.
    memory: Cell<usize>,
}

impl Target {
    /// Tries the corpus, and then mutations of it for as long as this; returns whether nothing was
    /// found, and prints what was.
    pub(crate) fn fuzz(&self, time: Duration) -> bool {
        let tally = Tally {
            begun: Instant::now(),
            cases: Cell::new(0),
            accepted: Cell::new(0),
            memory: Cell::new(0),
        };
        let corpus = corpus::load(self.name);
        let holds = self.try_corpus(&corpus, &tally) && self.try_inputs(&corpus, time, &tally);
        println!("{:<14} {tally}  {} findings", self.name, u8::from(!holds));
        holds
    }

    fn try_corpus(&self, corpus: &[Seed], tally: &Tally) -> bool {
        let mut holds = true;
        for seed in corpus {
            let accepted = tally.accepted.get();
            let tried = try_one(&Just(seed.input.clone()), |input| self.case(&input, tally));
            let problem = match tried {
                Err((reason, _)) => reason,
                Ok(()) if seed.is_valid() && tally.accepted.get() == accepted => {
                    "not accepted, as its name says it is; update it".to_owned()
                }
                Ok(()) => continue,
            };
            println!("{}: {}: {problem}", self.name, seed.path.display());
            holds = false;
        }
        holds
    }

    fn try_inputs(&self, corpus: &[Seed], time: Duration, tally: &Tally) -> bool {
        let inputs = inputs::strategy(corpus);
        let mut progress = Duration::from_secs(2);
        while tally.begun.elapsed() < time {
            if tally.begun.elapsed() > progress {
                eprintln!("{:<14} {tally}", self.name);
                progress += progress.min(PROGRESS);
            }
            if let Err((reason, input)) = try_one(&inputs, |input| self.case(&input, tally)) {
                let saved = corpus::save(self.name, &input);
                println!("{}: {reason}", self.name);
                println!("  input: \"{}\"", input.escape_ascii());
                println!("  saved as {}", saved.display());
                return false;
            }
        }
        true
    }

    fn case(&self, input: &[u8], tally: &Tally) -> TestCaseResult {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let accepted = (self.check)(input);
        let memory = MEMORY.peak_usage() - before;
        let max = MAX_BYTES + MAX_BYTES_PER_BYTE * input.len();
        prop_assert!(memory <= max, "{memory} bytes of memory for {} of input", input.len());
        tally.cases.set(tally.cases.get() + 1);
        tally.accepted.set(tally.accepted.get() + u32::from(accepted));
        tally.memory.set(tally.memory.get().max(memory));
        Ok(())
    }
}

/// Tries one input; if it fails, returns the reason and the smallest input that fails too.
fn try_one(
    inputs: &impl Strategy<Value = Vec<u8>>,
    case: impl Fn(Vec<u8>) -> TestCaseResult,
) -> Result<(), (String, Vec<u8>)> {
    let config =
        Config { failure_persistence: None, max_shrink_iters: 10_000, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let input = inputs.new_tree(&mut runner).expect("no input is rejected");
    match runner.run_one(input, case) {
        Ok(_) => Ok(()),
        Err(TestError::Fail(reason, input)) => Err((reason.to_string(), input)),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.begun.elapsed().as_secs_f64();
        let cases = self.cases.get();
        let rate = f64::from(cases) / seconds;
        let accepted = 100.0 * f64::from(self.accepted.get()) / f64::from(cases.max(1));
        let memory = self.memory.get() / 1024;
        write!(
            f,
            "{cases:>9} cases  {accepted:>3.0}% accepted  {seconds:>6.1} s  {rate:>7.0} cases/s  \
             {memory:>5} KB at most"
        )
    }
}
