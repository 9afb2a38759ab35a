//! The score of a cluster whose managers and scoreboards come and go, and what it costs to show.

mod answers;
mod hostile;
mod load;
mod page_bytes;
pub(crate) mod scoreboards;
mod timeline;
mod totals;
