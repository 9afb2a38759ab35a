//! The files of the page, compiled into the binary from the folder `page`.

use actix_web::HttpResponse;
use actix_web::http::header;

/// What the page may load: its own files and its own server's events, nothing else. Inline styles
/// and scripts are not run, so a name that slipped in as markup would have no effect.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
pub(crate) struct File {
    /// Its name below `/page/`.
    pub(crate) name: &'static str,
    kind: &'static str,
    content: &'static [u8],
}

macro_rules! file {
    ($name:literal, $kind:literal) => {
        File { name: $name, kind: $kind, content: include_bytes!(concat!("../page/", $name)) }
    };
}

/// The page itself.
pub(crate) const INDEX: File = file!("index.html", "text/html; charset=utf-8");

/// The files it loads from `/page/`.
pub(crate) const FILES: &[File] = &[
    file!("page.css", "text/css; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("boot.js", "text/javascript; charset=utf-8"),
    file!("main.js", "text/javascript; charset=utf-8"),
    file!("trouble.js", "text/javascript; charset=utf-8"),
    file!("timeline.js", "text/javascript; charset=utf-8"),
    file!("present.js", "text/javascript; charset=utf-8"),
    file!("events.js", "text/javascript; charset=utf-8"),
    file!("dom.js", "text/javascript; charset=utf-8"),
    file!("score.js", "text/javascript; charset=utf-8"),
    file!("court.js", "text/javascript; charset=utf-8"),
    file!("ball.js", "text/javascript; charset=utf-8"),
    file!("shares.js", "text/javascript; charset=utf-8"),
    file!("paths.js", "text/javascript; charset=utf-8"),
    file!("rallies.js", "text/javascript; charset=utf-8"),
    file!("serve.js", "text/javascript; charset=utf-8"),
];

impl File {
    /// Responds with the file; a browser revalidates it each time, since an update replaces it.
    pub(crate) fn respond(&self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, self.kind))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .body(self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_60_kb_in_all_at_most() {
        let size: usize = FILES.iter().chain([&INDEX]).map(|file| file.content.len()).sum();
        assert!(size <= 60 * 1024, "{size} bytes");
    }

    #[test]
    fn every_address_is_relative_so_that_the_page_may_be_below_another_path() {
        for file in FILES.iter().chain([&INDEX]) {
            let text = std::str::from_utf8(file.content).expect("text");
            for absolute in ["=\"/", "(\"/", "(`/", "('/", "from \"/", "url(/"] {
                assert!(!text.contains(absolute), "{}: {absolute}", file.name);
            }
        }
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_has_nothing_the_policy_forbids() {
        for file in FILES.iter().chain([&INDEX]) {
            let text = std::str::from_utf8(file.content).expect("text");
            // The one address is SVG's own name, which nothing is loaded from.
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for forbidden in
                ["http:", "https:", "@import", "innerHTML", "eval(", " style=", " onclick="]
            {
                assert!(!text.contains(forbidden), "{}: {forbidden}", file.name);
            }
        }
    }
}
