// The API over a store in memory: routes, who gives an order.

import { describe, expect, it } from "vitest";
import { ADA, ask, awaiting, commandsOf, GRACE, order, past, stage } from "../../test/support/api-stage.ts";
import { active, idle, KEY, NEW, NOW, rolloutPolicy } from "../../test/support/rollout-builders.ts";
import { ROLLOUT_VERBS } from "../contracts/policy.ts";

describe("looking", () => {
  it("lists what has a rollout policy", async () => {
    const { ports } = await stage(active("stepping", { weight: 10 }));
    const { statusCode, body, headers } = await ask(ports, { path: "/rollouts" });
    expect(statusCode).toBe(200);
    expect(body).toMatchObject({
      killSwitch: false,
      rollouts: [{ key: KEY, mode: "act", status: "progressing", setWeight: 10, step: 0, steps: 3 }],
    });
    expect(headers).toEqual({
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
  });

  it("lists page by page", async () => {
    const { ports } = await stage(idle());
    const second = KEY.replace("crane", "winch") as typeof KEY;
    await ports.fleet.putPolicy(second, { rollout: rolloutPolicy() });
    const first = await ask(ports, { path: "/rollouts", query: { limit: "1" } });
    expect(first.body["rollouts"]).toHaveLength(1);
    const next = await ask(ports, {
      path: "/rollouts",
      query: { limit: "1", after: String(first.body["next"]) },
    });
    expect(next.body["rollouts"]).toMatchObject([{ key: second, status: "unseen" }]);
  });

  it("shows one, by its key with slashes or with %2F", async () => {
    const { ports } = await stage(active("stepping"));
    for (const path of [`/rollouts/${KEY}`, `/rollouts/${encodeURIComponent(KEY)}`]) {
      expect((await ask(ports, { path })).body).toMatchObject({ key: KEY, rollout: { id: "r-0000abcd" } });
    }
  });

  it("shows history", async () => {
    const { ports } = await stage(idle({ past: [past("promoted")] }));
    const { body } = await ask(ports, { path: `/rollouts/${KEY}/history`, query: { limit: "5" } });
    expect(body).toMatchObject({
      past: [{ id: "r-11111111", outcome: "promoted", target: "crane:8" }],
      decisions: [],
    });
  });

  it("changes nothing", async () => {
    const it = await stage(awaiting());
    for (const path of ["/rollouts", `/rollouts/${KEY}`, `/rollouts/${KEY}/history`])
      await ask(it.ports, { path });
    for (const verb of ROLLOUT_VERBS) {
      const { statusCode, headers } = await ask(it.ports, { ...order(verb), method: "GET" });
      expect([statusCode, headers["allow"]]).toEqual([405, "POST"]);
    }
    expect(it.rung).toEqual([]);
    expect(await commandsOf(it)).toEqual([]);
  });
});

describe("an order", () => {
  it("is written down and rung, bound to what is there, in the signer's name", async () => {
    const it = await stage(active("stepping", { author: ADA, step: 1 }));
    const { statusCode, body } = await ask(it.ports, order("promote", { by: GRACE }));
    expect([statusCode, body]).toEqual([
      202,
      {
        decision: "d-0123456789ab",
        key: KEY,
        verb: "promote",
        by: GRACE,
        rollout: "r-0000abcd",
        step: 1,
        next: "r-0000abcd goes on from pause 10m",
      },
    ]);
    expect(await commandsOf(it)).toEqual([
      {
        type: "rollout",
        id: "d-0123456789ab",
        verb: "promote",
        by: GRACE,
        at: NOW,
        rollout: "r-0000abcd",
        step: 1,
        revision: NEW,
      },
    ]);
    expect(it.rung.map(({ key, facts }) => [key, facts])).toEqual([
      [KEY, [{ kind: "wake", cause: "command", at: NOW }]],
    ]);
  });

  it("takes a body in base 64", async () => {
    const it = await stage(idle());
    const text = Buffer.from(JSON.stringify({ taskDefinition: "crane:8" })).toString("base64");
    const { body } = await ask(it.ports, order("start", { text, base64: true }));
    expect(body).toMatchObject({ taskDefinition: "crane:8", by: ADA });
  });

  it("needs no body where it says nothing", async () => {
    const { ports } = await stage(active("stepping"));
    expect((await ask(ports, order("abort", { text: "" }))).statusCode).toBe(202);
  });
});

describe("identity", () => {
  it.each([{ by: GRACE }, { author: GRACE }, { userArn: GRACE }, { id: "d-ffffffffffff" }])(
    "a body that says %j is refused",
    async (body) => {
      const it = await stage(awaiting());
      const { statusCode, body: answer } = await ask(it.ports, order("approve", { body }));
      expect([statusCode, answer["error"]]).toEqual([400, "input"]);
      expect(await commandsOf(it)).toEqual([]);
    },
  );

  it("who began a rollout does not approve it; somebody else does", async () => {
    const it = await stage(awaiting());
    const own = await ask(it.ports, order("approve"));
    expect(own).toMatchObject({
      statusCode: 403,
      body: { error: "own-rollout", remedy: "Ask somebody else to run `fairlead rollout approve`." },
    });
    expect((await ask(it.ports, order("approve", { by: GRACE }))).statusCode).toBe(202);
    expect((await commandsOf(it)).map(({ by }) => by)).toEqual([GRACE]);
  });

  it("a request without a signer is nobody's", async () => {
    const it = await stage(awaiting());
    for (const sent of [order("abort", { by: "" }), { path: "/rollouts", by: "" }]) {
      expect((await ask(it.ports, sent)).statusCode).toBe(401);
    }
    expect(it.rung).toEqual([]);
  });
});
