"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const SVG = "http://www.w3.org/2000/svg";

  const make = (name, attributes = {}, text = "") => {
    const one = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    if (text !== "") one.textContent = text;
    return one;
  };
  const shape = (parent, name, attributes, text = "") => {
    const one = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    if (text !== "") one.textContent = text;
    parent.append(one);
    return one;
  };

  // ---- numbers for people
  const digits = (value, most = 3) => {
    if (value === 0) return "0";
    const places = Math.max(0, most - 1 - Math.floor(Math.log10(Math.abs(value))));
    return String(Number(value.toFixed(Math.min(places, 20))));
  };
  const scaleOf = (unit, value) => {
    if (unit === "ratio") return [100, " %"];
    if (unit === "1/s") return [1, "/s"];
    if (unit === "count") return [1, ""];
    if (unit === "s") return value >= 1 ? [1, " s"] : value >= 1e-5 ? [1e3, " ms"] : [1e6, " us"];
    if (unit === "B") return value >= 1e6 ? [1e-6, " MB"] : value >= 1e3 ? [1e-3, " kB"] : [1, " B"];
    return [1, ""];
  };
  const say = (unit, value) => {
    if (value === null || value === undefined) return "–";
    const [factor, name] = scaleOf(unit, Math.abs(value));
    return digits(value * factor) + name;
  };
  const nice = (span, count) => {
    const rough = span / count, power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find(step => step * power >= rough * 0.999);
  };

  // ---- one chart: lines, dots, bars and levels over a linear or logarithmic axis, read by mouse, touch or arrow keys
  const draw = (host, spec) => {
    host.replaceChildren();
    const legend = make("div", {class: "legend"});
    for (const [kind, text] of spec.legend) {
      const item = make("span");
      item.append(make("i", {class: kind, "aria-hidden": "true"}), text);
      legend.append(item);
    }
    const plot = make("div", {class: "plot"});
    host.append(legend, plot, table(spec));
    const width = Math.max(260, plot.clientWidth), height = spec.height || 220;
    const left = 52, right = 14, top = 12, bottom = 26;
    const svg = shape(plot, "svg", {viewBox: `0 0 ${width} ${height}`, height, tabindex: 0, role: "img", "aria-label": spec.text + " Arrow keys read single values."});
    const log = spec.x.log, xs = v => log ? Math.log10(v) : v;
    const low = xs(spec.x.from), span = (xs(spec.x.to) - low) || 1;
    const x = v => left + (width - left - right) * (xs(v) - low) / span;
    const [factor, unit] = scaleOf(spec.unit, spec.top);
    const y = v => top + (height - top - bottom) * (1 - Math.min(v, spec.top) / spec.top);
    const step = nice(spec.top * factor, 4);
    for (let tick = 0; tick <= spec.top * factor * 1.0001; tick += step) {
      const at = y(tick / factor);
      shape(svg, "line", {x1: left, x2: width - right, y1: at, y2: at, class: tick ? "gridline" : "axis"});
      shape(svg, "text", {x: left - 6, y: at + 4, "text-anchor": "end"}, tick ? digits(tick) + unit : "0");
    }
    const taken = [];
    for (const [at, text] of spec.x.ticks) {
      const place = x(at), half = text.length * 3.4;
      if (place + half > width + 8 || taken.some(other => Math.abs(other.place - place) < other.half + half + 8)) continue;
      taken.push({place, half});
      shape(svg, "text", {x: place, y: height - 7, "text-anchor": place - half < left - 30 ? "start" : "middle"}, text);
    }
    for (const bar of spec.bars || []) {
      const full = (height - top - bottom) / 3;
      const tall = Math.max(3, full * bar.share);
      shape(svg, "rect", {x: x(bar.x) - 1.5, width: Math.max(3, x(bar.x + bar.width) - x(bar.x) - 2), y: height - bottom - tall, height: tall, class: "bar"});
    }
    const levels = [...(spec.levels || [])].sort((a, b) => b.value - a.value);
    for (const level of levels) {
      const at = y(level.value);
      if (level.value <= spec.top) shape(svg, "line", {x1: left, x2: width - right, y1: at, y2: at, class: `level ${level.kind}`});
    }
    for (const line of spec.lines) {
      let path = "", pen = "M";
      for (const [at, value] of line.points) {
        if (value === null) { pen = "M"; continue; }
        path += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = "L";
      }
      if (path) shape(svg, "path", {d: path, class: `series ${line.kind}`});
    }
    for (const mark of spec.marks || []) {
      if (mark.low) shape(svg, "line", {x1: x(mark.low), x2: x(mark.high), y1: y(mark.y), y2: y(mark.y), class: "whisker"});
      const at = [x(mark.x), y(mark.y)], size = mark.size || 4;
      if (mark.kind === "accepted") shape(svg, "path", {d: `M${at[0]} ${at[1] - 7}l7 7l-7 7l-7 -7z`, class: "dot accepted"});
      else if (mark.kind === "bad") shape(svg, "rect", {x: at[0] - 5, y: at[1] - 5, width: 10, height: 10, class: "dot bad"});
      else shape(svg, "circle", {cx: at[0], cy: at[1], r: size, class: `dot ${mark.kind}`});
    }
    let above = -Infinity;
    for (const level of levels) {
      const over = level.value > spec.top;
      const below = level.kind === "baseline" && !over && y(level.value) < height - bottom - 18;
      const own = over ? top + 2 : y(level.value) + (below ? 17 : -5);
      above = own >= above + 15 ? own : Math.max(above + 15, over ? own : y(level.value) + 14);  // pushed down: below its own line, not across it
      shape(svg, "text", {x: left + 4, y: above, class: level.kind}, level.text + (over ? " ↑" : ""));
    }
    const cursor = shape(svg, "line", {y1: top, y2: height - bottom, class: "cursor", visibility: "hidden"});
    const tip = make("div", {class: "tip", hidden: ""});
    const heard = make("span", {class: "unseen", role: "status"});
    plot.append(tip, heard);
    let chosen = -1;
    const show = (at, aloud) => {
      chosen = Math.min(Math.max(at, 0), spec.tips.length - 1);
      const one = spec.tips[chosen];
      if (!one) return;
      const place = x(one.x);
      for (const end of ["x1", "x2"]) cursor.setAttribute(end, place);
      cursor.setAttribute("visibility", "visible");
      tip.textContent = one.text;
      tip.hidden = false;
      const room = plot.clientWidth, scaled = place * room / width;
      tip.style.left = Math.max(0, Math.min(scaled + 10 + tip.offsetWidth > room ? scaled - 10 - tip.offsetWidth : scaled + 10, room - tip.offsetWidth)) + "px";
      if (aloud) heard.textContent = one.text;
    };
    const hide = () => { tip.hidden = true; cursor.setAttribute("visibility", "hidden"); };
    svg.addEventListener("pointermove", event => {
      const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) * width / box.width;
      let best = 0;
      spec.tips.forEach((one, n) => { if (Math.abs(x(one.x) - at) < Math.abs(x(spec.tips[best].x) - at)) best = n; });
      show(best, false);
    });
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", event => {
      const moves = {ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: spec.tips.length - 1};
      if (event.key === "Escape") return hide();
      if (!(event.key in moves)) return;
      event.preventDefault();
      show(chosen < 0 ? spec.tips.length - 1 : moves[event.key], true);
    });
  };

  const table = spec => {
    const fold = make("details", {class: "data"});
    fold.append(make("summary", {}, "The same as a table"));
    fold.addEventListener("toggle", () => {
      if (!fold.open || fold.children.length > 1) return;
      const box = make("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": spec.caption}), inner = make("table");
      inner.append(make("caption", {}, spec.caption));
      const head = inner.createTHead().insertRow(), body = inner.createTBody();
      for (const word of spec.table.head) head.append(make("th", {scope: "col"}, word));
      for (const cells of spec.table.rows) {
        const row = body.insertRow();
        cells.forEach((cell, n) => row.append(make(n ? "td" : "th", n ? {} : {scope: "row"}, cell)));
      }
      box.append(inner);
      fold.append(box);
    });
    return fold;
  };

  const highest = values => Math.max(0, ...values.filter(value => value !== null && value !== undefined));

  // ---- what is drawn
  const overTheRun = (name, over) => {
    const at = over.p95.map((_, n) => n * over.width), most = Math.max(1, ...over.failures);
    const failed = over.failures.reduce((sum, one) => sum + one, 0), end = at.length * over.width;
    const step = nice(end, 5), ticks = [];
    for (let tick = 0; tick <= end; tick += step) ticks.push([tick, `${digits(tick)} s`]);
    const lines = [{kind: "soft", points: at.map((t, n) => [t + over.width / 2, over.p50[n]])}, {kind: "now", points: at.map((t, n) => [t + over.width / 2, over.p95[n]])}];
    const legend = [["now", "p95"], ["soft", "p50"]];
    if (over.base) { lines.unshift({kind: "base", points: at.map((t, n) => [t + over.width / 2, over.base[n]])}); legend.push(["base", "p95 of the base"]); }
    if (failed) legend.push(["bad", `failed requests (highest: ${most} in ${over.width} s)`]);
    const rows = at.map((t, n) => [`${t} s`, say("s", over.p50[n]), say("s", over.p95[n]), ...(over.base ? [say("s", over.base[n])] : []), String(over.requests[n]), String(over.failures[n])]);
    return {
      unit: "s", top: highest([...over.p95, ...(over.base || [])]) * 1.12 || 1, x: {from: 0, to: end, ticks}, lines, legend,
      bars: over.failures.map((count, n) => ({x: at[n], width: over.width, share: count / most, count})).filter(bar => bar.count),
      tips: at.map((t, n) => ({x: t + over.width / 2, text: `${t} to ${t + over.width} s\np95 ${say("s", over.p95[n])}, p50 ${say("s", over.p50[n])}${over.base ? `\nbase p95 ${say("s", over.base[n])}` : ""}\n${over.requests[n]} requests, ${over.failures[n]} failed`})),
      text: `${name}: latency over the run. p95 from ${say("s", Math.min(...over.p95.filter(v => v !== null)))} to ${say("s", highest(over.p95))}; ${failed} requests failed.`,
      caption: `${name}: latency over the run, in stretches of ${over.width} s`,
      table: {head: ["from", "p50", "p95", ...(over.base ? ["base p95"] : []), "requests", "failed"], rows},
    };
  };

  const spread = (name, found) => {
    const levels = [0, ...data.levels], points = values => values.map((value, n) => [Math.max(value, 1e-7), levels[n]]);
    const marks = found.marks.map(one => ({x: one.value[0], low: Math.max(one.value[1], 1e-7), high: one.value[2], y: one.level, kind: "base"}));
    const all = [...found.now, ...(found.base || []), ...found.marks.flatMap(one => one.value)].map(v => Math.max(v, 1e-7));
    const from = Math.min(...all), to = Math.max(...all, from * 1.01), ticks = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++)
      for (const step of to / from > 200 ? [1] : to / from > 20 ? [1, 3] : [1, 1.5, 2, 3, 4, 5, 7]) {
        const tick = step * 10 ** power;
        if (tick >= from && tick <= to) ticks.push([tick, say("s", tick)]);
      }
    const lines = [{kind: "now", points: points(found.now)}], legend = [["now", "now"]];
    if (found.base) { lines.unshift({kind: "base", points: points(found.base)}); legend.push(["base", "base, in the same run"]); }
    if (marks.length) legend.push(["point", `${found.marks[0].runs === 1 ? "baseline: 1 run" : `baseline: median, least and most of ${found.marks[0].runs} runs`}`]);
    const before = level => found.base ? found.base[levels.indexOf(level)] : (found.marks.find(one => one.level === level) || {value: [null]}).value[0];
    const told = levels.map((level, n) => [level, found.now[n], before(level)]).filter(([level]) => level > 0);
    const key = told.filter(([level]) => [0.5, 0.95, 0.99].includes(level));
    return {
      unit: "ratio", top: 1, x: {log: true, from, to, ticks}, lines, legend, marks,
      tips: told.map(([level, now, was]) => ({x: Math.max(now, 1e-7), text: `${digits(level * 100)} % of requests: at most ${say("s", now)}${was === null ? "" : `\n${found.base ? "base" : "baseline"}: ${say("s", was)}`}`})),
      text: `${name}: share of requests by latency. ` + key.map(([level, now, was]) => `p${digits(level * 100)} ${say("s", now)}${was === null ? "" : `, before ${say("s", was)}`}`).join("; ") + ".",
      caption: `${name}: so many requests took at most so long`,
      table: {head: ["share", "now", "before"], rows: told.map(([level, now, was]) => [`${digits(level * 100, 4)} %`, say("s", now), say("s", was)])},
    };
  };

  const history = (name, trend, runs, here) => {
    const shown = runs.map((run, n) => n).filter(n => trend.values[n] !== null);
    const newest = shown[shown.length - 1], usual = trend.values.filter(v => v !== null).sort((a, b) => a - b);
    const cap = 4 * (usual[Math.floor(usual.length / 2)] || usual[usual.length - 1] || 1);
    const core = Math.max(trend.values[newest], ...usual.filter(v => v <= cap), ...trend.levels.map(one => one.value).filter(v => v <= 2.5 * Math.max(trend.values[newest], usual[Math.floor(usual.length / 2)])));
    const marks = shown.map(n => ({x: n, y: trend.values[n], kind: trend.accepted[n] ? "accepted" : trend.failed.includes(n) ? "bad" : n === newest ? "now" : "soft", size: n === newest ? 6 : shown.length > 40 ? 2.5 : 3.5}));
    const legend = [["soft", trend.metric]];
    if (trend.failed.length) legend.push(["bad", "failed"]);
    if (Object.keys(trend.accepted).length) legend.push(["accepted", "accepted"]);
    if (trend.levels.some(one => one.kind === "limit")) legend.push(["limit", "limit"]);
    if (trend.levels.some(one => one.kind === "baseline")) legend.push(["base", "baseline"]);
    const state = n => trend.accepted[n] || (trend.failed.includes(n) ? "failed" : "");
    const line = n => `${runs[n].commit}, ${runs[n].at}${runs[n].branch ? `, ${runs[n].branch}` : ""}\n${trend.metric} ${say(trend.unit, trend.values[n])}${here && n === newest ? " (this run)" : ""}${trend.levels.map(one => `\n${one.kind === "limit" ? "limit " : ""}${one.text}`).join("")}${state(n) ? `\n${state(n)}` : ""}`;
    return {
      unit: trend.unit, top: (core || 1) * 1.18, height: 240, legend, marks, levels: trend.levels.map(one => ({...one, text: one.kind === "limit" ? `limit ${one.text}` : one.text})),
      x: {from: -0.4, to: runs.length - 0.6, ticks: runs.map((run, n) => [n, run.commit]).reverse()},
      lines: [{kind: "soft", points: trend.values.map((value, n) => [n, value]).filter(([, value]) => value !== null)}],
      tips: shown.map(n => ({x: n, text: line(n)})),
      text: `${name}: ${trend.metric} over ${shown.length} runs, newest ${say(trend.unit, trend.values[newest])}${trend.levels.map(one => `, ${one.kind === "limit" ? "limit " : ""}${one.text}`).join("")}.`,
      caption: `${name}: ${trend.metric} over the runs, newest first`,
      table: {head: ["commit", "time (UTC)", "branch", trend.metric, ""], rows: [...shown].reverse().map(n => [runs[n].commit, runs[n].at, runs[n].branch, say(trend.unit, trend.values[n]), state(n)])},
    };
  };

  // ---- panels draw themselves when they are opened, and again when their width changes
  const fill = panel => {
    const one = data.endpoints[panel.dataset.endpoint], runs = data.lines[one.line || 0];
    const put = (kind, spec) => {
      const host = panel.querySelector(`[data-chart="${kind}"]`);
      if (host && spec) draw(host, spec);
    };
    put("over", one.over && overTheRun(one.name, one.over));
    put("spread", one.spread && spread(one.name, one.spread));
    const select = panel.querySelector("select");
    const trend = one.trends[select ? select.selectedIndex : 0];
    put("trend", trend && history(one.name, trend, runs, data.here));
  };
  for (const panel of document.querySelectorAll(".panel[data-endpoint]")) {
    let width = 0;
    const fit = () => {
      if (panel.open && panel.clientWidth !== width) { width = panel.clientWidth; fill(panel); }
    };
    new ResizeObserver(fit).observe(panel);
    panel.addEventListener("toggle", fit);
    const select = panel.querySelector("select");
    if (select) select.addEventListener("change", () => fill(panel));
  }
  const open = () => {
    const panel = document.getElementById(location.hash.slice(1));
    if (!panel || panel.tagName !== "DETAILS") return;
    panel.hidden = false;
    panel.open = true;
    panel.scrollIntoView();
    panel.querySelector("summary").focus({preventScroll: true});
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", event => {
    const link = event.target.closest('a[href^="#e"]');
    if (link && link.hash === location.hash) open();
  });
  open();

  for (const svg of document.querySelectorAll("svg.spark")) {
    const one = data.endpoints[svg.dataset.endpoint], values = one.trends[0].values.map((v, n) => [n, v]).filter(([, v]) => v !== null).slice(-20);
    const low = Math.min(...values.map(([, v]) => v)), high = highest(values.map(([, v]) => v)), span = (high - low) || 1;
    const at = values.map(([, v], n) => [4 + 112 * n / Math.max(1, values.length - 1), high === low ? 13 : 22 - 18 * (v - low) / span]);
    shape(svg, "path", {d: at.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join(""), class: "series soft"});
    if (at.length) shape(svg, "circle", {cx: at[at.length - 1][0], cy: at[at.length - 1][1], r: 4, class: `dot ${one.failed ? "bad" : "now"}`});
  }

  // ---- tables: sort and filter
  for (const box of document.querySelectorAll("[data-sortable]")) {
    const body = box.querySelector("tbody"), said = box.querySelector(".said"), heads = [...box.querySelectorAll("thead th")];
    const key = (row, at) => row.cells[at].dataset.key ?? "";
    heads.forEach((head, at) => head.querySelector("button")?.addEventListener("click", () => {
      const way = head.getAttribute("aria-sort") === (head.dataset.first || "descending") ? (head.dataset.first === "ascending" ? "descending" : "ascending") : (head.dataset.first || "descending");
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1, words = head.dataset.words !== undefined;
      const compare = (a, b) => {
        const [one, two] = [key(a, at), key(b, at)];
        if (one === "" || two === "") return (one === "") - (two === "");
        return sign * (words ? one.localeCompare(two) : Number(one) - Number(two));
      };
      body.append(...[...body.rows].sort(compare));
      said.textContent = `Sorted by ${head.textContent.trim()}, ${way}.`;
    }));
    const search = box.querySelector("input"), choices = [...box.querySelectorAll("button[data-outcome]")];
    const filter = () => {
      const asked = search.value.trim().toLowerCase(), wanted = choices.filter(one => one.getAttribute("aria-pressed") === "true").map(one => one.dataset.outcome);
      let shown = 0;
      for (const row of body.rows) {
        const fits = row.cells[1].textContent.toLowerCase().includes(asked) && (!wanted.length || wanted.includes(row.dataset.outcome));
        row.hidden = !fits;
        shown += fits;
        const panel = document.getElementById(row.dataset.panel);
        if (panel) panel.hidden = !fits;
      }
      said.textContent = `${shown} of ${body.rows.length} shown.`;
    };
    search?.addEventListener("input", filter);
    for (const one of choices) one.addEventListener("click", () => { one.setAttribute("aria-pressed", String(one.getAttribute("aria-pressed") !== "true")); filter(); });
  }

  // ---- light and dark
  const theme = document.getElementById("theme");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => { theme.textContent = isDark() ? "Light colours" : "Dark colours"; };
  let kept = null;
  try { kept = localStorage.getItem("perfgate-theme"); } catch { /* a page in a sandbox has no memory */ }
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("perfgate-theme", root.dataset.theme); } catch { /* as above */ }
    label();
  });
  theme.hidden = false;
  label();
  root.classList.add("ready");
})();
