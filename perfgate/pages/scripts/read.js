// The page's own account of the view, once it is quiet.
async () => {
  const kept = window.__perfgate;
  // Longer than web-vitals takes to report an interaction (timers.js).
  await new Promise((done) => setTimeout(done, kept.inputs.length ? 350 : 100));
  kept.flush();
  await new Promise((done) => setTimeout(done, 0));
  const navigation = performance.getEntriesByType("navigation")[0];
  const timings = {};
  for (const entry of (navigation && navigation.serverTiming) || []) timings[entry.name] = (timings[entry.name] || 0) + entry.duration;
  const images = [...document.images].filter((image) => image.naturalWidth);
  const address = (image) => image.currentSrc || image.src;
  const isInline = (image) => address(image).startsWith("data:");
  const shortened = (image) => (isInline(image) ? address(image).slice(0, 200) : address(image));
  const unsized = images.filter((image) => image.getClientRects().length && kept.isUnsized(image));
  const isVector = (image) => /^data:image\/svg|\.svg([?#]|$)/.test(address(image));
  const shown = (image) => image.clientWidth * image.clientHeight * devicePixelRatio ** 2;
  const oversized = images.filter(
    (image) => !isVector(image) && shown(image) > 0 && image.naturalWidth * image.naturalHeight > 4 * shown(image)
  );
  // More than a screen below the fold.
  const eager = images.filter(
    (image) => image.loading !== "lazy" && !isInline(image) && image.getBoundingClientRect().top + scrollY > 2 * innerHeight
  );
  const dimensions = (image) =>
    `${shortened(image)} (${image.naturalWidth} × ${image.naturalHeight}, shown as ${image.clientWidth} × ${image.clientHeight})`;
  const largest = kept.largest;
  // Whether the largest thing is text that stays invisible until its font is there.
  const families = kept.largestText ? getComputedStyle(kept.largestText).fontFamily : "";
  const named = families.split(",").map((name) => name.trim().replace(/^["']|["']$/g, ""));
  const awaitsFont = [...document.fonts].some(
    (face) => ["auto", "block"].includes(face.display) && named.includes(face.family.replace(/^["']|["']$/g, ""))
  );
  const since = (from, to) => Math.max(0, to - from);
  const {navigations, tasks, shifts, scripts, inputs, blocking} = kept;
  return {
    navigations, tasks, shifts, scripts, inputs, blocking,
    origin: performance.timeOrigin,
    awaitsFont,
    causes: kept.causes || [],
    serverTiming: timings,
    unsizedImages: unsized.slice(0, 10).map(shortened),
    oversizedImages: oversized.slice(0, 10).map(dimensions),
    eagerImages: eager.slice(0, 10).map(address),
    isLargestLazy: Boolean(largest && largest.loading === "lazy"),
    firstByte: navigation && {
      redirects: since(navigation.redirectStart, navigation.redirectEnd),
      connection: since(navigation.domainLookupStart, navigation.connectEnd),
      wait: since(navigation.requestStart, navigation.responseStart),
    },
    load: navigation ? navigation.loadEventEnd : 0,
  };
}
