// A small menu beside a button. Arrow keys move, Esc closes, a click elsewhere closes.

import { h } from "./dom.js";

let open = null;

export function closePopover() {
  open?.remove();
  open = null;
}

// `choices`: [{label, run, node?}], where `node` may replace the plain label.
export function popover(anchor, choices, className = "") {
  closePopover();
  const items = choices.map((choice) => {
    const item = h(
      "button",
      { class: "menu-item", type: "button", role: "menuitem" },
      choice.node ?? choice.label,
    );
    item.addEventListener("click", () => {
      closePopover();
      choice.run();
    });
    return item;
  });
  open = h("div", { class: `menu ${className}`, role: "menu" }, items);
  document.body.append(open);
  place(open, anchor.getBoundingClientRect());
  open.addEventListener("keydown", (event) => move(event, items));
  items[0]?.focus();
  setTimeout(() => document.addEventListener("click", outside, { once: true }));
}

function outside(event) {
  if (open?.contains(event.target)) document.addEventListener("click", outside, { once: true });
  else closePopover();
}

function move(event, items) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length].focus();
    event.preventDefault();
  } else if (event.key === "Escape") {
    closePopover();
    event.stopPropagation();
  }
}

function place(menu, box) {
  const { width, height } = menu.getBoundingClientRect();
  const below = box.bottom + 6 + height < innerHeight;
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? box.bottom + 6 : box.top - height - 6)}px`;
}
