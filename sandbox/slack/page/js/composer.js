// Where people write: messages, and slash commands with a popup that completes them.

import { tryAct } from "./api.js";
import { h, icon } from "./dom.js";
import { store } from "./store.js";
import { toast } from "./toasts.js";

export function composer(channel, hint, threadTs = null) {
  const field = h(
    "textarea",
    { class: "composer-field", rows: 1, placeholder: hint, "aria-label": hint },
  );
  const send = h(
    "button",
    { class: "send", type: "submit", "aria-label": "Send", disabled: true },
    icon("send", 18),
  );
  const popup = h("div", { class: "completions", role: "listbox", hidden: true });
  const slash = h(
    "button",
    { class: "icon-btn", type: "button", "aria-label": "Slash commands", title: "Slash commands" },
    icon("slash", 18),
  );
  const form = h(
    "form",
    { class: "composer" },
    popup,
    field,
    h(
      "div",
      { class: "composer-tools" },
      slash,
      h("span", { class: "composer-hint" }, "Enter to send"),
      send,
    ),
  );

  const state = { channel, threadTs, field, popup, send, picked: 0 };
  slash.addEventListener("click", () => {
    field.value = "/";
    field.focus();
    refresh(state);
  });
  field.addEventListener("input", () => refresh(state));
  field.addEventListener("keydown", (event) => onKey(event, state, form));
  field.addEventListener("blur", () => setTimeout(() => (popup.hidden = true), 150));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(state);
  });
  return form;
}

function fitting(text) {
  if (!/^\/\S*$/.test(text)) return [];
  return store.state.commands.filter((command) => command.name.startsWith(text));
}

function refresh(state) {
  const { field, popup, send } = state;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
  send.disabled = !field.value.trim();
  const found = fitting(field.value);
  state.picked = Math.min(state.picked, Math.max(found.length - 1, 0));
  popup.hidden = found.length === 0;
  popup.replaceChildren(
    h("div", { class: "completions-title" }, "Abeyance commands"),
    ...found.map((command, index) => completion(state, command, index)),
  );
}

function completion(state, command, index) {
  const item = h(
    "button",
    {
      class: "completion",
      type: "button",
      role: "option",
      "aria-selected": String(index === state.picked),
    },
    h("img", { class: "avatar small", src: "/page/app-icon.svg", alt: "" }),
    h(
      "span",
      {},
      h("strong", {}, command.name),
      h("span", { class: "usage" }, command.usage_hint),
      h("span", { class: "completion-note" }, command.description),
    ),
  );
  item.addEventListener("mousedown", (event) => {
    event.preventDefault();
    complete(state, command);
  });
  return item;
}

function complete(state, command) {
  state.field.value = `${command.name} `;
  state.field.focus();
  refresh(state);
}

function onKey(event, state, form) {
  const found = state.popup.hidden ? [] : fitting(state.field.value);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (found.length && step) {
    state.picked = (state.picked + step + found.length) % found.length;
    refresh(state);
    event.preventDefault();
  } else if (found.length && (event.key === "Tab" || isUnfinished(event, state, found))) {
    complete(state, found[state.picked]);
    event.preventDefault();
  } else if (event.key === "Escape" && found.length) {
    state.popup.hidden = true;
    event.stopPropagation();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
}

function isUnfinished(event, state, found) {
  return event.key === "Enter" && found[state.picked].name !== state.field.value;
}

async function submit(state) {
  const text = state.field.value.trim();
  if (!text) return;
  state.field.value = "";
  refresh(state);
  const [, command, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const went = command
    ? await run(state, command, rest)
    : await tryAct(
      "say",
      { channel: state.channel.id, text: escaped(text), thread_ts: state.threadTs },
    );
  if (!went && !state.field.value) {
    state.field.value = text;
    refresh(state);
  }
}

async function run(state, command, text) {
  if (!store.state.commands.some((known) => known.name === command)) {
    toast(`${command} is not a command that any app here knows.`, "error");
    return false;
  }
  return tryAct("command", { channel: state.channel.id, command, text });
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
