// Stands in for the native half of aws-lambda-ric where no compiler is at hand: the same four functions
// over node:http. Preloaded; slower than the real one, equally for every handler.
"use strict";

const http = require("node:http");
const Module = require("node:module");

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? "").split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const root = "/2018-06-01/runtime/invocation";

const request = (method, path, body) =>
  new Promise((resolve, reject) => {
    const outgoing = http.request({ host, port, agent, method, path: `${root}${path}` }, (incoming) => {
      let bodyJson = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk) => {
        bodyJson += chunk;
      });
      incoming.on("end", () => resolve({ bodyJson, headers: incoming.headers }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

const client = {
  initializeClient: () => undefined,
  next: () => request("GET", "/next"),
  done: (id, body) => void request("POST", `/${id}/response`, body),
  error: (id, body) => void request("POST", `/${id}/error`, body),
};

const load = Module._load;
Module._load = (name, ...rest) => (name.endsWith("rapid-client.node") ? client : load(name, ...rest));
