// What web-vitals takes for globalThis. It reports an interaction once Chromium is idle, which it is not for a second
// after input; a timer comes first, late enough for the entries of long frames, which name the script.
(() => {
  const AFTER = 200; // ms
  const {setTimeout, clearTimeout} = window;
  const own = {requestIdleCallback: (run) => setTimeout(run, AFTER), cancelIdleCallback: clearTimeout.bind(window)};
  return new Proxy(window, {get: (target, key) => own[key] ?? target[key]});
})()
