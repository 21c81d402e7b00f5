"use strict";
// Shows the state that the program sends, and asks it for work. Keeps nothing; loads no picture.
(() => {
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(document.body.dataset.words);
  const lang = document.documentElement.lang;
  const csrf = document.querySelector("meta[name=csrf]").content;
  const say = (key, gaps = {}) => words[key].replace(/\{(\w+)(?::(~?)\|([^|}]*)\|([^|}]*))?\}/g, (_, name, alone, one, many) => {
    const number = String(gaps[name]);
    if (one === undefined) return number;
    return `${alone ? "" : `${number} `}${number === "1" ? one : many}`;
  });
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
  const SIGN = { ready: "✓", not_ready: "✗", undetermined: "?" };
  const REJOIN_MS = 3000;
  let state = null;
  let verdict = "";
  let opened = ""; // id of the camera in the dialog
  let begun = ""; // id of the camera that was asked to be checked again
  let openedBy = null;

  const make = (tag, options = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "class") node.className = value;
      else if (name === "text") node.textContent = value;
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  };
  const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const setItems = (list, texts) => {
    if ([...list.children].map((item) => item.textContent).join("\n") === texts.join("\n")) return;
    list.replaceChildren(...texts.map((text) => make("li", { text })));
  };
  const problem = (text) => {
    setItems(byId("problems"), text ? [text] : []);
    if (text && opened) setText(byId("d-status"), text);
  };

  const post = async (path, fields) => {
    try {
      const reply = await fetch(`${path}?lang=${lang}`, {
        method: "POST", credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-Camagent": csrf }, body: JSON.stringify(fields),
      });
      if (reply.ok) return true;
      const kind = reply.headers.get("Content-Type") || "";
      problem(kind.includes("json") ? (await reply.json()).told : await reply.text());
    } catch { showLost(true); }
    return false;
  };
  // Its button waits for the answer: a second click on a slow machine is not a second order.
  const order = async (button, path, fields) => {
    const from = document.activeElement;
    button.disabled = true;
    problem("");
    const done = await post(path, fields);
    // On a phone the status stands below; who has gone on to another field meanwhile is not pulled away from it.
    const stayed = [from, document.body].includes(document.activeElement);
    if (!done) button.disabled = false;
    else if (!opened && stayed) byId("status").parentElement.scrollIntoView({ block: "nearest" });
    return done;
  };
  const showLost = (lost) => {
    const node = byId("lost");
    if (lost) setText(node, say("lost"));
    node.hidden = !lost;
    if (opened) showAgain();
  };

  // One card a camera or device; a card whose content is the same stays, and so does the focus in it.
  const cards = new Map();
  const badge = (row) => row.verdict
    ? make("span", { class: `badge ${row.verdict}`, text: `${SIGN[row.verdict]} ${row.verdict_text}` })
    : make("span", { class: row.busy ? "badge busy" : "badge", text: row.step });
  const card = (row) => {
    const where = make("p", { class: "where" }, make("span", { class: "address", text: row.address }));
    const more = [row.device, row.place].filter(Boolean).join(" · ");
    if (more) where.append(` · ${more}`);
    const node = make("li", { class: `card ${row.verdict || ""}` },
      make("div", { class: "head" }, make("h3", { text: row.name }), badge(row)), where);
    if (!row.verdict) return node;
    if (row.reason) node.append(make("p", { text: row.more ? `${row.reason} (${row.more})` : row.reason }));
    if (row.verdict !== "ready" && !row.waits) node.append(make("p", { class: "action", text: `→ ${row.action_text}` }));
    const text = say(row.verdict === "ready" ? "open_ready" : "open");
    const button = make("button", { type: "button", class: "quiet", text, "aria-label": `${text}: ${row.name} ${row.address}` });
    button.addEventListener("click", () => open(row.id, row.id));
    node.append(button);
    return node;
  };
  const showList = () => {
    const wanted = plain(byId("find").value).split(/\s+/).filter(Boolean);
    const rows = [...state.cameras, ...state.devices];
    const fits = (row) => (!verdict || row.verdict === verdict)
      && wanted.every((word) => plain(Object.values(row).join(" ")).includes(word));
    const shown = rows.filter(fits);
    const list = byId("list");
    const nodes = shown.map((row) => {
      const key = JSON.stringify(row);
      const before = cards.get(row.id);
      if (before && before.key === key) return before.node;
      const focused = before && before.node.contains(document.activeElement);
      const node = card(row);
      cards.set(row.id, { key, node });
      if (focused) { before.node.replaceWith(node); node.querySelector("button")?.focus(); }
      return node;
    });
    if (nodes.length !== list.children.length || nodes.some((node, at) => node !== list.children[at])) {
      const active = document.activeElement;
      list.replaceChildren(...nodes);
      if (active !== document.activeElement && list.contains(active)) active.focus({ preventScroll: true });
    }
    for (const id of cards.keys()) if (!rows.some((row) => row.id === id)) cards.delete(id);
    if (!rows.length) list.replaceChildren(make("li", { text: say("no_cameras") }));
    else if (!shown.length) list.replaceChildren(make("li", { text: say("none_fit") }));
    setText(byId("shown"), wanted.length || verdict ? say("shown", { shown: shown.length, total: rows.length }) : "");
    for (const tile of byId("tiles").children) {
      const one = tile.dataset.verdict;
      setText(tile.querySelector(".count"), String(one ? state.cameras.filter((row) => row.verdict === one).length : rows.length));
      tile.setAttribute("aria-pressed", String(one === verdict));
    }
  };

  const showAbout = () => {
    const result = state.result;
    const lines = result ? [result.coverage, ...result.notes, result.profile] : [];
    const about = byId("about");
    if (about.textContent !== lines.join("")) about.replaceChildren(...lines.map((text) => make("p", { text })));
    setItems(byId("logins"), result ? [...result.logins, ...result.site] : []);
    byId("save").hidden = !result;
    const changes = state.changes;
    byId("changes").hidden = !changes;
    if (!changes) return;
    const key = JSON.stringify(changes);
    const node = byId("changed");
    if (node.dataset.key === key) return;
    node.dataset.key = key;
    node.replaceChildren(make("p", { text: say(changes.cameras.length ? "changes" : "no_changes", { at: changes.before }) }));
    if (!changes.same_profile) node.append(make("p", { class: "notice", text: say("other_profile") }));
    node.append(make("ul", {}, ...changes.cameras.map((one) => {
      const rules = [...one.fixed.map((rule) => `✓ ${rule}`), ...one.broken.map((rule) => `✗ ${rule}`)].join(", ");
      return make("li", {}, make("strong", { text: one.change_text }), `: ${one.name} (${one.address})${rules ? ` – ${rules}` : ""}`);
    })));
    if (changes.more) node.append(make("p", { text: say("more_changes", { count: changes.more }) }));
  };

  const show = (fresh) => {
    const before = state;
    state = fresh;
    byId("lost").hidden = true;
    const busy = state.phase !== "idle";
    setText(byId("status"), state.status);
    byId("provisional").hidden = !state.provisional;
    const bar = byId("progress");
    const ended = state.phase === "ended";
    bar.hidden = !busy || ended;
    if (state.phase === "check" && state.total) { bar.max = state.total; bar.value = state.done; } else bar.removeAttribute("value");
    byId("stop").hidden = !busy || ended;
    byId("stop").disabled = state.stopping;
    for (const button of document.querySelectorAll("[data-act]")) button.disabled = busy;
    byId("scan").disabled = busy || !state.searched;
    byId("end").disabled = ended;
    byId("keep").disabled = ended;
    if (state.problems.length || (before && before.phase !== state.phase)) setItems(byId("problems"), state.problems);
    const ranges = byId("ranges");
    if (!before && state.ranges.length) ranges.value = state.ranges.join(", ");
    setText(byId("login"), state.login ? say("login_kept", { user: state.login.user, ranges: state.login.ranges.join(", ") }) : say("login_none"));
    byId("trust-row").hidden = !state.new;
    setText(byId("trust-text"), byId("trust-text").dataset.text.replace("%1", state.new));
    showList();
    showAbout();
    if (opened) showAgain();
    if (ended) leave();
  };

  // The dialog with all that is known of one camera.
  const findings = (title, rows, open) => {
    if (!rows.length) return null;
    const blocks = rows.map((row) => make("div", { class: "finding" },
      make("p", {}, make("strong", { text: row.title }), make("span", { class: "rule", text: ` ${row.outcome_text} · ${row.severity} · ${row.rule}` })),
      make("p", { text: row.message }),
      row.remedy ? make("p", { class: "remedy", text: `→ ${row.remedy}` }) : null,
      make("p", { class: "rule", text: say("basis", { basis: row.basis }) })));
    const node = make("details", {}, make("summary", { text: `${title} (${rows.length})` }), ...blocks);
    node.open = open;
    return node;
  };
  const table = (name, heads, rows) => make("div", { class: "wide", tabindex: "0", role: "group", "aria-label": name }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col", text })))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text, at) => make(at ? "td" : "th", at ? { text } : { scope: "row", text })))))));
  const detail = (row) => {
    const todo = make("div", { class: "todo" }, make("h3", { text: `${say("what_to_do")}: ${row.verdict === "ready" ? say("nothing_to_do") : row.action_text}` }));
    if (row.steps.length) todo.append(make("ol", {}, ...row.steps.map((text) => make("li", { text }))));
    if (row.settings.length) todo.append(make("h4", { text: say("settings") }), table(say("settings"), [say("setting"), say("now"), say("then")], row.settings));
    if (row.uncertain) todo.append(make("p", { class: "hint", text: row.uncertain }));
    const where = [row.address, row.device, row.firmware, row.serial, row.place].filter(Boolean).join(" · ");
    const measured = row.streams.filter((stream) => stream.rows.length).map((stream) => make("div", {}, make("h4", { text: stream.role }),
      table(`${say("measured")}: ${stream.role}`, [say("fact"), say("configured"), say("declared"), say("seen")], stream.rows)));
    const parts = [
      make("h2", { id: "d-name", tabindex: "-1" }, row.name, badge(row)),
      make("p", { class: "where", text: where }),
      row.checked_at ? make("p", { class: "hint", text: say("checked_at", { at: row.checked_at }) }) : null,
      todo,
      findings(say("findings"), row.told, true),
      findings(say("manual"), row.manual, false),
      findings(say("lesser"), row.lesser, false),
      row.fine.length ? make("details", {}, make("summary", { text: `${say("fine")} (${row.fine.length})` }), make("ul", {}, ...row.fine.map((text) => make("li", { text })))) : null,
      measured.length ? make("details", {}, make("summary", { text: say("measured") }), ...measured) : null,
    ];
    byId("d-body").replaceChildren(...parts.filter((part) => part !== null));
  };
  let fetched = "";
  const refresh = async () => {
    const id = opened;
    const row = state.cameras.find((one) => one.id === id);
    if (!row) return;
    try {
      const reply = await fetch(`/camera?id=${encodeURIComponent(id)}&lang=${lang}`, { credentials: "same-origin" });
      const known = reply.ok ? await reply.json() : null;
      if (known && opened === id) detail(known);
    } catch { showLost(true); }
  };
  const open = async (id, by) => {
    opened = id;
    openedBy = by;
    fetched = "";
    await refresh();
    byId("detail").showModal();
    byId("d-name")?.focus();
    showAgain();
  };
  const showAgain = () => {
    const busy = state.phase !== "idle";
    byId("again").disabled = busy || !state.of_now;
    const mine = state.phase === "one" && state.one === opened;
    let told = state.of_now ? say("again_hint") : say("again_later");
    if (!byId("lost").hidden) told = say("lost"); // the page lies behind the dialog
    else if (mine) told = say("checking");
    else if (busy) told = state.status;
    else if (begun === opened) told = state.problems.join(" ") || state.status;
    setText(byId("d-status"), told);
    const key = `${state.phase} ${state.one}`;
    if (fetched && fetched !== key && !busy) refresh();
    fetched = key;
  };

  byId("f-search").addEventListener("submit", (event) => {
    event.preventDefault();
    order(event.submitter, "/search", { ranges: byId("ranges").value });
  });
  byId("f-login").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = byId("password");
    const done = await order(byId("keep"), "/login", { user: byId("user").value, password: field.value });
    byId("keep").disabled = false;
    field.value = ""; // it is in the store, or it was refused: it stays nowhere in the page
    if (done) { byId("user").value = ""; setText(byId("status"), say("saved")); }
  });
  byId("f-scan").addEventListener("submit", (event) => {
    event.preventDefault();
    order(byId("scan"), "/scan", { trust_new: !byId("trust-row").hidden && byId("trust").checked });
  });
  byId("stop").addEventListener("click", () => order(byId("stop"), "/stop", {}));
  byId("again").addEventListener("click", () => { begun = opened; order(byId("again"), "/again", { id: opened }); });
  byId("end").addEventListener("click", () => { if (confirm(say("confirm_end"))) post("/end", {}); });
  byId("print").addEventListener("click", () => window.print());
  byId("find").addEventListener("input", () => state && showList());
  byId("tiles").addEventListener("click", (event) => {
    const tile = event.target.closest("button");
    if (!tile || !state) return;
    verdict = tile.dataset.verdict === verdict ? "" : tile.dataset.verdict;
    showList();
  });
  byId("detail").addEventListener("close", () => {
    opened = "";
    cards.get(openedBy)?.node.querySelector("button")?.focus();
  });

  // Paper cannot be unfolded.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("#detail[open] details:not([open])")];
    for (const part of folded) part.open = true;
  });
  window.addEventListener("afterprint", () => { for (const part of folded) part.open = false; });

  // The first thing that a tab gets is the whole state, so one that slept has missed nothing. A hidden tab lets its
  // stream go, because a browser opens six connections to one server and no more.
  let events = null;
  let rejoining = 0;
  const leave = () => {
    clearTimeout(rejoining);
    events?.close();
    events = null;
  };
  const join = () => {
    leave();
    if (document.hidden || (state && state.phase === "ended")) return;
    events = new EventSource(`/events?lang=${lang}`);
    events.addEventListener("state", (event) => show(JSON.parse(event.data)));
    events.addEventListener("error", () => {
      showLost(true);
      // After a refusal the browser would give up for good.
      if (events?.readyState === EventSource.CLOSED) rejoining = setTimeout(join, REJOIN_MS);
    });
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else join(); });
  join();
})();
