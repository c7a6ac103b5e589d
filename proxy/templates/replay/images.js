"use strict";

// Shows an image where its link is, once somebody asks for it.
for (const link of document.querySelectorAll("[data-image]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const image = document.createElement("img");
    image.alt = link.dataset.image;
    image.addEventListener("error", () => image.replaceWith("There is no image here that can be shown."));
    image.src = link.href;
    link.replaceWith(image);
  });
}
