// The most memorized examples, grouped by finding; follows the map.
const AT_ONCE = innerWidth < 520 ? 9 : 18;
const slots = new Map((page.pictures?.rows ?? []).map((row, slot) => [row, slot]));
if (page.pictures) {
  const p = page.pictures, style = document.documentElement.style;
  style.setProperty("--columns", p.columns);
  style.setProperty("--ratio", p.height / p.width);
}

// a side near `wish` pixels that shows every pixel at the same size
function side(wish) {
  const width = page.pictures.width;
  return wish < width ? wish : Math.max(1, Math.round(wish / width)) * width;
}

function picture(row, wish, id) {
  if (slots.has(row)) {
    const slot = slots.get(row), columns = page.pictures.columns;
    return h("span", { class: "thumb", role: "img", "aria-label": `picture of example ${id}`, style: `--side:${side(wish)}px;--x:${slot % columns};--y:${Math.floor(slot / columns)}` });
  }
  const bars = page.bars?.[row];
  return bars ? featureBars(bars, id) : null;
}

// a row's unusual features: name, value, and how many deviations from the mean, five at most on either side
function featureBars(bars, id) {
  const text = bars.map(([name, value]) => `${name} ${value}`).join(", ");
  const line = ([name, value, far]) => {
    const width = Math.min(Math.abs(far), 5) * 10;
    return [h("span", { class: "name", title: `${name} = ${value}, ${far} deviations from the mean` }, name), h("span", { class: "value" }, String(value)),
      h("svg", { viewBox: "0 0 100 12", preserveAspectRatio: "none" }, h("rect", { x: far < 0 ? 50 - width : 50, y: 2, width, height: 8 }), h("line", { x1: 50, x2: 50, y1: 0, y2: 12 }))];
  };
  return h("span", { class: "bars", role: "img", "aria-label": `unusual features of example ${id}: ${text}` }, bars.flatMap(line));
}

function tile(row) {
  const differs = !page.regression && row.others !== null && row.others >= 0 && row.others !== row.given;
  const others = row.asked ? h("span", { class: "line" }, "others ", h("b", { class: differs && "differs" }, label(row.others)), h("span", { class: "quiet" }, ` ${page.regression ? `mean of ${row.asked}` : votes(row)}`)) : null;
  return h("li", {}, h("button", { class: "tile", type: "button", "data-row": row.row, onclick: () => open(row.row) },
    picture(row.row, 72, row.id), h("span", { class: "line" }, page.regression ? "target " : "given ", h("b", {}, label(row.given))), others,
    "memorization" in score ? h("span", { class: "line quiet" }, memorized(row)) : h("span", { class: "line quiet" }, row.id)));
}

function gallery() {
  const home = byId("gallery");
  home.replaceChildren();
  let drawn = 0;
  for (const part of page.groups) {
    let inside = part.rows.map((k) => rows[k]);
    if (chosen.rows) inside = inside.filter((row) => chosen.rows.has(row.row));
    if (!inside.length) continue;
    drawn += inside.length;
    const list = h("ol", { class: page.pictures ? "tiles" : "tiles rows" });
    const more = h("button", { class: "link no-print", type: "button" });
    const show = (to) => {
      list.append(...inside.slice(list.children.length, to).map(tile));
      const left = inside.length - list.children.length;
      more.hidden = left <= 0;
      more.textContent = `show ${count(Math.min(left, AT_ONCE * 2))} more`;
    };
    more.addEventListener("click", () => show(list.children.length + AT_ONCE * 2));
    show(page.pictures ? AT_ONCE : 8);
    const many = chosen.rows ? `${count(inside.length)} in the selection` : part.total > inside.length ? `${count(inside.length)} of ${count(part.total)}` : count(inside.length);
    home.append(h("div", {}, h("h3", {}, mark(part.code), part.code ? `${part.code} ${part.title}` : part.title, h("small", {}, many)), list, more));
  }
  if (!drawn) home.append(h("p", { class: "quiet" }, chosen.rows ? "None of the selected examples is among the notable ones shown here; the table below lists them all." : page.empty));
}
chosen.listeners.push(gallery);
