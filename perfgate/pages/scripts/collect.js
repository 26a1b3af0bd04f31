// Runs before anything of the page, after web-vitals: keeps the latest of each metric of each navigation, long tasks,
// and every layout shift with its time.
(() => {
  if (window !== window.top || window.__perfgate) return;
  const kept = (window.__perfgate = {navigations: [], tasks: [], shifts: [], scripts: [], inputs: [], blocking: []});
  const current = (start) => kept.navigations.find((item) => item.id === start);
  const short = (node) => {
    if (!node || !node.nodeName) return "";
    let name = node.nodeName.toLowerCase();
    if (node.id) name += "#" + node.id;
    else if (node.classList && node.classList.length) name += "." + node.classList[0];
    return name.slice(0, 120);
  };
  kept.short = short;
  // Whether nobody knows how high an image is before it comes.
  kept.isUnsized = (image) => {
    if (image.hasAttribute("width") || image.hasAttribute("height")) return false;
    const style = image.computedStyleMap();
    const is = (name, ...values) => values.includes(String(style.get(name)));
    return is("height", "auto") && is("aspect-ratio", "auto") && !is("position", "absolute", "fixed");
  };
  const keep = (metric) => {
    const a = metric.attribution || {};
    const numbers = {};
    for (const [key, value] of Object.entries(a)) if (typeof value === "number") numbers[key] = value;
    const entry = {value: metric.value, numbers};
    if (metric.name === "LCP") {
      entry.target = a.target || "";
      entry.url = a.url || "";
      kept.largest = a.lcpEntry && a.lcpEntry.element;
      kept.largestText = entry.url ? null : kept.largest;
    }
    if (metric.name === "INP") {
      entry.target = a.interactionTarget || "";
      const script = a.longestScript && a.longestScript.entry;
      entry.script = script ? (script.sourceURL || "") + " " + (script.sourceFunctionName || script.invoker || "") : "";
    }
    const isSoft = metric.navigationType === "soft-navigation";
    const id = isSoft ? metric.navigationId : 0;
    if (!current(id)) kept.navigations.push({id, isSoft, metrics: {}});
    current(id).metrics[metric.name] = entry;
  };
  const options = {reportAllChanges: true, reportSoftNavs: true};
  webVitals.onLCP(keep, options);
  webVitals.onINP(keep, {...options, durationThreshold: 16});
  webVitals.onFCP(keep, options);
  webVitals.onTTFB(keep, options);
  const observers = [];
  const observe = (type, take) => {
    try {
      const each = (list) => list.getEntries().forEach(take);
      const observer = new PerformanceObserver(each);
      observer.observe({type, buffered: true});
      observers.push(() => observer.takeRecords().forEach(take));
    } catch (_) {}
  };
  // What was queued but not delivered yet when the view ends.
  kept.flush = () => observers.forEach((each) => each());
  const soft = [];
  observe("soft-navigation", (e) => soft.push({id: e.navigationId, start: e.startTime, url: e.name}));
  kept.softSince = (since) => {
    kept.flush();
    const last = soft.filter((item) => item.start >= since).pop();
    return last ? [last.start, last.id] : [0, 0];
  };
  // Pages may clear the list of what they fetched, and Chromium keeps only 250 of it.
  performance.setResourceTimingBufferSize(5000);
  observe("resource", (e) => e.renderBlockingStatus === "blocking" && kept.blocking.push(e.name));
  observe("longtask", (e) => kept.tasks.push({start: e.startTime, duration: e.duration, script: ""}));
  observe("long-animation-frame", (e) => {
    for (const s of e.scripts || []) kept.scripts.push({url: s.sourceURL || "", duration: s.duration, start: s.startTime});
  });
  // Chromium marks what follows a change of the viewport as caused by input: on an emulated mobile device that is the
  // first half second of every page. So inputs are noted here, and only what follows one is left out.
  for (const type of ["pointerdown", "mousedown", "touchstart", "keydown", "click", "input"])
    addEventListener(type, (e) => e.isTrusted && kept.inputs.push(e.timeStamp), {capture: true, passive: true});
  const area = (r) => r.width * r.height;
  observe("layout-shift", (e) => {
    const sources = e.sources || [];
    const total = sources.reduce((sum, s) => sum + area(s.previousRect) + area(s.currentRect), 0) || 1;
    kept.shifts.push({
      start: e.startTime,
      value: e.value,
      isAfterInput: e.hadRecentInput,
      sources: sources.map((s) => ({
        element: short(s.node),
        share: (area(s.previousRect) + area(s.currentRect)) / total,
      })),
    });
  });
})();
