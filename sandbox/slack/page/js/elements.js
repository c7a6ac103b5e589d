// The things people use: buttons, menus, inputs.
//
// A surface has: use(element, block, value), values (a draft to read from), keep(block, element,
// raw) and, in a modal, errors by block id.

import { h, icon } from "./dom.js";
import { confirmFirst } from "./confirm.js";
import { plain, textObject } from "./mrkdwn.js";
import { popover } from "./popover.js";
import { store } from "./store.js";

const DRAWN = {
  button,
  overflow,
  static_select: menu,
  external_select: menu,
  users_select: people,
  conversations_select: channels,
  channels_select: channels,
  multi_static_select: checklist,
  checkboxes: checklist,
  radio_buttons: radios,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  datepicker: textInput,
  timepicker: textInput,
};
const INITIAL = {
  datepicker: (e) => e.initial_date,
  timepicker: (e) => e.initial_time,
  users_select: (e) => e.initial_user,
  conversations_select: (e) => e.initial_conversation,
  channels_select: (e) => e.initial_channel,
  checkboxes: (e) => e.initial_options?.map((o) => o.value),
  multi_static_select: (e) => e.initial_options?.map((o) => o.value),
};
const FIELD_TYPES = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "text",
  datepicker: "date",
  timepicker: "time",
};

export function isInteractive(element) {
  return element.type in DRAWN;
}

export function element(item, block, surface, id) {
  const draw = DRAWN[item.type];
  if (!draw) return h("span", { class: "unknown" }, `A ${item.type}, which this page can't draw.`);
  const node = draw(item, block, surface, id);
  node.dataset.actionId = item.action_id;
  return node;
}

function draft(item, block, surface) {
  const kept = surface.values?.[block.block_id]?.[item.action_id];
  if (kept !== undefined) return kept;
  const initial = INITIAL[item.type] ?? ((e) => e.initial_value ?? e.initial_option?.value);
  return initial(item);
}

// A change in an input block only fills it in; elsewhere it is an action of its own.
async function chosen(item, block, surface, raw) {
  surface.keep?.(block, item, raw);
  if (block.type === "input" && !block.dispatch_action) return;
  await surface.use(item, block, raw);
}

function button(item, block, surface) {
  const node = h(
    item.url ? "a" : "button",
    {
      class: `btn ${item.style ?? ""}`,
      type: item.url ? undefined : "button",
      href: item.url && /^https?:/i.test(item.url) ? item.url : undefined,
      target: item.url ? "_blank" : undefined,
      rel: item.url ? "noopener noreferrer" : undefined,
      "aria-label": item.accessibility_label,
    },
    h("span", { class: "btn-label" }, plain(item.text.text)),
  );
  node.addEventListener("click", async () => {
    if (node.classList.contains("busy")) return;
    if (item.confirm && !(await confirmFirst(item.confirm))) return;
    node.classList.add("busy");
    const went = await surface.use(item, block, item.value);
    node.classList.remove("busy");
    node.classList.toggle("failed", !went);
  });
  return node;
}

function overflow(item, block, surface) {
  const node = h(
    "button",
    { class: "btn more", type: "button", "aria-label": "More" },
    icon("more"),
  );
  node.addEventListener("click", () => {
    const choices = item.options.map((option) => ({
      label: option.text.text,
      run: async () => {
        if (item.confirm && !(await confirmFirst(item.confirm))) return;
        await surface.use(item, block, option.value);
      },
    }));
    popover(node, choices);
  });
  return node;
}

function select(item, block, surface, id, options) {
  const value = draft(item, block, surface) ?? "";
  const hint = item.placeholder?.text ?? "Choose…";
  const node = h(
    "select",
    { class: "select", id, "aria-label": id ? undefined : hint },
    h("option", { value: "", disabled: Boolean(block.type !== "input") }, hint),
    options,
  );
  node.value = value;
  node.addEventListener("change", async () => {
    if (item.confirm && !(await confirmFirst(item.confirm))) {
      node.value = value;
      return;
    }
    await chosen(item, block, surface, node.value || null);
  });
  return h("span", { class: "select-box" }, node, icon("down", 16));
}

function menu(item, block, surface, id) {
  const draw = (option) => h("option", { value: option.value }, plain(option.text.text));
  const groups = (item.option_groups ?? []).map((group) =>
    h("optgroup", { label: group.label.text }, group.options.map(draw)),
  );
  return select(item, block, surface, id, [...(item.options ?? []).map(draw), ...groups]);
}

function people(item, block, surface, id) {
  const draw = (person) => h("option", { value: person.id }, person.real_name);
  return select(item, block, surface, id, store.state.people.map(draw));
}

function channels(item, block, surface, id) {
  const draw = (channel) => h("option", { value: channel.id }, `#${channel.name}`);
  return select(item, block, surface, id, store.state.channels.filter((c) => !c.im_with).map(draw));
}

function choiceList(item, block, surface, kind) {
  const name = `${block.block_id}-${item.action_id}`;
  const kept = draft(item, block, surface);
  const list = h("div", { class: "choices", role: kind === "radio" ? "radiogroup" : "group" });
  for (const option of item.options) {
    const isOn = kind === "radio" ? kept === option.value : kept?.includes(option.value);
    const box = h("input", { type: kind, name, value: option.value, checked: Boolean(isOn) });
    const words = [
      h("span", {}, textObject(option.text)),
      option.description && h("span", { class: "choice-note" }, textObject(option.description)),
    ];
    list.append(h("label", { class: "choice" }, box, h("span", { class: "choice-words" }, words)));
  }
  return list;
}

function radios(item, block, surface) {
  const list = choiceList(item, block, surface, "radio");
  list.addEventListener("change", (event) => chosen(item, block, surface, event.target.value));
  return list;
}

function checklist(item, block, surface) {
  const list = choiceList(item, block, surface, "checkbox");
  list.addEventListener("change", () => {
    const on = [...list.querySelectorAll("input:checked")].map((box) => box.value);
    chosen(item, block, surface, on);
  });
  return list;
}

function textInput(item, block, surface, id) {
  const node = h(item.multiline ? "textarea" : "input", {
    id,
    class: "field-input",
    type: item.multiline ? undefined : (FIELD_TYPES[item.type] ?? "text"),
    rows: item.multiline ? 4 : undefined,
    placeholder: item.placeholder?.text,
    maxlength: item.max_length ?? 3000,
    autofocus: item.focus_on_load,
    autocomplete: "off",
    value: draft(item, block, surface) ?? "",
  });
  node.addEventListener("input", () => surface.keep?.(block, item, node.value));
  node.addEventListener("change", () => {
    const isPicker = item.type.endsWith("picker");
    if (block.dispatch_action || (isPicker && block.type !== "input")) {
      chosen(item, block, surface, node.value);
    }
  });
  return node;
}
