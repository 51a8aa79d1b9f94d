// Extras only: the page is complete without them. Heads sort their tables; the list of images can be filtered.
(() => {
  const number = (text) => (/\d|∞/.test(text) ? Number(text.replaceAll("−", "-").replace("∞", "Infinity").replaceAll(",", "")) : NaN);
  const keys = {
    name: (text) => text,
    lower: number,
    higher: number,
    zero: (text) => Math.abs(number(text)),
  };
  const order = (one, other, kind, sign) => {
    if (kind === "name") return sign * one.localeCompare(other, undefined, { numeric: true });
    if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other); // what is missing comes last
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  };
  const sort = (head) => {
    const table = head.closest("table");
    const kind = head.dataset.sort;
    const before = head.getAttribute("aria-sort");
    const first = kind === "higher" ? "descending" : "ascending"; // the first click puts the best on top
    const direction = before === first ? (first === "ascending" ? "descending" : "ascending") : first;
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => {
      const cell = row.cells[head.cellIndex];
      return [keys[kind](cell.dataset.value ?? cell.textContent), row];
    });
    keyed.sort(([one], [other]) => order(one, other, kind, direction === "ascending" ? 1 : -1));
    body.append(...keyed.map(([, row]) => row));
  };
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head));
  }

  const filter = document.querySelector(".filter");
  if (!filter) return;
  const method = filter.querySelector("select");
  const image = filter.querySelector("input");
  const told = filter.querySelector("output");
  const rows = [...document.querySelectorAll("#values tbody tr")];
  const apply = () => {
    const wanted = image.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!method || !method.value || row.cells[1].textContent === method.value) && row.cells[0].textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits;
    }
    told.textContent = `${shown} of ${rows.length} rows`;
  };
  filter.hidden = false;
  filter.addEventListener("input", apply);
  filter.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
