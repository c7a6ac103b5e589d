"use strict";

// Has the seal of a session looked at, once the page is there.
for (const place of document.querySelectorAll("[data-seal]")) {
  fetch(`${place.dataset.seal}&part`)
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.status))))
    .then((html) => (place.innerHTML = html))
    .catch(() => (place.textContent = "The seal could not be checked. Load the page again."));
}
