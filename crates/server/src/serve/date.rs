//! The `Date` of responses.
//!
//! actix keeps one for all responses and renews it twice a second, which would wake up every process
//! that rests. So that clock never runs, and each response gets a date of our own.

use std::cell::RefCell;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use httpdate::fmt_http_date;
use tokio::runtime::{Builder, LocalOptions};

/// Makes a server of actix whose clock never runs: what it spawns belongs to a runtime that is dropped.
///
/// # Errors
///
/// When there is no memory for that runtime.
pub(super) fn without_clock<T>(make: impl FnOnce() -> T) -> io::Result<T> {
    let never_run = Builder::new_current_thread().build_local(LocalOptions::default())?;
    let made = {
        let _entered = never_run.enter();
        make()
    };
    // Where it would wait, it could not be dropped.
    never_run.shutdown_background();
    Ok(made)
}

/// Returns what the time is, as in RFC 9110, section 5.6.7.
pub(super) fn now() -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(u64, HeaderValue)> =
            const { RefCell::new((u64::MAX, HeaderValue::from_static(""))) };
    }
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Rendered once in a second: a player answers thousands of times in one.
    LAST.with_borrow_mut(|last| {
        if last.0 != second {
            *last = (second, HeaderValue::try_from(fmt_http_date(now)).expect("a date is ASCII"));
        }
        last.1.clone()
    })
}

/// Dates a response, unless it was passed on with a date.
pub(super) fn add(headers: &mut HeaderMap) {
    if !headers.contains_key(header::DATE) {
        headers.insert(header::DATE, now());
    }
}
