// The ball. The scoreboard selects which strokes are shown; the page draws one per beat.
import { byId, element } from "./dom.js";
import { findPlayer, findProxy, findTask, setLamp } from "./court.js";

// For a rally whose manager was lost. The slowest pace is 5 s.
const IDLE_TIMEOUT = 7000;
// More wait only after the page was frozen for 2 s; the next rally then starts at once.
const MAX_WAITING = 14;
// Selected rallies to remember: the answer to Serve may arrive after its first strokes.
const MAX_SELECTED = 8;
// A longer flight would end long after its stroke.
const MAX_FLIGHT = 2000;
// Pixels between a player and the ball.
const GAP = 14;

const table = byId("table");
const balls = byId("balls");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
let beat = 150;

// A ball and the queue of strokes that it will show.
class Ball {
  #element = element("div", "ball");
  #queue = [];
  #running = false;
  #idle;
  #rally;
  #lit = [];
  #proxy;
  #position;
  #arrived;

  // Takes a stroke, or the result of a rally.
  add(item) {
    if (item.n === 1 && this.#queue.length > MAX_WAITING) this.#drop();
    // The pace: how long after the one before it came.
    const now = performance.now();
    item.gap = item.n > 1 ? now - this.#arrived : 0;
    this.#arrived = now;
    this.#queue.push(item);
    if (!this.#running) this.#run();
  }

  clear() {
    this.#drop();
    this.#end();
  }

  #drop() {
    for (const item of this.#queue.splice(0)) item.landed?.();
  }

  async #run() {
    this.#running = true;
    let beatEnd = performance.now();
    while (this.#queue.length) {
      const item = this.#queue.shift();
      if (item.verdict && item.rally !== this.#rally) {
        item.landed?.();
        continue;
      }
      // Beats follow each other without a gap, so delays of timers do not add up.
      const now = performance.now();
      const flight = this.#queue.length ? beat : Math.min(Math.max(beat, item.gap || 0), MAX_FLIGHT);
      beatEnd = Math.max(beatEnd, now - beat) + flight;
      const time = beatEnd - now;
      if (item.outcome) {
        await this.#show(item, time);
      } else {
        await wait(time);
        this.#end();
        item.landed?.();
      }
    }
    this.#running = false;
  }

  // Moves the ball to the player, which then hits or misses it.
  async #show(stroke, time) {
    if (stroke.rally !== this.#rally) this.#begin(stroke);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end(), IDLE_TIMEOUT);
    this.#element.classList.toggle("own", ownBalls.has(stroke.rally));
    const player = findPlayer(stroke);
    const from = this.#position;
    const to = player ? inFrontOf(player, stroke.side) : from;
    this.#position = to;
    if (stroke.manager && player) drawRequest(findTask(stroke.manager), player, time);
    if (to) this.#move(from, to, time);
    if (from) await wait(time);
    flash(stroke, player);
    if (stroke.outcome === "MISS") this.#element.classList.add("missed");
    if (!from) await wait(time);
  }

  #move(from, to, time) {
    const at = (point, size) => `translate(${point.x}px, ${point.y}px) scale(${size})`;
    if (!this.#element.isConnected) balls.append(this.#element);
    this.#element.style.transform = at(to, 1);
    if (!from) return;
    drawTrail(from, to);
    if (reducedMotion.matches) return;
    const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    // Seen from above, a ball that rises grows.
    this.#element.animate({ transform: [at(from, 1), at(middle, 1.5), at(to, 1)] }, { duration: time });
  }

  #begin(stroke) {
    this.#end();
    this.#rally = stroke.rally;
    this.#proxy = stroke.proxy;
    if (this.#proxy) setLamp(this.#proxy, "yellow", true);
    this.#lit = [[findProxy(this.#proxy), "carries"], [stroke.manager && findTask(stroke.manager), "referees"]];
    for (const [task, does] of this.#lit) task?.classList.add(does);
    this.#element.classList.remove("missed");
  }

  #end() {
    clearTimeout(this.#idle);
    if (this.#proxy) setLamp(this.#proxy, "yellow", false);
    for (const [task, does] of this.#lit) task?.classList.remove(does);
    this.#lit = [];
    this.#rally = this.#proxy = this.#position = undefined;
    this.#element.remove();
  }
}

const ball = new Ball();
// The ball of each rally served on this page.
const ownBalls = new Map();
let selected = [];

export function setBeat(milliseconds) {
  beat = milliseconds;
}

export function clearBall() {
  selected = [];
  ball.clear();
}

// Shows a stroke, or ends a rally by its result, of those that the scoreboard has selected; a result's
// `landed` is called then.
export function showSelected(item) {
  if (!selected.includes(item.rally)) selected = [item.rally, ...selected].slice(0, MAX_SELECTED);
  if ((ownBalls.get(item.rally) ?? ball) === ball) ball.add(item);
}

// The same for a rally served on this page: it has a ball of its own, unless the scoreboard has
// selected it and its strokes arrived before.
export function showOwn(item) {
  if (!ownBalls.has(item.rally)) ownBalls.set(item.rally, selected.includes(item.rally) ? ball : new Ball());
  const own = ownBalls.get(item.rally);
  if (own !== ball) own.add(item);
  else item.landed?.();
}

function flash(stroke, player) {
  const hit = stroke.outcome === "HIT";
  const color = hit ? "green" : "red";
  const what = hit ? "hits" : "misses";
  setLamp(stroke.node, color, true);
  player?.classList.add(what);
  setTimeout(() => {
    setLamp(stroke.node, color, false);
    player?.classList.remove(what);
  }, hit ? beat : 3 * beat);
}

// Returns the point on the player's side of the net where it meets the ball.
function inFrontOf(player, side) {
  const [outer, inner] = [table.getBoundingClientRect(), player.getBoundingClientRect()];
  const x = side === "ping" ? inner.right + GAP : inner.left - GAP;
  return { x: x - outer.x, y: inner.y - outer.y + inner.height / 2 };
}

// Draws the request as it goes: from the manager to the player and back.
function drawRequest(manager, player, time) {
  if (!manager) return;
  const outer = table.getBoundingClientRect();
  const [from, to] = [manager, player].map((task) => {
    const box = task.getBoundingClientRect();
    return { x: box.left + box.width / 2 - outer.x, y: box.top + box.height / 2 - outer.y };
  });
  const line = drawLine("request", from, to, time);
  if (reducedMotion.matches) return;
  const turn = line.style.transform;
  const scales = [`${turn} scaleX(0)`, `${turn} scaleX(1)`, `${turn} scaleX(0)`];
  line.animate({ transform: scales }, { duration: time });
}

// Draws a line that fades.
function drawTrail(from, to) {
  drawLine("trail", from, to, 4 * beat);
}

function drawLine(kind, from, to, time) {
  const line = element("div", kind);
  const [x, y] = [to.x - from.x, to.y - from.y];
  line.style.width = `${Math.hypot(x, y)}px`;
  line.style.transform = `translate(${from.x}px, ${from.y}px) rotate(${Math.atan2(y, x)}rad)`;
  balls.append(line);
  setTimeout(() => line.remove(), time);
  return line;
}
