"use strict";

// Shows what a search for a text finds as it goes, and how far it has come.
{
  const place = document.querySelector("[data-search]");
  const find = (name) => document.querySelector(`[data-search-${name}]`);
  const status = find("status"), time = find("time"), table = find("table"), more = find("more");
  const stop = find("stop");
  const source = new EventSource(place.dataset.search);

  const end = (words) => {
    source.close();
    if (words) status.textContent = words;
    time.hidden = stop.hidden = true;
  };
  const show = ({ rows, seconds, words }) => {
    status.textContent = words;
    time.value = seconds;
    table.tBodies[0].insertAdjacentHTML("beforeend", rows.join(""));
    table.hidden = !table.tBodies[0].rows.length;
  };
  stop.hidden = false;
  stop.addEventListener("click", () => end(`${status.textContent} Stopped.`));
  source.addEventListener("progress", ({ data }) => show(JSON.parse(data)));
  source.addEventListener("over", ({ data }) => {
    const told = JSON.parse(data);
    show(told);
    end("");
    more.href = told.more;
    more.hidden = !told.more;
  });
  const broken = () => end("The search broke off. Load the page again in a moment.");
  source.addEventListener("broken", broken);
  source.addEventListener("error", broken);
}
