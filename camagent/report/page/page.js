"use strict";
// Filter and sort in the browser; the page is complete without it. No request, no storage.
(() => {
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
  const byId = (id) => document.getElementById(id);
  const long = document.getElementById("all-rows"); // the list has a script of its own
  const rows = long ? [] : [...document.querySelectorAll("#upgrades tbody tr")];
  const places = [...document.querySelectorAll("tr[data-place]")];
  const cards = [...document.querySelectorAll("article.camera")];
  const counted = cards.length ? cards : rows; // the area's page has rows only
  const read = new Map();
  const wordsOf = (item) => read.get(item) ?? read.set(item, plain(item.textContent)).get(item);

  const fits = (item, wanted) => wanted.words.every((word) => wordsOf(item).includes(word))
    && wanted.choices.every(([key, value]) => item.dataset[key] === value);

  const controls = byId("controls");
  const selects = [...controls.querySelectorAll("select")];
  const filter = () => {
    const wanted = {
      words: plain(byId("search").value).split(/\s+/).filter(Boolean),
      choices: selects.filter((select) => select.value).map((select) => [select.id, select.value]),
    };
    for (const item of [...rows, ...cards]) item.toggleAttribute("data-off", !fits(item, wanted));
    const ward = wanted.choices.filter(([key]) => key === "ward");
    for (const item of places) item.toggleAttribute("data-off", !fits(item, { words: [], choices: ward }));
    if (long) return;
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

  for (const table of document.querySelectorAll("table[data-sortable]:not([data-all])")) {
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      button.addEventListener("click", () => sort(table, column));
      cell.append(button);
    });
  }
  // A table that is wider than its place can be pushed sideways with the keyboard; the others are no stop of its Tab key.
  const reach = (item) => {
    const heading = item.closest("article, section")?.querySelector("h2, h3")?.textContent.trim() ?? "";
    const wanted = { tabindex: "0", role: "group", "aria-label": heading };
    const isWide = item.scrollWidth > item.clientWidth;
    for (const [name, value] of Object.entries(wanted)) {
      if (isWide) item.setAttribute(name, value); else item.removeAttribute(name);
    }
  };
  const watching = new ResizeObserver((seen) => seen.forEach(({ target }) => reach(target)));
  for (const item of document.querySelectorAll(".scroll:not([tabindex])")) watching.observe(item);

  // Paper: what a person fills in is open, also where the browser's style sheets cannot open it.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.by-hand:not([open])")];
    for (const item of closed) item.open = true;
  });
  addEventListener("afterprint", () => { for (const item of closed) item.open = false; });

  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", filter);
  controls.hidden = counted.length < 2 && !long;
  filter();
})();
