// Runs before anything of the page, after web-vitals: keeps the latest of each metric, and long tasks.
(() => {
  if (window !== window.top || window.__perfgate) return;
  const kept = (window.__perfgate = {metrics: {}, tasks: [], shifts: []});
  const short = (node) => {
    if (!node || !node.nodeName) return "";
    let name = node.nodeName.toLowerCase();
    if (node.id) name += "#" + node.id;
    else if (node.classList && node.classList.length) name += "." + node.classList[0];
    return name.slice(0, 120);
  };
  const keep = (metric) => {
    const a = metric.attribution || {};
    const numbers = {};
    for (const [key, value] of Object.entries(a)) if (typeof value === "number") numbers[key] = value;
    const entry = {value: metric.value, numbers};
    if (metric.name === "LCP") {
      entry.target = a.target || "";
      entry.url = a.url || "";
    }
    if (metric.name === "INP") {
      entry.target = a.interactionTarget || "";
      const script = a.longestScript && a.longestScript.entry;
      entry.script = script ? (script.sourceURL || "") + " " + (script.sourceFunctionName || script.invoker || "") : "";
    }
    kept.metrics[metric.name] = entry;
  };
  const options = {reportAllChanges: true};
  webVitals.onLCP(keep, options);
  webVitals.onCLS(keep, options);
  webVitals.onINP(keep, {reportAllChanges: true, durationThreshold: 16});
  webVitals.onFCP(keep, options);
  webVitals.onTTFB(keep, options);
  const observe = (type, take) => {
    try {
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({type, buffered: true});
    } catch (_) {}
  };
  observe("longtask", (e) => kept.tasks.push({start: e.startTime, duration: e.duration, script: ""}));
  observe("long-animation-frame", (e) => {
    for (const s of e.scripts || []) {
      kept.scripts = kept.scripts || [];
      kept.scripts.push({url: s.sourceURL || "", duration: s.duration});
    }
  });
  observe("layout-shift", (e) => {
    if (e.hadRecentInput) return;
    for (const source of e.sources || []) kept.shifts.push({element: short(source.node), value: e.value / e.sources.length});
  });
})();
