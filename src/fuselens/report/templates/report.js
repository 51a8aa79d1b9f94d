// Extras only: the page is complete without them. One crosshair over all linked panels; click or Enter enlarges.
(() => {
  const root = document.documentElement;
  const panels = [...document.querySelectorAll(".linked")];
  const place = document.querySelector(".place");
  const point = (event) => {
    const edge = event.currentTarget.getBoundingClientRect();
    const x = Math.min(Math.max((event.clientX - edge.left) / edge.width, 0), 0.9999);
    const y = Math.min(Math.max((event.clientY - edge.top) / edge.height, 0), 0.9999);
    root.style.setProperty("--x", `${100 * x}%`);
    root.style.setProperty("--y", `${100 * y}%`);
    const image = event.currentTarget.querySelector("img");
    const [rows, columns] = ["height", "width"].map((side) => Number(image.getAttribute(side)));
    place.textContent = `row ${Math.floor(y * rows)}, column ${Math.floor(x * columns)}`;
    root.classList.add("pointing");
  };
  for (const panel of panels) {
    panel.addEventListener("pointermove", point);
    panel.addEventListener("pointerleave", () => root.classList.remove("pointing"));
  }
  const dialog = document.querySelector("dialog");
  const enlarge = (panel) => {
    const copy = panel.cloneNode(true);
    copy.classList.remove("linked");
    copy.removeAttribute("tabindex");
    dialog.replaceChildren(copy);
    dialog.showModal();
  };
  for (const panel of document.querySelectorAll(".panel")) {
    panel.tabIndex = 0;
    panel.setAttribute("role", "button");
    panel.setAttribute("aria-label", `Enlarge: ${panel.querySelector("img").alt}`);
    panel.addEventListener("click", () => enlarge(panel));
    panel.addEventListener("keydown", (event) => event.key === "Enter" && enlarge(panel));
  }
  dialog.addEventListener("click", () => dialog.close());
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
})();
