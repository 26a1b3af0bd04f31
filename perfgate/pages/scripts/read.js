// The page's own account of the view, once it is quiet.
async () => {
  await new Promise((done) => requestIdleCallback(done, {timeout: 3000}));
  await new Promise((done) => setTimeout(done, 50));
  const kept = window.__perfgate || {navigations: [], tasks: [], shifts: [], scripts: [], inputs: [], flush() {}};
  kept.flush();
  await new Promise((done) => setTimeout(done, 0));
  const navigation = performance.getEntriesByType("navigation")[0];
  const blocking = performance.getEntriesByType("resource").filter((r) => r.renderBlockingStatus === "blocking");
  const timings = {};
  for (const entry of (navigation && navigation.serverTiming) || []) timings[entry.name] = entry.duration;
  const unsized = [...document.images].filter(
    (image) => !image.hasAttribute("width") && !image.hasAttribute("height") && !getComputedStyle(image).aspectRatio.match(/[0-9]/)
  );
  const {navigations, tasks, shifts, scripts, inputs} = kept;
  return {
    navigations, tasks, shifts, scripts, inputs,
    blocking: blocking.map((r) => r.name),
    serverTiming: timings,
    unsizedImages: unsized.slice(0, 10).map((image) => image.currentSrc || image.src),
    load: navigation ? navigation.loadEventEnd : 0,
  };
}
