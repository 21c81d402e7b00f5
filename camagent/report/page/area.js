"use strict";
// The list of an area that is too long for a page: filtered and sorted over all of its rows, the first of them shown.
// No request, no storage; texts are only ever set as text.
(() => {
  const byId = (id) => document.getElementById(id);
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
  const table = byId("upgrades").querySelector("table");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const labels = heads.map((cell) => cell.textContent.trim());
  const most = Number(table.dataset.all);
  const KEYS = ["ward", "maker", "verdict", "action"];
  const SIGNS = { ready: "✓", not_ready: "✗", undetermined: "?" };
  const badge = heads.findIndex((cell) => cell.classList.contains("c-verdict"));
  let data = null, plains = null, ranks = null, order = null;

  const read = () => {
    if (data) return;
    data = JSON.parse(byId("all-rows").textContent);
    plains = new Array(data.texts.length);
    order = data.rows.map((_, index) => index);
  };
  const says = (row, word) => row[5].some((cell) => cell.some((number) =>
    (plains[number] ??= plain(data.texts[number])).includes(word)));
  const fits = (row, wanted, words) => KEYS.every((key, index) => !wanted[key] || data.texts[row[index + 1]] === wanted[key])
    && words.every((word) => says(row, word));

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const drawn = (row) => {
    const line = document.createElement("tr");
    line.dataset.verdict = data.texts[row[3]];
    line.dataset.action = data.texts[row[4]];
    [[null, row[0]], ...row[5].map((cell) => [cell, null])].forEach(([cell, number], column) => {
      const box = document.createElement(column === 2 ? "th" : "td");
      box.dataset.label = labels[column];
      if (column === badge) {
        const verdict = line.dataset.verdict;
        box.append(Object.assign(element("span", `${SIGNS[verdict]} ${data.texts[cell[0]]}`), { className: `badge ${verdict}` }));
      } else box.append(cell ? data.texts[cell[0]] : String(number));
      for (const small of cell ? cell.slice(1) : []) box.append(document.createElement("br"), element("small", data.texts[small]));
      line.append(box);
    });
    return line;
  };
  const show = () => {
    read();
    const wanted = Object.fromEntries(KEYS.map((key) => [key, byId(key).value]));
    const words = plain(byId("search").value).split(/\s+/).filter(Boolean);
    const found = order.filter((index) => fits(data.rows[index], wanted, words));
    body.replaceChildren(...found.slice(0, most).map((index) => drawn(data.rows[index])));
    const told = byId("shown");
    const text = found.length > most ? told.dataset.more : told.dataset.text;
    told.textContent = text.replace("%1", Math.min(found.length, most)).replace("%2", data.rows.length).replace("%3", found.length);
  };

  const rankAll = () => {
    const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
    const sorted = data.texts.map((_, index) => index).sort((a, b) => collator.compare(data.texts[a], data.texts[b]));
    ranks = new Array(sorted.length);
    sorted.forEach((index, rank) => { ranks[index] = rank; });
  };
  const sort = (column) => {
    read();
    if (!ranks) rankAll();
    const down = heads[column].getAttribute("aria-sort") === "ascending";
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (index) => column ? ranks[data.rows[index][5][column - 1][0]] : data.rows[index][0];
    order.sort((a, b) => (down ? -1 : 1) * (key(a) - key(b)) || data.rows[a][0] - data.rows[b][0]);
    show();
  };
  heads.forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    button.addEventListener("click", () => sort(column));
    cell.append(button);
  });
  byId("controls").addEventListener("input", show);
  byId("controls").hidden = false;
})();
