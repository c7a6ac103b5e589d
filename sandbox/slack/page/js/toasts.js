// Short notices at the foot of the window.

import { h, icon } from "./dom.js";

const SHOWN_MS = 6000;

export function toast(text, kind = "info") {
  const close = h("button", { class: "toast-close", "aria-label": "Dismiss" }, icon("close", 16));
  const note = h(
    "div",
    { class: `toast ${kind}` },
    icon(kind === "error" ? "warn" : "check", 18),
    h("span", {}, text),
    close,
  );
  close.addEventListener("click", () => note.remove());
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
