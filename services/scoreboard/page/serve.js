// The Serve button: plays one rally, and shows its strokes as its answer brings them.
import { find, say } from "./dom.js";
import { over, stroke } from "./ball.js";
import { addRallies } from "./rallies.js";

const pace = find("pace");
const refused = find("refused");

function showPace() {
  const text = pace.value === "0" ? "full speed" : `${pace.value} ms`;
  say(find("pace-text"), text);
  pace.setAttribute("aria-valuetext", text);
}

function refuse(reason) {
  refused.hidden = !reason;
  say(refused, reason);
}

async function serve() {
  refuse("");
  const played = [];
  let id;
  try {
    const answer = await fetch(`/rally?pace=${pace.value}ms`, { headers: { Accept: "application/x-ndjson" } });
    if (!answer.ok) return refuse(`No rally: ${(await answer.text()).trim()}`);
    for await (const told of lines(answer.body)) {
      id = told.rally;
      if (told.verdict) {
        addRallies([{ ...told, played }], true);
      } else {
        played.push(told);
        stroke(told);
      }
    }
  } catch {
    refuse("No rally: the connection was lost.");
  }
  over(id);
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

export function start() {
  pace.addEventListener("input", showPace);
  showPace();
  find("serve").addEventListener("submit", (event) => {
    event.preventDefault();
    serve();
  });
}
