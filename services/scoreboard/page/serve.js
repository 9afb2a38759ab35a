// The Serve button: plays one rally and shows its strokes as the answer brings them.
import { byId, setText } from "./dom.js";
import { showOwn } from "./ball.js";
import { addRallies } from "./rallies.js";

const pace = byId("pace");
const serveError = byId("serve-error");

function showPace() {
  const text = pace.value === "0" ? "full speed" : `${pace.value} ms`;
  setText(byId("pace-text"), text);
  pace.setAttribute("aria-valuetext", text);
}

function showError(reason) {
  serveError.hidden = !reason;
  setText(serveError, reason);
}

async function serve() {
  showError("");
  const played = [];
  try {
    const response = await fetch(`rally?pace=${pace.value}ms`, { headers: { Accept: "application/x-ndjson" } });
    if (!response.ok) return showError(`No rally: ${(await response.text()).trim()}`);
    for await (const line of lines(response.body)) {
      const item = JSON.parse(line);
      if (item.verdict) item.landed = () => addRallies([{ ...item, played }], true);
      else played.push(item);
      showOwn(item);
    }
  } catch {
    showError("No rally: connection lost.");
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}

export function startServing() {
  pace.addEventListener("input", showPace);
  showPace();
  byId("serve").addEventListener("submit", (event) => {
    event.preventDefault();
    serve();
  });
}
