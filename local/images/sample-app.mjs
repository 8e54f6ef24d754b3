// The sample application of `fairlead local`: a small HTTP server whose behaviour its environment decides.

import { createServer } from "node:http";

const number = (name, fallback = 0) => {
  const value = Number(process.env[name] ?? fallback);
  return Number.isFinite(value) ? value : fallback;
};

const { HOST = "127.0.0.1", IMAGE_TAG = "", VERSION = IMAGE_TAG, SERVICE = "" } = process.env;
const port = number("PORT", 8080);
const failShare = number("FAIL_PERCENT") / 100;
const latencyMs = number("LATENCY_MS");
const unhealthyAfterMs = number("UNHEALTHY_AFTER_S", Number.POSITIVE_INFINITY) * 1_000;
const startedAt = performance.now();

/** Longer than a load balancer keeps an idle connection (60 s): the target must never be the first to close. */
const KEEP_ALIVE_MS = 75_000;

let isStopping = false;
let answered = 0;

const isHealthy = () =>
  process.env.UNHEALTHY_AFTER_S === undefined || performance.now() - startedAt < unhealthyAfterMs;

function answer(response, statusCode, body) {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(statusCode, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...(isStopping && { connection: "close" }),
  });
  response.end(text);
}

function serve(request, response) {
  request.resume();
  if (request.url?.startsWith("/health")) {
    const isWell = isHealthy();
    return answer(response, isWell ? 200 : 503, { status: isWell ? "ok" : "failing" });
  }
  answered += 1;
  const hasFailed = failShare > 0 && Math.random() < failShare;
  const reply = () =>
    answer(response, hasFailed ? 500 : 200, {
      service: SERVICE,
      version: VERSION,
      address: `${HOST}:${port}`,
      answered,
    });
  if (latencyMs > 0) setTimeout(reply, latencyMs);
  else reply();
}

const server = createServer(
  { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: KEEP_ALIVE_MS + 5_000 },
  serve,
);
server.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
server.listen(port, HOST, () => console.log(`version ${VERSION} listens on ${HOST}:${port}`));

// Open requests are finished, nothing new is taken, then it ends.
process.on("SIGTERM", () => {
  isStopping = true;
  console.log("SIGTERM: finishing open requests");
  server.close(() => process.exit(0));
});

const crashAfterS = number("CRASH_AFTER_S");
if (crashAfterS > 0) {
  setTimeout(() => {
    console.error("CRASH_AFTER_S is over");
    process.exit(1);
  }, crashAfterS * 1_000);
}

const leakMbPerS = number("LEAK_MB_PER_S");
if (leakMbPerS > 0) {
  const leaked = [];
  const LEAKS_PER_S = 10;
  setInterval(
    () => leaked.push(Buffer.alloc((leakMbPerS * 1_048_576) / LEAKS_PER_S, 1)),
    1_000 / LEAKS_PER_S,
  );
}
