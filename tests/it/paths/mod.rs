//! Path probing by real processes: every path is measured, each failure is named by its cause and
//! clears when it is over, and nothing that another proxy sends does harm.

mod causes;
pub(crate) mod cluster;
mod command;
mod coverage;
pub(crate) mod fake_proxy;
mod hostile;
mod nodes;
mod ports;
