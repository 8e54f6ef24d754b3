// The contract of a load balancer, first half: rules, weights and stickiness. Called by load-balancer.suite.ts.

import { describe, expect, it } from "vitest";
import type { Head, Rig } from "./load-balancer.suite.ts";
import type { CreateRig } from "./load-balancer-set-up.ts";
import { inRig, PROPAGATED } from "./load-balancer-set-up.ts";

/** Five standard deviations: one of 3.5 million honest runs fails, and seeds are fixed. */
const near = (count: number, of: number, share: number): void => {
  const spread = 5 * Math.sqrt(of * share * (1 - share));
  expect(count).toBeGreaterThan(of * share - spread);
  expect(count).toBeLessThan(of * share + spread);
};

export function routesRequests(name: string, createRig: CreateRig): void {
  const withRig = inRig(createRig);

  describe(`${name}: rules`, () => {
    const status = async (rig: Rig, head: Head): Promise<number> => (await rig.send(head)).status;

    it.each([
      [
        "host-header",
        { HostHeaderConfig: { Values: ["*.example.com"] } },
        { host: "API.Example.com" },
        { host: "example.com" },
      ],
      [
        "path-pattern",
        { PathPatternConfig: { Values: ["/img/*/a?.png"] } },
        { path: "/img/x/y/ab.png" },
        { path: "/IMG/x/ab.png" },
      ],
      [
        "http-header",
        { HttpHeaderConfig: { HttpHeaderName: "X-Canary", Values: ["yes*"] } },
        { headers: { "x-canary": "YES!" } },
        { headers: { "x-canary": "no" } },
      ],
      [
        "http-request-method",
        { HttpRequestMethodConfig: { Values: ["PUT"] } },
        { method: "PUT" },
        { method: "GET" },
      ],
      [
        "query-string",
        { QueryStringConfig: { Values: [{ Key: "v", Value: "2*" }] } },
        { query: "a=1&v=21" },
        { query: "v=1" },
      ],
    ])("matches %s", async (field, config, hit, miss) => {
      await withRig(async (balancer, rig) => {
        const { listenerArn } = await balancer.listen(balancer.fixed(404));
        balancer.rule(listenerArn, [10, { Field: field, ...config }], balancer.fixed(410));
        await rig.wait(PROPAGATED);
        expect(await status(rig, { listenerArn, ...hit })).toBe(410);
        expect(await status(rig, { listenerArn, ...miss })).toBe(404);
      })();
    });

    it(
      "matches source-ip by the connection, not by a header",
      withRig(async (balancer, rig) => {
        const { listenerArn } = await balancer.listen(balancer.fixed(404));
        const here = { Field: "source-ip", SourceIpConfig: { Values: [`${rig.sourceIp}/32`] } };
        const away = { Field: "source-ip", SourceIpConfig: { Values: ["203.0.113.0/24"] } };
        balancer.rule(listenerArn, [1, away], balancer.fixed(500));
        balancer.rule(listenerArn, [2, here], balancer.fixed(410));
        await rig.wait(PROPAGATED);
        const headers = { "x-forwarded-for": "203.0.113.7" };
        expect(await status(rig, { listenerArn, headers })).toBe(410);
      }),
    );

    it(
      "takes the first by priority, all of whose conditions hold",
      withRig(async (balancer, rig) => {
        const { listenerArn } = await balancer.listen(balancer.fixed(404));
        const path = { Field: "path-pattern", PathPatternConfig: { Values: ["/a*"] } };
        const host = { Field: "host-header", HostHeaderConfig: { Values: ["one.test"] } };
        balancer.rule(listenerArn, [20, path], balancer.fixed(420));
        balancer.rule(listenerArn, [10, path, host], balancer.fixed(410));
        await rig.wait(PROPAGATED);
        expect(await status(rig, { listenerArn, path: "/abc", host: "one.test" })).toBe(410);
        expect(await status(rig, { listenerArn, path: "/abc", host: "two.test" })).toBe(420);
        expect(await status(rig, { listenerArn, path: "/b", host: "one.test" })).toBe(404);
      }),
    );

    it(
      "redirects with the parts of the request that the rule keeps",
      withRig(async (balancer, rig) => {
        const redirect = {
          Type: "redirect",
          RedirectConfig: { StatusCode: "HTTP_301", Protocol: "HTTPS", Port: "443", Path: "/new/#{path}" },
        };
        const { listenerArn } = await balancer.listen([redirect]);
        const reply = await rig.send({ listenerArn, host: "a.test", path: "/old/x", query: "q=1" });
        expect(reply.status).toBe(301);
        expect(reply.location).toBe("https://a.test:443/new/old/x?q=1");
      }),
    );

    it(
      "follows a changed rule after the propagation delay and not before",
      withRig(async (balancer, rig) => {
        const { listenerArn } = await balancer.listen(balancer.fixed(404));
        rig.call("elasticloadbalancing", "ModifyListener", {
          ListenerArn: listenerArn,
          DefaultActions: balancer.fixed(410),
        });
        await rig.wait(1_000);
        expect(await status(rig, { listenerArn })).toBe(404);
        await rig.wait(PROPAGATED);
        expect(await status(rig, { listenerArn })).toBe(410);
      }),
    );
  });

  describe(`${name}: weights`, () => {
    it(
      "spreads requests over groups by their weights",
      withRig(async (balancer, rig) => {
        const groups = [await balancer.group(1), await balancer.group(1), await balancer.group(1)] as const;
        const action = balancer.forward([groups[0], 700], [groups[1], 250], [groups[2], 50]);
        const { listenerArn } = await balancer.listen(action);
        await rig.wait(2_000);
        const counts = await balancer.count(listenerArn, 2_000);
        near(counts.get(groups[0].targets[0] ?? "") ?? 0, 2_000, 0.7);
        near(counts.get(groups[1].targets[0] ?? "") ?? 0, 2_000, 0.25);
        near(counts.get(groups[2].targets[0] ?? "") ?? 0, 2_000, 0.05);
      }),
    );

    it(
      "sends nothing to weight 0, and everything after the shift",
      withRig(async (balancer, rig) => {
        const [blue, green] = [await balancer.group(2), await balancer.group(2)];
        const { listenerArn } = await balancer.listen(balancer.forward([blue, 100], [green, 0]));
        await rig.wait(2_000);
        for (const name of (await balancer.count(listenerArn, 200)).keys())
          expect(blue.targets).toContain(name);
        balancer.setDefault(listenerArn, balancer.forward([blue, 0], [green, 100]));
        await rig.wait(PROPAGATED);
        for (const name of (await balancer.count(listenerArn, 200)).keys())
          expect(green.targets).toContain(name);
      }),
    );

    it(
      "never fails over to another group",
      withRig(async (balancer, rig) => {
        const [full, empty] = [await balancer.group(1), await balancer.group(0)];
        const { listenerArn } = await balancer.listen(balancer.forward([full, 50], [empty, 50]));
        await rig.wait(2_000);
        const counts = await balancer.count(listenerArn, 600);
        near(counts.get("503") ?? 0, 600, 0.5);
        near(counts.get(full.targets[0] ?? "") ?? 0, 600, 0.5);
      }),
    );
  });

  describe(`${name}: stickiness`, () => {
    it(
      "keeps a client on its group, also when the weight falls to 0 or the group is empty",
      withRig(async (balancer, rig) => {
        const [blue, green] = [await balancer.group(1), await balancer.group(1)];
        const sticky = { Enabled: true, DurationSeconds: 600 };
        const { listenerArn } = await balancer.listen(balancer.forward([blue, 1], [green, 0], sticky));
        await rig.wait(2_000);
        const first = await rig.send({ listenerArn });
        expect(first.cookies.map((cookie) => cookie.split("=")[0])).toEqual(["AWSALBTG", "AWSALBTGCORS"]);
        const headers = { cookie: first.cookies.join("; ") };
        balancer.setDefault(listenerArn, balancer.forward([blue, 0], [green, 1], sticky));
        await rig.wait(PROPAGATED);
        expect((await rig.send({ listenerArn })).target).toBe(green.targets[0]);
        expect((await rig.send({ listenerArn, headers })).target).toBe(blue.targets[0]);
        balancer.deregister(blue);
        await rig.wait(2_000);
        expect((await rig.send({ listenerArn, headers })).status).toBe(503);
        balancer.setDefault(listenerArn, balancer.forward([green, 1], sticky));
        await rig.wait(PROPAGATED);
        expect((await rig.send({ listenerArn, headers })).target).toBe(green.targets[0]);
      }),
    );

    it(
      "forgets a group cookie at its end",
      withRig(async (balancer, rig) => {
        const [blue, green] = [await balancer.group(1), await balancer.group(1)];
        const sticky = { Enabled: true, DurationSeconds: 60 };
        const { listenerArn } = await balancer.listen(balancer.forward([blue, 1], [green, 0], sticky));
        await rig.wait(2_000);
        const headers = { cookie: (await rig.send({ listenerArn })).cookies.join("; ") };
        balancer.setDefault(listenerArn, balancer.forward([blue, 0], [green, 1], sticky));
        await rig.wait(30_000);
        expect((await rig.send({ listenerArn, headers })).target).toBe(blue.targets[0]);
        await rig.wait(31_000);
        expect((await rig.send({ listenerArn, headers })).target).toBe(green.targets[0]);
      }),
    );

    it(
      "keeps a client on its target until the target leaves",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(3);
        balancer.groupAttributes(group, { "stickiness.enabled": "true" });
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(2_000);
        const first = await rig.send({ listenerArn });
        expect(first.cookies.map((cookie) => cookie.split("=")[0])).toEqual(["AWSALB", "AWSALBCORS"]);
        const headers = { cookie: first.cookies.join("; ") };
        for (let again = 0; again < 10; again += 1) {
          expect((await rig.send({ listenerArn, headers })).target).toBe(first.target);
        }
        balancer.deregisterTarget(group, first.target ?? "");
        const moved = await rig.send({ listenerArn, headers });
        expect(moved.status).toBe(200);
        expect(moved.target).not.toBe(first.target);
        expect(moved.cookies).not.toEqual(first.cookies);
      }),
    );
  });
}
