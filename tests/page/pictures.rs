//! Pictures of the page, to look at; the README's among them.

use std::path::Path;

use crate::browser::Browser;
use crate::cluster::demo;

#[tokio::test]
async fn pictures_are_taken_light_dark_on_a_phone_and_for_the_readme() {
    let options = ["--nodes", "4", "--players", "4", "--play-every", "300ms", "--seed", "4"];
    let (_demo, url) = demo(&options);
    let browser = Browser::at(&url).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page");
    // A rally is shown for a second on average, and one of 37 strokes for six.
    let filled = "document.querySelectorAll('#rally-list li').length > 9";
    browser.until(filled).await;
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
        // The ball is in the picture, on its way across the resized page.
        let old = "document.querySelectorAll('.trail').forEach((old) => old.dataset.old = 1)";
        browser.eval(old).await;
        browser
            .until(
                "!document.querySelector('[data-old]') && \
            document.querySelector('.ball:not(.missed)') && \
            document.querySelectorAll('.trail').length > 1",
            )
            .await;
        browser.picture(&folder.join(name).with_extension("png")).await;
    }
    let readme = folder.join("readme.png");
    let size = std::fs::metadata(&readme).expect("a picture").len();
    assert!(size < 150_000, "{size} bytes are too many for a README");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::create_dir_all(&docs).expect("a folder");
    std::fs::copy(&readme, docs.join("page.png")).expect("copied");
}
