"""Pages in a headless Chromium: views of them, their Core Web Vitals, and what those are made of."""
