//! Being called: how a service starts, listens, serves, stops, and reports on itself.
//!
//! | concept | module |
//! |---|---|
//! | the options and the identity of every service | [`options`], [`identity`] |
//! | what options take: numbers, durations, addresses to listen on | [`number`], [`duration`], [`address`] |
//! | start-up, and the background tasks that belong to it | [`start`], [`supervisor`] |
//! | public and admin port, graceful stop | [`listeners`], `serve`, `workers`, [`shutdown`], [`admin`] |
//! | where a request's head ends; how many responses are sent as they come | [`head`], [`streams`] |
//! | answering: resources, what a request accepts, buffering, event streams | [`resource`], [`accept`], [`buffer`], [`feed`] |
//! | the wall clock | [`clock`] |
//! | logs and metrics | [`log`], [`metrics`], [`samples`] |
//! | the limit of open files | [`open_files`] |
//! | a bounded map that forgets; a queue in order | [`expiring`], [`permits`] |

pub mod accept;
pub mod address;
pub mod admin;
pub mod buffer;
pub mod clock;
pub mod duration;
pub mod expiring;
pub mod feed;
pub mod identity;
pub mod listeners;
pub mod log;
pub mod metrics;
pub mod number;
pub mod open_files;
pub mod options;
pub mod permits;
pub mod resource;
pub mod samples;
mod serve;
pub mod shutdown;
pub mod start;
pub mod supervisor;
mod workers;

pub use serve::{head, streams};
