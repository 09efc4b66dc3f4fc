// One board at a time, drawn anew every 15 seconds: figures, curves and tables, as the board's file says.
"use strict";

const COLOURS = ["#24507a", "#c8281c", "#3b9c5a", "#d9860a", "#7b4ea3", "#0e8a8a", "#a34e6f", "#6b7280", "#5b8def", "#94711a", "#2f855a", "#b7791f"];
const EVERY_MS = 15000;
const $ = (id) => document.getElementById(id);
let shown = null, plots = [], asking = 0;

const element = (name, text = "", kind = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = kind;
  return made;
};

// ---- how values are written

const rounded = (value) => Math.abs(value) >= 100 ? Math.round(value).toLocaleString("zh-CN") : String(Number(value.toPrecision(3)));

const stepped = (value, steps) => {
  const [size, name] = steps.find(([size]) => Math.abs(value) >= size) ?? steps[steps.length - 1];
  return `${rounded(value / size)} ${name}`;
};

const WRITTEN = {
  s: (value) => stepped(value, [[86400, "天"], [3600, "小时"], [60, "分"], [1, "秒"], [0.001, "毫秒"]]),
  bytes: (value) => stepped(value, [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]]),
  percentunit: (value) => `${Number((100 * value).toFixed(3))} %`,
  d: (value) => `${rounded(value)} 天`,
};

const written = (value, unit) => value == null ? "–" : value === 0 && unit === "s" ? "0" : (WRITTEN[unit] ?? rounded)(value);

const colour = (value, steps) => steps.reduce((found, step) => step.value === null || value >= step.value ? step.color : found, "blue");

// ---- one panel each

const figure = (panel, answer, body) => {
  const settings = panel.fieldConfig.defaults;
  body.classList.add("figure");
  if (!answer.series.length) return nothing(settings, body);
  const value = answer.series[0].points.at(-1)[1];
  const word = settings.mappings?.[0].options[String(value)] ?? settings.mappings?.[0].options[value.toFixed(1)];
  body.textContent = word?.text ?? written(value, settings.unit);
  body.parentElement.classList.add(colour(value, settings.thresholds.steps));
};

const rows = (panel, answer, body) => {
  if (!answer.series.length) return nothing(panel.fieldConfig.defaults, body);
  const headings = panel.transformations[0].options.renameByName;
  const table = element("table"), head = table.createTHead().insertRow();
  for (const words of Object.values(headings)) head.append(element("th", words));
  const inside = table.createTBody();
  for (const one of answer.series) {
    const row = inside.insertRow();
    for (const name of Object.keys(headings)) row.insertCell().textContent = one.labels[name] ?? "";
  }
  body.append(table);
};

const limits = (steps) => ({
  hooks: {
    draw: (plot) => {
      for (const step of steps.filter((one) => one.value !== null && one.value <= plot.scales.y.max)) {
        const y = Math.round(plot.valToPos(step.value, "y", true));
        plot.ctx.save();
        plot.ctx.strokeStyle = step.color;
        plot.ctx.setLineDash([6, 4]);
        plot.ctx.beginPath();
        plot.ctx.moveTo(plot.bbox.left, y);
        plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
        plot.ctx.stroke();
        plot.ctx.restore();
      }
    },
  },
});

const curves = (panel, answer, body, span) => {
  const settings = panel.fieldConfig.defaults;
  if (!answer.series.length) return nothing(settings, body);
  const times = [...new Set(answer.series.flatMap((one) => one.points.map(([at]) => at)))].sort((a, b) => a - b);
  const columns = answer.series.map((one) => {
    const known = new Map(one.points);
    return times.map((at) => known.get(at) ?? null);
  });
  const value = (_plot, number) => written(number, settings.unit);
  const named = Object.fromEntries(panel.fieldConfig.overrides.map((one) => [one.matcher.options, one.properties[0].value]));
  const options = {
    width: body.clientWidth,
    height: 60,
    cursor: { sync: { key: "all" } },
    plugins: [limits(settings.thresholds.steps)],
    scales: { x: { range: () => [span.start, span.end] }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { values: (_plot, ticks) => ticks.map((at) => clock(at, span)), size: 28 },
      { values: (_plot, ticks) => ticks.map((number) => written(number, settings.unit)), size: (_plot, labels) => 20 + widest(labels ?? []) },
    ],
    series: [
      { label: "时间 Time", value: (_plot, at) => at == null ? "–" : new Date(at * 1000).toLocaleTimeString("zh-CN", { hour12: false }) },
      ...answer.series.map((one, index) => ({
        label: named[one.name] ?? (one.name || " "),
        stroke: COLOURS[index % COLOURS.length],
        width: 1.5,
        points: { show: one.points.length < 3 },
        value,
      })),
    ],
  };
  const plot = new uPlot(options, [times, ...columns], body);
  // How high the legend is shows when it lies there; the curves get the rest.
  const rest = body.clientHeight - body.querySelector(".u-legend").offsetHeight - 4;
  plot.setSize({ width: body.clientWidth, height: Math.max(60, rest) });
  plots.push(plot);
};

// In pixels: a Chinese letter is as wide as two others.
const widest = (labels) => Math.max(0, ...labels.map((text) => 7 * [...text].reduce((sum, one) => sum + (one > "\u2e80" ? 2 : 1), 0)));

const clock = (at, span) => {
  const date = new Date(at * 1000), two = (number) => String(number).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (span.end - span.start > 2 * 86400) return `${date.getMonth() + 1}-${date.getDate()}`;
  return span.end - span.start < 1200 ? `${time}:${two(date.getSeconds())}` : time;
};

// What is not there has said in the board's file why that may be.
const nothing = (settings, body) => {
  body.classList.add("none");
  body.textContent = settings.noValue;
};

const DRAWN = { stat: figure, table: rows, timeseries: curves };

const draw = (panel, answer, span) => {
  const section = element("section", "", panel.type), title = element("h2"), body = element("div", "", "body");
  const [, chinese, english] = panel.title.match(/^(.*[^\x00-\x7f])\s*(.*)$/) ?? [null, panel.title, ""];
  title.append(element("span", chinese), element("small", english));
  const { x, y, w, h } = panel.gridPos;
  section.style.gridColumn = `${x + 1} / span ${w}`;
  section.style.gridRow = `${y + 1} / span ${h}`;
  title.title = panel.description;
  section.append(title, body);
  $("panels").append(section);
  if (answer.fault) {
    body.classList.add("none", "fault");
    body.textContent = answer.fault;
  } else DRAWN[panel.type](panel, answer, body, span);
};

// ---- the whole

const ask = async (path) => {
  const answer = await fetch(`dashboards/boards${path}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? answer.status);
  return body;
};

const tell = (text, bad) => {
  $("told").textContent = text;
  $("told").className = bad ? "bad" : "";
};

const refresh = async () => {
  const mine = ++asking;
  const fields = new URLSearchParams({ minutes: $("minutes").value });
  for (const one of $("variables").querySelectorAll("select")) fields.set(one.name, one.value);
  try {
    const found = await ask(`/${shown.uid}/data?${fields}`);
    if (mine !== asking) return;
    plots.forEach((plot) => plot.destroy());
    plots = [];
    $("panels").replaceChildren();
    for (const panel of shown.panels) draw(panel, found.panels[panel.id], found);
    const faults = Object.values(found.panels).filter((one) => one.fault);
    tell(faults.length ? faults[0].fault : `更新 ${new Date().toLocaleTimeString("zh-CN", { hour12: false })}`, faults.length > 0);
    document.body.dataset.drawn = shown.uid;
  } catch (error) {
    tell(`没有应答 No answer: ${error.message}`, true);
  }
};

const show = async (name) => {
  shown = await ask(`/${name}`);
  document.title = shown.title;
  for (const link of $("boards").children) link.toggleAttribute("aria-current", link.dataset.name === name);
  $("variables").replaceChildren();
  const listed = shown.templating.list.filter((one) => one.type === "query");
  const values = listed.length ? await ask(`/${name}/choices`) : {};
  for (const variable of listed) {
    const select = element("select");
    select.name = variable.name;
    for (const [value, text] of Object.entries(values[variable.name]).sort()) select.append(new Option(`${value} ${text}`, value));
    const wanted = new URLSearchParams(location.search).get(variable.name);
    if (wanted in values[variable.name]) select.value = wanted;
    const label = element("label", `${variable.label} `);
    label.append(select);
    $("variables").append(label);
  }
  await refresh();
};

const start = async () => {
  const boards = await ask("");
  for (const [name, title] of Object.entries(boards)) {
    const link = element("a", title.replace(/^驿递：/, "").replace(/ Yidi:.*/, ""));
    link.href = `#${name}`;
    link.title = title;
    link.dataset.name = name;
    $("boards").append(link);
  }
  const minutes = new URLSearchParams(location.search).get("minutes");
  if (minutes) {
    if (![...$("minutes").options].some((one) => one.value === minutes)) $("minutes").prepend(new Option(`${minutes} 分钟 min`, minutes));
    $("minutes").value = minutes;
  }
  const wanted = () => location.hash.slice(1) in boards ? location.hash.slice(1) : Object.keys(boards)[0];
  const open = () => show(wanted()).catch((error) => tell(`没有应答 No answer: ${error.message}`, true));
  addEventListener("hashchange", open);
  $("asked").addEventListener("change", refresh);
  setInterval(() => document.hidden || refresh(), EVERY_MS);
  await open();
};

start().catch((error) => tell(`没有应答 No answer: ${error.message}`, true));
