// All examples: sorts, filters, searches; pages, so that 60,000 rows are as quick as 60.
const PER_PAGE = 50;
const OWN = 5; // scores with a column of their own; one more is chosen
const table = { sort: page.scores[0]?.name ?? "id", down: true, at: 0, found: [], ticked: new Set() };
if (page.scores[0]?.direction === -1) table.down = false;

const COMPARE = { ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b, "=": (a, b) => a === b };

// "cat memorization>0.5" -> a test of one row
function query(text) {
  const tests = text.trim().toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const m = word.match(/^([a-z_0-9]+)(>=|<=|>|<|=)(-?[\d.]+)$/);
    const name = m && page.scores.map((s) => s.name).find((n) => n === m[1] || n.replaceAll("_", "") === m[1]);
    if (name) return (r) => r[name] !== null && COMPARE[m[2]](r[name], Number(m[3]));
    return (r) => r.id.toLowerCase().includes(word) || label(r.given).toLowerCase() === word || (r.asked > 0 && label(r.others).toLowerCase() === word) || r.codes.some((c) => c.toLowerCase() === word);
  });
  return (r) => tests.every((test) => test(r));
}

function find() {
  const test = query(byId("search").value), code = byId("by-code").value, given = byId("by-class")?.value ?? "";
  table.found = inOrder().filter((r) => (!chosen.rows || chosen.rows.has(r.row)) && (code === "" || (code === "none" ? !r.codes.length : r.codes.includes(code))) && (given === "" || label(r.given) === given) && test(r));
  table.at = 0;
  draw();
}

// all rows in the chosen order, sorted anew only when the order changes
const order = { key: null, down: null, rows: [] };
function inOrder() {
  const key = table.sort, sign = table.down ? -1 : 1;
  if (order.key === key && order.down === table.down) return order.rows;
  Object.assign(order, { key, down: table.down });
  const text = key === "id" && rows.some((r) => !/^\d+$/.test(r.id));
  const value = key === "id" && !text ? (r) => Number(r.id) : key === "codes" ? (r) => r.codes.join(" ") : (r) => r[key];
  order.rows = rows.map((row) => [value(row), row]).sort(([u, a], [v, b]) => {
    if (u === v) return a.row - b.row;
    if (u === null) return 1; // what is not known comes last either way
    if (v === null) return -1;
    return u < v ? -sign : sign;
  }).map(([, row]) => row);
  return order.rows;
}

function columns() {
  const list = [["id", "id", ""], ["given", page.regression ? "target" : "given", page.regression ? "n" : ""]];
  if (rows.some((r) => r.asked)) list.push(["others", page.regression ? "others predict" : "others say", page.regression ? "n" : ""]);
  list.push(["codes", "findings", ""]);
  const extra = byId("extra").value;
  return list.concat([...page.scores.slice(0, OWN).map((s) => s.name), extra].filter((name) => name in score).map((name) => [name, plain(name), "n"]));
}

function cell(row, [key, , kind]) {
  if (key === "id") return h("td", { class: "id" }, h("button", { class: "link", type: "button", title: row.id, onclick: () => open(row.row) }, row.id));
  if (key === "given") return h("td", { class: kind }, label(row.given));
  if (key === "others") return h("td", { class: kind }, row.asked ? [label(row.others), h("span", { class: "quiet" }, ` ${page.regression ? "" : votes(row)}`)] : "–");
  if (key === "codes") return h("td", {}, row.codes.join(" ") || h("span", { class: "quiet" }, "–"));
  return h("td", { class: "n" }, key === "memorization" ? memorized(row) : shown(key, row[key]));
}

function draw() {
  const begin = table.at * PER_PAGE, part = table.found.slice(begin, begin + PER_PAGE), pages = Math.max(1, Math.ceil(table.found.length / PER_PAGE));
  const tick = (row) => h("input", { type: "checkbox", checked: table.ticked.has(row.row), "aria-label": `select example ${row.id}`, onchange: (e) => { e.target.checked ? table.ticked.add(row.row) : table.ticked.delete(row.row); said(); } });
  byId("table-body").replaceChildren(...part.map((row) => h("tr", {}, h("td", { class: "no-print" }, tick(row)), page.pictures ? h("td", {}, picture(row.row, 28, row.id)) : null, columns().map((c) => cell(row, c)))));
  if (!part.length) byId("table-body").append(h("tr", {}, h("td", { colspan: 20, class: "quiet" }, "No example passes these filters. Clear the search, choose all findings, or clear the selection on the map.")));
  byId("page-at").textContent = table.found.length ? `${count(begin + 1)} to ${count(begin + part.length)} of ${count(table.found.length)}` : "0";
  byId("page-back").disabled = table.at === 0;
  byId("page-on").disabled = table.at >= pages - 1;
  for (const th of byId("table-head").querySelectorAll("th[data-key]")) th.setAttribute("aria-sort", th.dataset.key === table.sort ? (table.down ? "descending" : "ascending") : "none");
  said();
}

const taken = () => (table.ticked.size ? rows.filter((r) => table.ticked.has(r.row)) : table.found);
function said() {
  const what = table.ticked.size ? `${count(table.ticked.size)} ticked` : `${count(table.found.length)} shown`;
  byId("copy-ids").textContent = `Copy ids (${what})`;
  byId("download").textContent = `Download CSV (${what})`;
  byId("untick").hidden = !table.ticked.size;
}

function asCsv(list) {
  const names = ["id", "given", "others_say", "votes", "asked", "findings", ...page.scores.map((s) => s.name)];
  // a cell that begins like a formula gets an apostrophe, so that a spreadsheet shows it and does not run it
  const safe = (v) => { let t = v === null || v === undefined ? "" : String(v); if (typeof v === "string" && /^[=+\-@\t\r]/.test(t)) t = "'" + t; return /[",\n\r]/.test(t) ? `"${t.replaceAll('"', '""')}"` : t; };
  const line = (r) => [r.id, label(r.given), r.asked ? label(r.others) : "", r.votes, r.asked, r.codes.join(" "), ...page.scores.map((s) => r[s.name])].map(safe).join(",");
  return [names.join(","), ...list.map(line)].join("\n") + "\n";
}

function drawHead() {
  byId("table-head").replaceChildren(h("tr", {}, h("th", { class: "no-print" }, h("input", { type: "checkbox", "aria-label": "select all that are shown", id: "tick-all", onchange: (e) => { for (const r of table.found) e.target.checked ? table.ticked.add(r.row) : table.ticked.delete(r.row); draw(); } })), page.pictures ? h("th", {}, "") : null,
    columns().map(([key, title, kind]) => h("th", { class: kind, "data-key": key, scope: "col" }, h("button", { type: "button", title: score[key]?.higher ? `higher means ${score[key].higher}` : null, onclick: () => { table.down = table.sort === key ? !table.down : key !== "id"; table.sort = key; find(); } }, title)))));
}

function startTable() {
  byId("extra").append(...page.scores.slice(OWN).map((s) => h("option", { value: s.name }, plain(s.name))));
  byId("extra").parentElement.hidden = page.scores.length <= OWN;
  drawHead();
  byId("extra").addEventListener("change", () => { drawHead(); draw(); });
  for (const id of ["search", "by-code", "by-class"]) byId(id)?.addEventListener("input", find);
  byId("page-back").addEventListener("click", () => { table.at -= 1; draw(); });
  byId("page-on").addEventListener("click", () => { table.at += 1; draw(); });
  byId("untick").addEventListener("click", () => { table.ticked.clear(); byId("tick-all").checked = false; draw(); });
  byId("copy-ids").addEventListener("click", async (e) => { await copied(e.currentTarget, taken().map((r) => r.id).join("\n")); setTimeout(said, 1300); });
  byId("download").addEventListener("click", () => { const url = URL.createObjectURL(new Blob([asCsv(taken())], { type: "text/csv" })); h("a", { href: url, download: "examples.csv" }).click(); setTimeout(() => URL.revokeObjectURL(url), 1000); });
  chosen.listeners.push(find);
}
