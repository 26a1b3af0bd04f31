// Ends what node_begin.js has begun. `tail` is how long that took, in us: it is in the profile as well. Of what stays on
// the heap, the places that have allocated most.
(async () => {
  const began = process.hrtime.bigint();
  const key = Symbol.for("perfgate.profile");
  const { session, post, restore, memory } = globalThis[key] ?? {};
  if (!session) throw new Error("nothing was being sampled");
  delete globalThis[key];
  restore();
  try {
    await post("HeapProfiler.collectGarbage");
    const { heapUsed, external } = process.memoryUsage();
    const { profile: heap } = await post("HeapProfiler.stopSampling");
    const tail = Number((process.hrtime.bigint() - began) / 1000n);
    const { profile } = await post("Profiler.stop");
    const allocated = [];
    const todo = [[heap.head, []]];
    while (todo.length) {
      const [node, outer] = todo.pop();
      const stack = [...outer, node.callFrame];
      if (node.selfSize) allocated.push({ size: node.selfSize, stack });
      for (const child of node.children) todo.push([child, stack]);
    }
    allocated.sort((one, other) => other.size - one.size);
    return JSON.stringify({ profile, tail, retained: heapUsed + external - memory, allocated: allocated.slice(0, 200) });
  } finally {
    session.disconnect();
  }
})()
//# sourceURL=perfgate:profile
