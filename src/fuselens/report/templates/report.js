// Extras only: the page is complete without them. One crosshair over all linked panels.
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
})();
