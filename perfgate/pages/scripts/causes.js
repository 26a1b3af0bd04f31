// Runs after collect.js, only in the view whose times do not count: what changed just before each layout shift.
(() => {
  const kept = window.__perfgate;
  if (window !== window.top || !kept || kept.causes) return;
  kept.causes = [];
  const BEFORE = 500, AFTER = 50, TOGETHER = 50, FRESH = 150, MOST = 500; // ms, and changes that are remembered
  const changes = [];
  const sized = new WeakSet();
  const loaded = new WeakMap();
  const remember = (node, why) => {
    if (changes.length === MOST) changes.shift();
    changes.push({at: performance.now(), node, why});
  };
  new MutationObserver((records) => {
    for (const record of records)
      if (record.type === "attributes") remember(record.target, "changed");
      else for (const node of record.addedNodes) if (node.nodeType === 1) remember(node, "was inserted");
  }).observe(document, {childList: true, subtree: true, attributes: true, attributeFilter: ["style", "class", "hidden", "open"]});
  document.fonts.addEventListener("loadingdone", (e) => {
    for (const font of e.fontfaces || []) remember(null, "font " + font.family.slice(0, 80) + " came");
  });
  document.addEventListener("load", ({target}) => target.nodeName === "IMG" && loaded.set(target, performance.now()), true);
  // Images that came just before a shift. Their size may be known before they have loaded.
  const lateImages = ({startTime}) => {
    const late = [...document.images].filter(
      (image) =>
        image.naturalHeight && kept.isUnsized(image) && !sized.has(image) && !(loaded.get(image) >= startTime + AFTER)
    );
    late.forEach((image) => sized.add(image));
    const fresh = late.filter((image) => !(loaded.get(image) < startTime - FRESH));
    return fresh.map((node) => ({node, why: "came without width and height"}));
  };
  const box = ({node}) => (node ? node.getBoundingClientRect() : {top: -Infinity, width: 0, height: 0});
  const area = (change) => box(change).width * box(change).height;
  const causeOf = (shift) => {
    const lowest = Math.max(...shift.sources.map((source) => source.currentRect.bottom));
    const canMove = (change) =>
      !change.node || (!["HTML", "HEAD", "BODY"].includes(change.node.nodeName) && change.node.isConnected && box(change).top < lowest);
    const images = lateImages(shift).filter((change) => canMove(change) && area(change));
    const near = changes.filter(({at}) => at > shift.startTime - BEFORE && at < shift.startTime + AFTER).filter(canMove);
    const latest = Math.max(...near.map(({at}) => at));
    const known = images.length ? images : near.filter(({at}) => at > latest - TOGETHER);
    const [cause] = known.sort((a, b) => area(b) - area(a));
    return cause && `${kept.short(cause.node)} ${cause.why}`.trim();
  };
  const take = (shift) => {
    const text = causeOf(shift);
    if (text) kept.causes.push({start: shift.startTime, text});
  };
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({type: "layout-shift", buffered: true});
})();
