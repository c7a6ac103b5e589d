"use strict";

// Suggests words of the filter language, and values for some, below the field while one types.
{
  const MOST = 8;
  const field = document.querySelector("[data-suggest]");
  const list = document.getElementById("suggestions");
  const words = [...document.querySelectorAll("#words option")];
  const NAMED = /[:<>]/;
  let chosen = -1;

  const typed = () => {
    const before = field.value.slice(0, field.selectionStart);
    return before.slice(before.lastIndexOf(" ") + 1);
  };
  const fitting = (start) =>
    words.filter(({ value }) => {
      const isValue = value.length > 1 && NAMED.test(value.slice(0, -1));
      return value.toLowerCase().startsWith(start) && value !== start && isValue === NAMED.test(start);
    });
  const choose = (at) => {
    chosen = at;
    [...list.children].forEach((item, order) => item.setAttribute("aria-selected", order === at));
    if (at < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", list.children[at].id);
  };
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    choose(-1);
  };
  const take = (value) => {
    const start = field.selectionStart - typed().length;
    const put = NAMED.test(value.at(-1)) ? value : `${value} `;
    field.setRangeText(put, start, field.selectionStart, "end");
    field.focus();
    show();
  };
  const item = ({ value, label }, order) => {
    const drawn = document.createElement("li"), about = document.createElement("small");
    drawn.id = `suggestion-${order}`;
    drawn.setAttribute("role", "option");
    drawn.append(value, about);
    about.textContent = label === value ? "" : label;
    drawn.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(value);
    });
    return drawn;
  };
  const show = () => {
    const start = typed().toLowerCase();
    const found = start && !start.startsWith('"') ? fitting(start).slice(0, MOST) : [];
    list.replaceChildren(...found.map(item));
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    choose(-1);
  };

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  close();
  field.addEventListener("input", show);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    const count = list.children.length;
    if (list.hidden || !count) return;
    if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose((chosen - 1 + count) % count);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen >= 0) list.children[chosen].dispatchEvent(new Event("mousedown", { cancelable: true }));
    else return;
    event.preventDefault();
  });
}
