//! Trouble comes first, nothing is cut off, and everybody can read it.

use std::path::Path;

use serde_json::json;

use crate::scripted::{ScriptedPage, Wrong, snapshot};

/// A phone, a laptop, a projector, and a large screen.
const SCREENS: [(u32, u32); 4] = [(390, 844), (1440, 900), (1920, 1080), (3840, 2160)];

const WRONG: [Wrong; 4] = [Wrong::Nothing, Wrong::Paths, Wrong::LostNode, Wrong::NoPlayers];

/// Returns the sentences that are not within the first screen, and all of them.
const SENTENCES: &str = "(() => { const items = [...document.querySelectorAll('#bar li')]; \
    return { below: items.filter((item) => item.getBoundingClientRect().bottom > innerHeight).length, \
    level: document.querySelector('#bar').className, \
    said: items.map((item) => item.querySelector('span').textContent) }; })()";

fn expected(nodes: usize, wrong: Wrong) -> (&'static str, Vec<String>) {
    match wrong {
        Wrong::Nothing => {
            ("well", vec![format!("All is well: {nodes} nodes, {} tasks", 4 * nodes + 4)])
        }
        Wrong::Paths => {
            let broken = [
                ("pi1", "pi2", "large packets lost"),
                ("pi2", "LAST", "nothing comes back"),
                ("LAST", "pi1", "not in DNS"),
            ];
            let mut broken: Vec<_> = broken
                .map(|(from, to, cause)| {
                    format!("{from} → {to} broken: {cause}").replace("LAST", &format!("pi{nodes}"))
                })
                .into();
            broken.sort();
            let faults =
                format!("pi{nodes} → pi2 with faults: 3 strokes unanswered in the last minute");
            let mut all = vec!["pi2: its clock is 7 s behind most others".to_owned()];
            all.extend(broken);
            all.extend([faults, "pi99: no tasks since CLOCK, stopped in order".to_owned()]);
            ("bad", all)
        }
        Wrong::LostNode => ("bad", vec![format!("pi{nodes}: no tasks, last seen CLOCK")]),
        Wrong::NoPlayers => (
            "bad",
            ["ping", "pong"].map(|side| format!("no {side} players: start some with ")).into(),
        ),
    }
}

#[tokio::test]
async fn every_trouble_is_within_the_first_screen_and_the_bar_is_green_only_without_one() {
    let page = ScriptedPage::start().await;
    for nodes in [3, 12, 40] {
        for wrong in WRONG {
            page.show(&snapshot(nodes, wrong), "").await;
            for (width, height) in SCREENS {
                page.browser.size(width, height).await;
                let seen = page.browser.eval(SENTENCES).await;
                let (level, said) = expected(nodes, wrong);
                let mut found: Vec<_> = seen["said"]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|text| without_times(text.as_str().expect("text")))
                    .collect();
                found[1.min(said.len() - 1)..].sort();
                let mut said = said;
                said[1.min(found.len() - 1)..].sort();
                assert_eq!(
                    (&seen["level"], &seen["below"], found),
                    (&json!(level), &json!(0), said),
                    "{nodes} {wrong:?} {width}"
                );
            }
        }
    }
}

/// Returns a sentence with `CLOCK` in the place of a time of day.
fn without_times(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let time = word.trim_end_matches(',');
        if time.matches(':').count() == 2 { word.replace(time, "CLOCK") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Finds what is not within what it is in: cells in the matrix, nodes in the court, names on plates.
const CLIPPED: &str = "(() => { const found = []; \
    const inside = (outer, what) => { const box = outer.getBoundingClientRect(); \
    for (const inner of outer.querySelectorAll(what)) { if (!inner.checkVisibility()) continue; \
    const one = inner.getBoundingClientRect(); \
    if (one.left < box.left - 1 || one.right > box.right + 1 || one.top < box.top - 1 || one.bottom > box.bottom + 1) \
    found.push(`${inner.className || inner.tagName} ${inner.textContent.trim()}`); } }; \
    if (document.querySelector('#paths').checkVisibility()) inside(document.querySelector('.scroll'), 'th span, td'); \
    inside(document.querySelector('#table'), '.node'); \
    for (const node of document.querySelectorAll('.node')) inside(node, 'h3, .task, .mark, .seen'); \
    if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the screen'); \
    return found; })()";

#[tokio::test]
async fn nothing_is_clipped_with_3_12_or_40_nodes() {
    let page = ScriptedPage::start().await;
    for nodes in [3, 12, 40] {
        for wrong in [Wrong::Paths, Wrong::LostNode] {
            page.show(&snapshot(nodes, wrong), "").await;
            for (width, height) in &SCREENS[1..] {
                page.browser.size(*width, *height).await;
                assert_eq!(
                    page.browser.eval(CLIPPED).await,
                    json!([]),
                    "{nodes} {wrong:?} at {width}"
                );
            }
        }
    }
}

/// Returns the size of the smallest text of the court in a presentation, in pixels, and whether the page
/// is larger than the screen.
const PRESENTED: &str = "(() => { const sizes = []; \
    for (const one of document.querySelectorAll('#bar span, #court *')) \
    if (one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) \
    sizes.push(parseFloat(getComputedStyle(one).fontSize)); \
    const page = document.documentElement; \
    return { smallest: Math.min(...sizes), scrolls: page.scrollHeight > innerHeight || page.scrollWidth > innerWidth, \
    filled: document.querySelector('#table').getBoundingClientRect().bottom / innerHeight > 0.95, \
    cut: [...document.querySelectorAll('#nodes .node')].filter((node) => node.getBoundingClientRect().bottom > innerHeight).length }; })()";

#[tokio::test]
async fn a_presentation_fits_the_screen_in_letters_for_the_back_row() {
    let page = ScriptedPage::start().await;
    for nodes in [3, 7, 8, 12, 24, 40] {
        page.show(&snapshot(nodes, Wrong::Paths), "?present").await;
        for (width, height, least) in [(1920, 1080, 28.0), (3840, 2160, 56.0)] {
            page.browser.size(width, height).await;
            let seen = page.browser.eval(PRESENTED).await;
            assert!(
                seen["smallest"].as_f64().is_some_and(|size| size >= least - 0.1),
                "{nodes} {seen}"
            );
            assert_eq!(
                (&seen["scrolls"], &seen["filled"], &seen["cut"]),
                (&json!(false), &json!(true), &json!(0)),
                "{nodes} {seen}"
            );
            assert_eq!(page.browser.eval(CLIPPED).await, json!([]), "{nodes} at {width}");
        }
    }
    page.browser.type_keys("f").await;
    page.browser.until("!document.documentElement.classList.contains('present')").await;
    page.browser.type_keys("f").await;
    page.browser.until("document.documentElement.classList.contains('present')").await;
}

/// Finds texts whose contrast with what is behind them is below 4.5, with it.
const CONTRASTS: &str = "(async () => { const found = new Set(); \
    await Promise.all(document.getAnimations().map((animation) => animation.finished)); \
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true }); \
    const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); \
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; }; \
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)]; \
    const light = (color) => { const [r, g, b] = color.map((part) => { part /= 255; \
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; }; \
    const ground = (one) => one ? over(rgba(getComputedStyle(one).backgroundColor), ground(one.parentElement)) : [255, 255, 255]; \
    for (const one of document.querySelectorAll('body *')) { \
    if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || one.closest('.unseen, #balls')) continue; \
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue; \
    let opacity = 1; for (let at = one; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity; \
    const behind = ground(one); const [r, g, b, a] = rgba(getComputedStyle(one).color); \
    const [low, high] = [light(over([r, g, b, a * opacity], behind)), light(behind)].sort((x, y) => x - y); \
    const contrast = (high + 0.05) / (low + 0.05); \
    if (contrast < 4.5) found.add(`${one.tagName}.${one.className} ${contrast.toFixed(1)}`); } \
    return [...found]; })()";

/// Asserts that a script finds nothing, whatever is wrong, in light and dark, and presented.
async fn assert_finds_nothing(script: &str) {
    let page = ScriptedPage::start().await;
    for (nodes, query) in [(3, ""), (40, ""), (12, "?present")] {
        for wrong in WRONG {
            page.show(&snapshot(nodes, wrong), query).await;
            for scheme in ["light", "dark"] {
                page.browser.prefer("prefers-color-scheme", scheme).await;
                let found = page.browser.eval(script).await;
                assert_eq!(found, json!([]), "{nodes} {wrong:?} {scheme}");
            }
        }
    }
}

#[tokio::test]
async fn texts_have_a_contrast_of_four_and_a_half_in_light_and_dark() {
    assert_finds_nothing(CONTRASTS).await;
}

/// Runs only where `tests/page/run` has found axe.
#[tokio::test]
async fn axe_finds_nothing_serious() {
    let Some(axe) = std::env::var_os("PONG_AXE") else {
        println!("skipped: no axe");
        return;
    };
    let axe = std::fs::read_to_string(axe).expect("axe-core");
    let run = format!(
        "(() => {{ {axe}; return axe.run().then(({{ violations }}) => violations\
         .filter(({{ impact }}) => ['serious', 'critical'].includes(impact))\
         .map(({{ id, nodes }}) => [id, nodes.length, nodes[0].html])); }})()"
    );
    assert_finds_nothing(&run).await;
}

#[tokio::test]
#[ignore = "96 pictures to look at: cargo test --test page -- --ignored every_trouble"]
async fn pictures_are_taken_of_every_trouble() {
    let page = ScriptedPage::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page");
    for nodes in [3, 12, 40] {
        for (name, wrong, query) in [
            ("paths", Wrong::Paths, ""),
            ("lost", Wrong::LostNode, ""),
            ("no-players", Wrong::NoPlayers, ""),
            ("present", Wrong::Paths, "?present"),
        ] {
            page.show(&snapshot(nodes, wrong), query).await;
            for scheme in ["light", "dark"] {
                page.browser.prefer("prefers-color-scheme", scheme).await;
                for (width, height) in SCREENS {
                    page.browser.size(width, height).await;
                    let file = format!("{name}-{nodes}-{width}-{scheme}.png");
                    page.browser.picture(&folder.join(file)).await;
                }
            }
        }
    }
}
