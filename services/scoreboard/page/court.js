// The court: a board for each node, ping's tasks left of the net and pong's right of it.
import { announce, byName, find, keep, make, say } from "./dom.js";

const STATES = { new: "new", here: "", leaving: "leaving", gone: "gone" };
const LAMPS = ["red", "yellow", "green"];
const boards = find("boards");
let before;

export function showTasks(tasks) {
  tell(tasks);
  const names = [...new Set(tasks.map((task) => task.node))].sort(byName);
  boards.classList.toggle("many", names.length > 6);
  // While all are of one release, the page's head says which.
  boards.classList.toggle("one-release", new Set(tasks.map((task) => task.release)).size < 2);
  keep(boards, names, (name) => name, makeBoard, (board, name) => {
    const of = (wanted) => tasks
      .filter((task) => task.node === name && wanted(task.service))
      .sort((one, other) => byName(one.task, other.task));
    const [ping, plate, pong] = board.children;
    chips(ping, of((service) => service === "ping"));
    chips(plate.querySelector(".staff"), of((service) => service !== "ping" && service !== "pong"));
    chips(pong, of((service) => service === "pong"));
  });
}

function makeBoard(name) {
  const board = make("li", "board");
  const plate = make("div", "plate");
  const light = make("div", "light");
  light.setAttribute("aria-hidden", "true");
  light.append(...LAMPS.map((colour) => make("i", colour)));
  const label = make("div", "label");
  label.append(make("h3", "", name), make("p", "word"));
  plate.append(light, label, make("ul", "staff"));
  board.append(make("ul", "half ping"), plate, make("ul", "half pong"));
  return board;
}

function chips(list, tasks) {
  const key = (task) => `${task.task} ${task.release} ${task.started} ${task.state === "gone"}`;
  keep(list, tasks, key, (task) => {
    const chip = make("li", "chip");
    chip.dataset.task = task.task;
    chip.append(make("b", "", task.task), make("small", "", task.release), make("em"));
    return chip;
  }, (chip, task) => {
    chip.dataset.state = task.state;
    say(chip.lastChild, STATES[task.state]);
  });
}

// Says who came and who is gone, to whoever does not see it.
function tell(tasks) {
  const now = new Map(tasks.map((task) => [`${task.task} on ${task.node}`, task.state === "gone"]));
  if (before) {
    const came = [...now].filter(([task, gone]) => !gone && before.get(task) !== false);
    const went = [...now].filter(([task, gone]) => gone && before.get(task) === false);
    const all = [...came.map(([task]) => `${task} is there`), ...went.map(([task]) => `${task} is gone`)];
    if (all.length) announce(all.join(", "));
  }
  before = now;
}

const board = (node) => [...boards.children].find((board) => board.dataset.key === node);

// Finds where a player stands: its chip, else its side of its node, if there is such a node.
export function place(player) {
  const on = board(player.node);
  const half = on?.querySelector(`.half.${player.side === "ping" ? "ping" : "pong"}`);
  const chips = [...(half?.children ?? [])];
  return chips.findLast((chip) => chip.dataset.task === player.task && chip.dataset.state !== "gone") ?? half;
}

// Switches a lamp of a node on or off; lamps that overlap are counted.
export function light(node, colour, on) {
  const plate = board(node)?.querySelector(".plate");
  if (!plate) return;
  const lamp = plate.querySelector(`.${colour}`);
  const count = Math.max(0, Number(lamp.dataset.count ?? 0) + (on ? 1 : -1));
  lamp.dataset.count = count;
  lamp.classList.toggle("on", count > 0);
  const lit = LAMPS.filter((colour) => plate.querySelector(`.${colour}.on`));
  const word = lit.includes("red") ? "MISS" : lit.includes("green") ? "HIT" : lit.includes("yellow") ? "rally" : "";
  say(plate.querySelector(".word"), word);
}
