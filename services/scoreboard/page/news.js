// The connection to the scoreboard. It says so when it is lost, and comes back by itself.

// A scoreboard says something every 3 s, if only that it is there.
const SILENCE = 10_000;
const PAUSES = [500, 1000, 2000, 4000];

export function listen({ all, news, live, lost }) {
  let source, watch, again, failures = 0, release;

  function heard() {
    clearTimeout(watch);
    watch = setTimeout(fail, SILENCE);
  }

  function open() {
    close();
    source = new EventSource("/events");
    heard();
    source.addEventListener("all", (event) => {
      heard();
      const state = JSON.parse(event.data);
      // Another release's page may read other things.
      if (release && release !== state.release) return location.reload();
      release = state.release;
      failures = 0;
      live(state);
      all(state);
    });
    source.addEventListener("news", (event) => {
      heard();
      news(JSON.parse(event.data));
    });
    source.onerror = fail;
  }

  function close() {
    clearTimeout(watch);
    clearTimeout(again);
    source?.close();
  }

  function fail() {
    close();
    lost();
    again = setTimeout(open, PAUSES[Math.min(failures++, PAUSES.length - 1)]);
  }

  // Nobody looks at a hidden page; a visible one begins with everything.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}
