// Modals. One modal is shown at a time: the top of the stack.

import { act } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { h, icon, replace } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { store } from "./store.js";
import { toast } from "./toasts.js";

const drafts = new Map(); // view id → block id → action id → what was filled in
const failures = new Map(); // view id → {errors, trouble}
const FIRST_FIELDS = [
  "[autofocus]",
  ".bad :is(input, textarea, select)",
  ".modal-body :is(input, textarea, select)",
].join(", ");
let shown = null; // what the overlay shows now: view id and hash

export function drawModals(force = false) {
  const overlay = document.getElementById("overlay");
  const view = store.state?.views.at(-1);
  if (!view) {
    shown = null;
    replace(overlay);
    return;
  }
  const key = `${view.id} ${view.hash} ${store.state.views.length}`;
  if (key === shown && !force) return;
  const focused = document.activeElement?.id;
  const isOpen = shown !== null;
  shown = key;
  replace(overlay, h("div", { class: isOpen ? "scrim still" : "scrim" }, modal(view)));
  focusIn(overlay, focused);
}

function focusIn(overlay, focused) {
  const again = focused && overlay.querySelector(`#${CSS.escape(focused)}`);
  const first = overlay.querySelector(FIRST_FIELDS);
  (again || first || overlay.querySelector(".modal-foot .primary, .modal-close"))?.focus();
}

function modal(view) {
  const failure = failures.get(view.id) ?? {};
  const under = store.state.views.length > 1;
  const body = h("div", { class: "modal-body" }, drawBlocks(view.blocks, surfaceOf(view)));
  const head = h(
    "header",
    { class: "modal-head" },
    under && iconButton("back", "Back", () => closeTop(view, false)),
    h("img", { class: "avatar small", src: "/page/app-icon.svg", alt: "" }),
    h("h2", { id: "modal-title" }, plain(view.title.text)),
    iconButton("close", "Close", () => closeTop(view, true), "modal-close"),
  );
  const node = h(
    "form",
    { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title" },
    head,
    failure.trouble && h(
      "p",
      { class: "modal-trouble", role: "alert" },
      icon("warn", 18),
      failure.trouble,
    ),
    body,
    foot(view),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (view.submit) submit(view, node);
  });
  return node;
}

function foot(view) {
  if (!view.submit && !view.close) return null;
  return h(
    "footer",
    { class: "modal-foot" },
    h(
      "button",
      { class: "btn", type: "button", onclick: () => closeTop(view, false) },
      plain(view.close?.text ?? "Cancel"),
    ),
    view.submit && h(
      "button",
      { class: "btn primary", type: "submit" },
      h("span", { class: "btn-label" }, plain(view.submit.text)),
    ),
  );
}

function iconButton(name, label, onclick, className = "") {
  return h(
    "button",
    { class: `icon-btn ${className}`, type: "button", "aria-label": label, onclick },
    icon(name),
  );
}

function surfaceOf(view) {
  const values = drafts.get(view.id) ?? {};
  drafts.set(view.id, values);
  return {
    values,
    errors: failures.get(view.id)?.errors,
    keep: (block, item, raw) => {
      (values[block.block_id] ??= {})[item.action_id] = raw;
    },
    use: (item, block, value) => use(view, item, block, value, values),
  };
}

async function use(view, item, block, value, values) {
  const body = { view_id: view.id, action_id: item.action_id, block_id: block.block_id };
  return attempt(view, () => act("click", { ...body, value, values }));
}

async function submit(view, node) {
  if (node.classList.contains("busy")) return;
  node.classList.add("busy");
  await attempt(view, () => act("submit", { view_id: view.id, values: drafts.get(view.id) }));
  node.classList.remove("busy");
}

async function attempt(view, run) {
  try {
    await run();
    failures.delete(view.id);
    return true;
  } catch (refusal) {
    const hasErrors = Object.keys(refusal.errors ?? {}).length > 0;
    failures.set(view.id, { errors: refusal.errors, trouble: hasErrors ? null : refusal.message });
    drawModals(true);
    return false;
  }
}

async function closeTop(view, all) {
  drafts.delete(view.id);
  failures.delete(view.id);
  try {
    await act("close", { view_id: view.id, all });
  } catch (refusal) {
    toast(refusal.message, "error");
  }
}

// Esc: a confirm dialog first, then the top modal. True when there was something to close.
export function escape() {
  const asked = document.querySelector(".confirm .deny");
  const view = store.state?.views.at(-1);
  if (asked) asked.click();
  else if (view) closeTop(view, false);
  return Boolean(asked || view);
}
