//! Path probing by real processes: every path is measured, each failure is named by its cause and
//! clears when it is over, and nothing that another proxy sends does harm.

mod causes;
mod cluster;
mod command;
mod coverage;
mod fake_proxy;
mod hostile;
mod nodes;
