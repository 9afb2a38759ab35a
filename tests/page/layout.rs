//! No text overlaps another, whatever the width of the screen.

use crate::browser::Browser;
use crate::cluster::demo;

/// Finds every pair of texts that overlap and every text that is cut off at the page's edge.
const OVERLAPS: &str = "(() => {
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode;
    const on = text.parentElement;
    if (!text.textContent.trim() || on.closest('.unseen, #balls, noscript, [hidden], pre, option')) continue;
    if (!on.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) {
      const isCut = (clip) => box.bottom > clip.bottom || box.top < clip.top || box.right > clip.right + 0.5;
      let clip = on;
      while (clip && !(clip.matches('#rally-list, #timeline-list, #shares, .scroll, .route') && isCut(clip.getBoundingClientRect()))) clip = clip.parentElement;
      if (clip) continue;
      texts.push({ text: text.textContent.trim(), on, box });
    }
  }
  const found = [];
  for (const [n, one] of texts.entries()) {
    if (one.box.left < 0 || one.box.right > innerWidth + 0.5) found.push(`cut off: ${one.text}`);
    for (const other of texts.slice(n + 1)) {
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      // Lines of one text may touch.
      if (wide > 1 && high > 3 && one.on !== other.on) found.push(`${one.text} | ${other.text}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the screen');
  return found;
})()";

async fn assert_no_overlap(browser: &Browser, when: &str) {
    for (width, height) in [(360, 740), (1920, 1080), (820, 1180)] {
        browser.size(width, height).await;
        let found = browser.eval(OVERLAPS).await;
        assert_eq!(found, serde_json::json!([]), "{when} at {width} px");
    }
}

#[tokio::test]
async fn no_text_overlaps_on_a_phone_a_tablet_or_a_projector() {
    let options = ["--nodes", "5", "--players", "12", "--managers", "3", "--play-every", "50ms"];
    let (demo, url) = demo(&options);
    let browser = Browser::at(&url).await;
    browser.until("document.querySelectorAll('.half .task').length === 24").await;
    browser.until("document.querySelectorAll('#rally-list li').length > 5").await;
    browser.until("document.querySelectorAll('#path-rows td').length >= 15").await;
    for scheme in ["light", "dark"] {
        browser.prefer("prefers-color-scheme", scheme).await;
        assert_no_overlap(&browser, scheme).await;
    }
    // A year of play, long names, and every notice at once.
    let worst = "(() => { for (const id of ['ping', 'pong']) { const card = document.getElementById(id); \
        card.textContent = '12\\u202f345\\u202f678\\u202f901'; card.style.setProperty('--length', 14); } \
        for (const dd of document.querySelectorAll('#score dd')) { dd.textContent = '98\\u202f765\\u202f432\\u202f100'; dd.style.setProperty('--length', 14); } \
        document.getElementById('serve-error').hidden = false; \
        document.querySelector('[data-kind=disconnected] span').textContent = 'Disconnected from the scoreboard. Reconnecting … '.repeat(3); \
        for (const h3 of document.querySelectorAll('.node h3')) h3.textContent = 'raspberrypi-4b-kitchen-shelf-2'; \
        for (const b of document.querySelectorAll('.others b')) b.textContent = 'proxy.raspberrypi-4b-kitchen-shelf-2'; \
        for (const em of document.querySelectorAll('.half em')) em.textContent = 'stopping'; return true; })()";
    drop(demo);
    browser.until("document.querySelector('[data-kind=disconnected]')").await;
    browser.eval(worst).await;
    assert_no_overlap(&browser, "with the longest texts").await;
}
