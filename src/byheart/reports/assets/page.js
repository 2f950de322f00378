// The page's data: one JSON object, and one row per training example, unpacked once.
const page = JSON.parse(document.getElementById("page").textContent);

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(plain).text();
}

// one line of CSV; only ids can be quoted, and a quote inside a quoted cell is doubled
function cellsOf(line) {
  if (!line.includes('"')) return line.split(",");
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => (m[1] === undefined ? m[2] : m[1].replaceAll('""', '"')));
}

const TEXT = new Set(["id", "codes"]);
const [head, ...lines] = (await unpack(document.getElementById("rows").textContent.trim())).trimEnd().split("\n");
const names = head.split(",");
const rows = lines.map((line, row) => {
  const cells = cellsOf(line), made = { row };
  for (let k = 0; k < names.length; k += 1) made[names[k]] = TEXT.has(names[k]) ? cells[k] : cells[k] === "" ? null : Number(cells[k]);
  made.codes = made.codes ? made.codes.split(" ") : [];
  return made;
});

const score = Object.fromEntries(page.scores.map((s) => [s.name, s]));
const group = Object.fromEntries(page.groups.map((g) => [g.code, g]));
const groupOf = (row) => row.codes.find((code) => code in group) ?? "";

// one line of text from a number
const count = (n) => n.toLocaleString("en-US");
function short(v, whole = false) {
  if (v === null || v === undefined || Number.isNaN(v)) return "–";
  if (whole) return count(v).replace("-", "−");
  const text = Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : v.toFixed(2);
  return text.replace(/^(-?)0\./, "$1.").replace("-", "−");
}
for (const s of page.scores) s.whole = rows.every((row) => row[s.name] === null || Number.isInteger(row[s.name])) && rows.some((row) => Math.abs(row[s.name]) > 1);
const shown = (name, v) => short(v, score[name].whole);
const label = (k) => (page.regression ? short(k, Number.isInteger(k)) : k === null || k < 0 ? "–" : page.classes[k] ?? String(k));
const plain = (name) => name.replaceAll("_", " ");
const votes = (row) => (row.asked ? `${row.votes} of ${row.asked}` : "");
const memorized = (row) => short(row.memorization) + (row.se ? ` ± ${short(2 * row.se)}` : "");

// an element; text from data only ever becomes text, never markup
function h(tag, props = {}, ...inside) {
  const svg = ["svg", "rect", "line", "text", "title", "path"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside.flat().filter((x) => x !== null && x !== undefined && x !== false));
  return element;
}
const SHAPES = { circle: "M6 1.5a4.5 4.5 0 1 0 .01 0z", square: "M2 2h8v8H2z", diamond: "M6 .5 11 6 6 11.5 1 6z", "triangle-up": "M6 1.5 11 10.5H1z", "triangle-down": "M6 10.5 11 1.5H1z", cross: "M4.2 1h3.6v3.2H11v3.6H7.8V11H4.2V7.8H1V4.2h3.2z" };
const mark = (code) => h("svg", { class: "mark", viewBox: "0 0 12 12", "aria-hidden": "true" }, h("path", { d: SHAPES[group[code]?.shape] ?? SHAPES.circle, fill: group[code]?.colour ?? "var(--grey)" }));
const byId = (id) => document.getElementById(id);

// what is chosen on the map: null for everything, else a Set of row numbers; while the brush moves only the quick
// listeners follow, the gallery and the table when it rests
const chosen = { rows: null, quick: [], listeners: [], rest: 0 };
function choose(set, wait = 0) {
  chosen.rows = set;
  for (const listener of chosen.quick) listener();
  clearTimeout(chosen.rest);
  const all = () => chosen.listeners.forEach((listener) => listener());
  if (wait) chosen.rest = setTimeout(all, wait);
  else all();
}

// charts are SVG and take their colours from CSS variables: a change of theme, or paper, needs no redrawing
async function chart(id, spec, data = {}) {
  const element = byId(id);
  const datasets = Object.fromEntries(Object.keys(data).map((name) => [name, data[name]]));
  const options = { renderer: "svg", actions: false, tooltip: { theme: "custom", disableDefaultStyle: false } };
  const made = await vegaEmbed(element, { ...spec, datasets }, options);
  return made.view;
}
