// The subscription to the scoreboard's events, with reconnection.

// A scoreboard sends a heartbeat every 3 s.
const IDLE_TIMEOUT = 10_000;
const BACKOFF = [500, 1000, 2000, 4000];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// Applies a JSON merge patch (RFC 7396).
export function merge(old, patch) {
  const target = isObject(old) ? old : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete target[name];
    else if (isObject(value)) target[name] = merge(target[name], value);
    else target[name] = value;
  }
  return target;
}

export function subscribe({ onSnapshot, onUpdate, onConnected, onDisconnected }) {
  let source, idle, retry, failures = 0, build, snapshot;

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
      snapshot = JSON.parse(event.data);
      // The page of another build may read other fields.
      const newBuild = `${snapshot.format} ${snapshot.release}`;
      if (build && build !== newBuild) return location.reload();
      build = newBuild;
      failures = 0;
      onConnected(snapshot);
      onSnapshot(snapshot);
    });
    source.addEventListener("update", (event) => {
      restartIdleTimer();
      const { patch = {}, strokes = [], rallies = [] } = JSON.parse(event.data);
      merge(snapshot, patch);
      onUpdate(Object.keys(patch), snapshot, strokes, rallies);
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
