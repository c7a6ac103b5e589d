// Confirm dialogs, that stand before what cannot be taken back.

import { h } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

// Ask, as a Block Kit `confirm` object says. Resolves to what was answered.
export function confirmFirst(confirm) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const answer = (yes) => {
      scrim.remove();
      before?.focus();
      resolve(yes);
    };
    const style = confirm.style === "danger" ? "danger" : "primary";
    const yes = h(
      "button",
      { class: `btn ${style} yes`, type: "button", onclick: () => answer(true) },
      plain(confirm.confirm.text),
    );
    const box = h(
      "div",
      {
        class: "confirm",
        role: "alertdialog",
        "aria-modal": "true",
        "aria-label": confirm.title.text,
      },
      h("h2", {}, plain(confirm.title.text)),
      h("div", { class: "confirm-text" }, textObject(confirm.text)),
      h(
        "div",
        { class: "modal-foot" },
        h(
          "button",
          { class: "btn deny", type: "button", onclick: () => answer(false) },
          plain(confirm.deny.text),
        ),
        yes,
      ),
    );
    const scrim = h("div", { class: "scrim" }, box);
    document.body.append(scrim);
    yes.focus();
  });
}
