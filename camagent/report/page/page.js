"use strict";
// Filter and sort in the browser; the page is complete without it. No request, no storage.
(() => {
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
  const byId = (id) => document.getElementById(id);
  const rows = [...document.querySelectorAll("#upgrades tbody tr")];
  const cards = [...document.querySelectorAll("article.camera")];
  const counted = cards.length ? cards : rows; // the area's page has rows only
  const words = new Map([...rows, ...cards].map((item) => [item, plain(item.textContent)]));

  const fits = (item, wanted) => wanted.words.every((word) => words.get(item).includes(word))
    && (!wanted.verdict || item.dataset.verdict === wanted.verdict)
    && (!wanted.action || item.dataset.action === wanted.action);

  const filter = () => {
    const wanted = {
      words: plain(byId("search").value).split(/\s+/).filter(Boolean),
      verdict: byId("verdict").value,
      action: byId("action").value,
    };
    for (const item of [...rows, ...cards]) item.toggleAttribute("data-off", !fits(item, wanted));
    const shown = counted.filter((item) => !item.hasAttribute("data-off")).length;
    byId("shown").textContent = byId("shown").dataset.text.replace("%1", shown).replace("%2", counted.length);
  };

  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const sort = (table, column) => {
    const head = table.tHead.rows[0].cells[column];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sorted = [...table.tBodies[0].rows].sort((a, b) => (down ? -1 : 1) * collator.compare(key(a, column), key(b, column)));
    table.tBodies[0].append(...sorted);
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      button.addEventListener("click", () => sort(table, column));
      cell.append(button);
    });
  }
  const controls = byId("controls");
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", filter);
  controls.hidden = counted.length < 2;
  filter();
})();
