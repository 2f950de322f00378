// The map: any score against any other; a brush, or four numbers, choose.
const CELLS = 56;
let mapView = null, scale = null;

function density(x, y) {
  const inside = rows.filter((r) => Number.isFinite(r[x]) && Number.isFinite(r[y]));
  const range = (name) => { let low = Infinity, high = -Infinity; for (const r of inside) { low = Math.min(low, r[name]); high = Math.max(high, r[name]); } const pad = (high - low) * 0.02 || 0.5; return [low - pad, high + pad]; };
  if (!inside.length) return { cells: [], x: [0, 1], y: [0, 1], inside };
  const [ax, bx] = range(x), [ay, by] = range(y), down = Math.round(CELLS * 0.6), counts = new Map();
  for (const r of inside) {
    const i = Math.min(CELLS - 1, Math.floor(((r[x] - ax) / (bx - ax)) * CELLS)), j = Math.min(down - 1, Math.floor(((r[y] - ay) / (by - ay)) * down));
    counts.set(i * down + j, (counts.get(i * down + j) ?? 0) + 1);
  }
  const most = Math.log1p(Math.max(...counts.values())), dx = (bx - ax) / CELLS, dy = (by - ay) / down;
  const cells = [...counts].map(([key, n]) => { const i = Math.floor(key / down), j = key % down; return { x0: ax + i * dx, x1: ax + (i + 1) * dx, y0: ay + j * dy, y1: ay + (j + 1) * dy, weight: Math.log1p(n) / most }; });
  return { cells, x: [ax, bx], y: [ay, by], inside };
}

function axisTitle(name) {
  const s = score[name];
  return plain(name) + (s.unit ? ` (${s.unit})` : "");
}

async function drawMap() {
  const x = byId("map-x").value, y = byId("map-y").value;
  const found = density(x, y);
  const points = page.notable.map((k) => rows[k]).filter((r) => Number.isFinite(r[x]) && Number.isFinite(r[y]))
    .map((r) => ({ row: r.row, id: r.id, x: r[x], y: r[y], given: label(r.given), group: groupOf(r) ? `${groupOf(r)} ${group[groupOf(r)].title}` : group[""].title }));
  const spec = structuredClone(page.specs.map);
  spec.layer[0].encoding.x = { ...spec.layer[0].encoding.x, title: axisTitle(x), scale: { domain: found.x, nice: false, zero: false } };
  spec.layer[0].encoding.y = { ...spec.layer[0].encoding.y, title: axisTitle(y), scale: { domain: found.y, nice: false, zero: false } };
  for (const axis of ["x", "y"]) spec.layer[1].encoding[axis].title = spec.layer[0].encoding[axis].title;
  mapView?.finalize();
  mapView = await chart("map", spec, { density: found.cells, points });
  byId("map-legend").replaceChildren(...page.groups.filter((g) => g.rows.length).map((g) => h("li", {}, mark(g.code), `${g.code} ${g.title}`.trim())));
  scale = { x, y };
  mapView.addSignalListener("brush", (_, box) => brushed(box.x ?? Object.values(box)[0], box.y ?? Object.values(box)[1]));
  mapView.addEventListener("click", (_, item) => { if (item?.datum?.row !== undefined) open(item.datum.row); });
  byId("map").querySelector("svg")?.setAttribute("aria-label", `map of ${count(found.inside.length)} examples: ${plain(x)} across, ${plain(y)} up`);
  numbersOfMap(x, y);
  choose(null);
}

let waiting = 0;
function brushed(x, y) {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => {
    if (!x || !y || x[0] === x[1] || y[0] === y[1]) return choose(null, 150);
    const [ax, bx] = [Math.min(...x), Math.max(...x)], [ay, by] = [Math.min(...y), Math.max(...y)], set = new Set();
    for (const r of rows) if (r[scale.x] >= ax && r[scale.x] <= bx && r[scale.y] >= ay && r[scale.y] <= by && r[scale.x] !== null && r[scale.y] !== null) set.add(r.row);
    choose(set, 150);
  });
}

function byNumbers() {
  const value = (id, other) => (byId(id).value === "" ? other : Number(byId(id).value));
  brushed([value("x-from", -Infinity), value("x-to", Infinity)], [value("y-from", -Infinity), value("y-to", Infinity)]);
}

function numbersOfMap(x, y) {
  const middle = (list, name) => { const v = list.map((r) => r[name]).filter(Number.isFinite).sort((a, b) => a - b); return v.length ? v[v.length >> 1] : null; };
  const line = (title, list) => h("tr", {}, h("td", {}, title), h("td", { class: "n" }, count(list.length)), h("td", { class: "n" }, short(middle(list, x))), h("td", { class: "n" }, short(middle(list, y))));
  const parts = page.groups.map((g) => line(g.code ? `${g.code} ${g.title}` : "in no finding", rows.filter((r) => (g.code ? r.codes.includes(g.code) : !r.codes.length))));
  byId("map-numbers").replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "examples"), h("th", { class: "n" }, "count"), h("th", { class: "n" }, `median ${plain(x)}`), h("th", { class: "n" }, `median ${plain(y)}`))), h("tbody", {}, parts, line("all", rows))));
}

function tallied() {
  const last = page.edges.length - 2, width = (page.edges[last + 1] - page.edges[0]) / (last + 1);
  const name = (r) => (page.regression ? page.tally[Math.max(0, Math.min(last, Math.floor((r.given - page.edges[0]) / width)))] : label(r.given));
  const all = new Map(), some = new Map();
  for (const r of rows) {
    all.set(name(r), (all.get(name(r)) ?? 0) + 1);
    if (!chosen.rows || chosen.rows.has(r.row)) some.set(name(r), (some.get(name(r)) ?? 0) + 1);
  }
  return page.tally.filter((l) => all.has(l)).map((l) => ({ label: l, all: all.get(l), chosen: some.get(l) ?? 0 }));
}

let tallyView = null;
chosen.quick.push(() => {
  const n = chosen.rows?.size;
  byId("map-status").textContent = chosen.rows ? `${count(n)} of ${count(rows.length)} chosen` : `all ${count(rows.length)} examples`;
  byId("map-clear").hidden = !chosen.rows;
  if (tallyView) tallyView.data("tally", tallied()).run();
});
