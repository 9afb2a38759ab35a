//! Pictures of the page, to be looked at; the README's among them.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use crate::browser::Browser;
use crate::cluster::demo;

#[tokio::test]
async fn pictures_are_taken_light_dark_on_a_phone_and_for_the_readme() {
    let stop = CancellationToken::new();
    let words = ["--nodes", "4", "--players", "4", "--play-every", "300ms", "--seed", "4"];
    let (_demo, url) = demo(&words, &stop);
    let browser = Browser::at(&url).await;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page");
    let full = "document.querySelectorAll('#list li').length === 20";
    browser.until(full).await;
    for (name, scheme, width, height) in [
        ("light", "light", 1440, 1400),
        ("dark", "dark", 1440, 1400),
        ("projector", "light", 1920, 1080),
        ("phone", "light", 360, 1840),
        ("phone-dark", "dark", 360, 1840),
        ("readme", "light", 1200, 720),
    ] {
        browser.prefer("prefers-color-scheme", scheme).await;
        browser.size(width, height).await;
        // A picture of the game has the ball in it, on its way across this page.
        let old =
            "document.querySelectorAll('.ball, .flight').forEach((old) => old.dataset.old = 1)";
        browser.ask(old).await;
        browser
            .until(
                "!document.querySelector('[data-old]') && \
            document.querySelector('.ball:not(.missed)') && \
            document.querySelectorAll('.flight').length > 1",
            )
            .await;
        browser.picture(&kept.join(name).with_extension("png")).await;
    }
    let readme = kept.join("readme.png");
    let size = std::fs::metadata(&readme).expect("taken").len();
    assert!(size < 150_000, "{size} bytes are too many for a README");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::create_dir_all(&docs).expect("a folder");
    std::fs::copy(&readme, docs.join("page.png")).expect("copied");
}
