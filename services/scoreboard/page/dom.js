// Elements and text. Whatever comes from the network is put on the page as text, never as markup.

export const find = (id) => document.getElementById(id);

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// Sets a text if it is another, so that a screen reader and a selection are left alone otherwise.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Keeps one child an item, in the items' order: made once by its key, updated each time.
export function keep(parent, items, key, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let child = old.get(name);
    if (child) {
      old.delete(name);
    } else {
      child = create(item);
      child.dataset.key = name;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

const grouped = new Intl.NumberFormat("en");
export const number = (value) => grouped.format(value).replaceAll(",", "\u202f");

// pi2 before pi10, as people count.
export const byName = new Intl.Collator("en", { numeric: true }).compare;

export const who = (player) => `${player.task}@${player.node}`;

export function announce(text) {
  say(find("announce"), text);
}
