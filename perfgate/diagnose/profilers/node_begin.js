// Begins to sample, in the process itself, so that its inspector need not stay open: who evaluates this closes it. V8 counts JSON.parse and
// JSON.stringify as time of their callers: wrapped, they are functions of their own. Memory is counted last.
(async () => {
  const inspector = typeof require === "function" ? require("node:inspector") : process.getBuiltinModule("node:inspector");
  const session = new inspector.Session();
  session.connect();
  const post = (method, parameters) =>
    new Promise((resolve, reject) =>
      session.post(method, parameters, (error, result) => (error ? reject(new Error(error.message)) : resolve(result))),
    );
  const own = { parse: JSON.parse, stringify: JSON.stringify };
  const wrapped = {
    parse() {
      return Reflect.apply(own.parse, this, arguments);
    },
    stringify() {
      return Reflect.apply(own.stringify, this, arguments);
    },
  };
  const restore = () => {
    for (const name of Object.keys(own)) if (JSON[name] === wrapped[name]) Reflect.set(JSON, name, own[name]);
  };
  try {
    await post("HeapProfiler.enable");
    await post("HeapProfiler.collectGarbage");
    await post("HeapProfiler.startSampling", { samplingInterval: 32768 });
    await post("Profiler.enable");
    await post("Profiler.setSamplingInterval", { interval: 1000 });
    const { heapUsed, external } = process.memoryUsage();
    for (const name of Object.keys(own)) Reflect.set(JSON, name, wrapped[name]);
    await post("Profiler.start");
    globalThis[Symbol.for("perfgate.profile")] = { session, post, restore, memory: heapUsed + external };
  } catch (error) {
    restore();
    session.disconnect();
    throw error;
  }
  return "{}";
})()
//# sourceURL=perfgate:profile
