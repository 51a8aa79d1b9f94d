// Extras only: the page is complete without them. Click or Enter enlarges a picture; printing opens what is folded.
(() => {
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
