// Builds elements. Text only ever becomes a text node: nothing here parses HTML.

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    setProperty(node, key, value);
  }
  node.append(...children.flat(Infinity).filter(isShown));
  return node;
}

function setProperty(node, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key === "class") node.className = value;
  else if (key === "tint") node.style.setProperty("--tint", value);
  else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
  else if (["value", "checked", "disabled", "hidden", "selected"].includes(key)) node[key] = value;
  else node.setAttribute(key, value === true ? "" : value);
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== "";
}

// Makes these the children, moving nothing that already stands in its place (focus survives).
export function replace(parent, ...children) {
  const wanted = children.flat(Infinity).filter(isShown).map(toNode);
  const staying = new Set(wanted);
  for (const child of [...parent.childNodes]) {
    if (!staying.has(child)) child.remove();
  }
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

function toNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

// The same for parts drawn anew each time: the focus goes to the button in the same place.
export function redraw(parent, ...children) {
  const at = [...parent.querySelectorAll("button")].indexOf(document.activeElement);
  replace(parent, ...children);
  if (at >= 0) parent.querySelectorAll("button")[at]?.focus();
}

const BUBBLE =
  "M4 6.5A2.5 2.5 0 016.5 4h11A2.5 2.5 0 0120 6.5v7a2.5 2.5 0 01-2.5 2.5H11l-5 4v-4.1" +
  "a2.5 2.5 0 01-2-2.4z";
const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  chevrons: "M8 10l4-4 4 4M8 14l4 4 4-4",
  down: "M7 10l5 5 5-5",
  reply: BUBBLE,
  send: "M4 12l16-8-5 16-3.5-6.5z",
  eye:
    "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" +
    "M12 14.8a2.8 2.8 0 100-5.6 2.8 2.8 0 000 5.6z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  warn: "M12 4l9 16H3zM12 10v4.5M12 17.2h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  file: "M7 3h7l5 5v12a1 1 0 01-1 1H7a1 1 0 01-1-1V4a1 1 0 011-1zM14 3v5h5",
  home: "M4 11l8-7 8 7v8a1 1 0 01-1 1h-4.5v-5.5h-5V20H5a1 1 0 01-1-1z",
  chat: BUBBLE,
  slash: "M9 20l6-16",
};

export function icon(name, size = 20) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function initials(name) {
  return name.split(/\s+/).map((part) => part[0]).slice(0, 2).join("").toUpperCase();
}

// A person's tile with initials, or the app's icon.
export function avatar(person, size = "medium") {
  if (person.is_bot) {
    return h("img", { class: `avatar ${size}`, src: "/page/app-icon.svg", alt: "" });
  }
  const tile = { class: `avatar ${size}`, tint: person.color, "aria-hidden": "true" };
  return h("span", tile, initials(person.real_name));
}
