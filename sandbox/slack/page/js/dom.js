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

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  chevrons: "M8 10l4-4 4 4M8 14l4 4 4-4",
  down: "M7 10l5 5 5-5",
  reply: "M4 6.500A2.500 2.500 0 016.500 4h11A2.500 2.500 0 0120 6.500v7a2.500 2.500 0 01-2.500 2.500H11l-5 4v-4.100a2.500 2.500 0 01-2-2.400z",
  send: "M4 12l16-8-5 16-3.500-6.500z",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.800a2.800 2.800 0 100-5.600 2.800 2.800 0 000 5.600z",
  more: "M5.500 12h.01M12 12h.01M18.500 12h.01",
  warn: "M12 4l9 16H3zM12 10v4.500M12 17.200h.01",
  check: "M5 12.500l4.500 4.500L19 7.500",
  people: "M9 11a3.500 3.500 0 100-7 3.500 3.500 0 000 7zM2.500 20c0-3.600 2.900-6 6.500-6s6.500 2.400 6.500 6M16 4.500a3.200 3.200 0 010 6M18 14.500c2.200.7 3.500 2.700 3.500 5.500",
  file: "M7 3h7l5 5v12a1 1 0 01-1 1H7a1 1 0 01-1-1V4a1 1 0 011-1zM14 3v5h5",
  home: "M4 11l8-7 8 7v8a1 1 0 01-1 1h-4.500v-5.500h-5V20H5a1 1 0 01-1-1z",
  chat: "M4 6.500A2.500 2.500 0 016.500 4h11A2.500 2.500 0 0120 6.500v7a2.500 2.500 0 01-2.500 2.500H11l-5 4v-4.100a2.500 2.500 0 01-2-2.400z",
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
