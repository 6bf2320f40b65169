// onnx_peer.js -- times one graph in onnxruntime: `node onnx_peer.js JOB`, where JOB is JSON; prints a line of JSON.
//
// Inputs and output lie in the memory of a WebAssembly module, which starts at a page: a large buffer of node's
// own starts 16 bytes after one, and on some CPUs each load of 64 bytes then pays for two cache lines.
"use strict";
const fs = require("fs");
const { createRequire } = require("module");

const job = JSON.parse(process.argv[2]);
const library = createRequire(job.modules + "/");
const ort = library("onnxruntime-node");

const PAGE = 65536;
function alignedFloats(count) {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((count * 4) / PAGE) });
  return new Float32Array(memory.buffer, 0, count);
}

// Where the numbers of a .npy file begin, and its shape; the files are ours: f32, row-major.
function header(file) {
  const start = Buffer.alloc(10);
  fs.readSync(file, start, 0, 10, 0);
  const length = start.readUInt16LE(8), text = Buffer.alloc(length);
  fs.readSync(file, text, 0, length, 10);
  const sizes = text.toString().match(/\(([^)]*)\)/)[1].split(",");
  return { at: 10 + length, shape: sizes.filter((size) => size.trim()).map(Number) };
}

// The first n rows of every head of a [1, heads, longest, d] file, or all of a matrix.
function load(path, n) {
  const file = fs.openSync(path), { at, shape } = header(file);
  const [longest, d] = shape.slice(-2), whole = shape.length !== 4;
  const heads = whole ? 1 : shape[1], rows = whole ? longest : n, bytes = rows * d * 4;
  const x = alignedFloats(heads * rows * d);
  for (let h = 0; h < heads; h++) {
    fs.readSync(file, new Uint8Array(x.buffer, h * bytes, bytes), 0, bytes, at + h * longest * d * 4);
  }
  fs.closeSync(file);
  return x;
}

// [a, b, d] to [b, a, d]
function swapped(x, a, b, d) {
  const y = alignedFloats(x.length);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++) y.set(x.subarray((i * b + j) * d, (i * b + j + 1) * d), (j * a + i) * d);
  return y;
}

async function main() {
  const { n, heads, d, tokens, threads, seconds } = job;
  const session = await ort.InferenceSession.create(job.graph, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "1" } } },
  });
  const shape = tokens ? [1, n, heads * d] : [1, heads, n, d];
  const feeds = {};
  for (const [name, path] of Object.entries(job.inputs)) {
    let x = load(path, n);
    if ("qkv".includes(name)) feeds[name] = new ort.Tensor("float32", tokens ? swapped(x, heads, n, d) : x, shape);
    else feeds[name] = new ort.Tensor("float32", x, [x.length / n, n]);
  }
  const output = alignedFloats(heads * n * d);
  const fetches = { o: new ort.Tensor("float32", output, shape) };

  const call = async () => {
    const from = process.hrtime.bigint();
    await session.run(feeds, fetches);
    return Number(process.hrtime.bigint() - from) / 1e6;
  };
  const faults = () => process.resourceUsage().minorPageFault;
  // warm-up: one call, and more for a quarter of the time; arenas and thread pools settle within a few
  for (let spent = await call(); spent < seconds * 250; ) spent += await call();
  const ms = [], before = faults();
  for (let spent = 0; ms.length === 0 || spent < seconds * 1000; spent += ms[ms.length - 1]) ms.push(await call());
  const faulted = (faults() - before) / ms.length;
  fs.writeFileSync(job.output, tokens ? swapped(output, n, heads, d) : output);
  const about = { node: process.version, "onnxruntime-node": library("onnxruntime-node/package.json").version };
  console.log(JSON.stringify({ ms, faults: faulted, about }));
}

main().catch((error) => {
  console.error(String(error.message || error).split("\n")[0]);
  process.exit(1);
});
