// The subscription to the scoreboard's events, with reconnection.

// A scoreboard sends a heartbeat every 3 s.
const IDLE_TIMEOUT = 10_000;
const BACKOFF = [500, 1000, 2000, 4000];

export function subscribe({ onSnapshot, onUpdate, onConnected, onDisconnected }) {
  let source, idle, retry, failures = 0, release;

  function restartIdleTimer() {
    clearTimeout(idle);
    idle = setTimeout(reconnect, IDLE_TIMEOUT);
  }

  function open() {
    close();
    source = new EventSource("events");
    restartIdleTimer();
    source.addEventListener("snapshot", (event) => {
      restartIdleTimer();
      const snapshot = JSON.parse(event.data);
      // The page of another release may read other fields.
      if (release && release !== snapshot.release) return location.reload();
      release = snapshot.release;
      failures = 0;
      onConnected(snapshot);
      onSnapshot(snapshot);
    });
    source.addEventListener("update", (event) => {
      restartIdleTimer();
      onUpdate(JSON.parse(event.data));
    });
    source.onerror = reconnect;
  }

  function close() {
    clearTimeout(idle);
    clearTimeout(retry);
    source?.close();
  }

  function reconnect() {
    close();
    onDisconnected();
    retry = setTimeout(open, BACKOFF[Math.min(failures++, BACKOFF.length - 1)]);
  }

  // A hidden page is not subscribed; once visible again, it begins with a snapshot.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}
