// The contract of a load balancer, second half: targets, their health, draining and metrics. Called by
// load-balancer.suite.ts.

import { describe, expect, it } from "vitest";
import type { RigTarget } from "./load-balancer.suite.ts";
import type { CreateRig } from "./load-balancer-set-up.ts";
import { inRig } from "./load-balancer-set-up.ts";

const nameOf = ({ id, port }: RigTarget): string => `${id}:${port}`;

export function looksAfterTargets(name: string, createRig: CreateRig): void {
  const withRig = inRig(createRig);

  describe(`${name}: targets`, () => {
    it(
      "takes turns",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(3);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(2_000);
        const counts = await balancer.count(listenerArn, 30);
        expect([...counts.values()]).toEqual([10, 10, 10]);
      }),
    );

    it(
      "prefers the target with the fewest open requests when told to",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(2);
        balancer.groupAttributes(group, { "load_balancing.algorithm.type": "least_outstanding_requests" });
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(2_000);
        const [slow] = group.programs;
        slow?.behave({ latencyMs: 5_000 });
        const open = [rig.send({ listenerArn }), rig.send({ listenerArn })];
        await rig.wait(100);
        const counts = await balancer.count(listenerArn, 10);
        expect(counts).toEqual(new Map([[group.targets[1], 10]]));
        await rig.wait(6_000);
        for (const reply of await Promise.all(open)) expect(reply.status).toBe(200);
      }),
    );

    it(
      "answers 503 for a group without targets, 502 when nothing listens, and passes the target's own codes",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(0);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        expect((await rig.send({ listenerArn })).status).toBe(503);
        const target = await balancer.addTarget(group);
        await rig.wait(2_000);
        target.behave({ status: 418 });
        expect(await rig.send({ listenerArn })).toMatchObject({ status: 418, target: nameOf(target) });
        target.behave({ refuses: true });
        expect((await rig.send({ listenerArn })).status).toBe(502);
      }),
    );

    it(
      "answers 504 after the idle time-out, and 502 when the program dies with the request open",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(1);
        const { listenerArn, loadBalancerArn } = await balancer.listen(balancer.forward([group, 1]));
        rig.call("elasticloadbalancing", "ModifyLoadBalancerAttributes", {
          LoadBalancerArn: loadBalancerArn,
          Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "5" }],
        });
        await rig.wait(2_000);
        const [target] = group.programs;
        target?.behave({ latencyMs: 8_000 });
        const late = rig.send({ listenerArn });
        await rig.wait(6_000);
        expect((await late).status).toBe(504);
        target?.behave({ latencyMs: 3_000 });
        const broken = rig.send({ listenerArn });
        await rig.wait(1_000);
        target?.kill();
        await rig.wait(3_000);
        expect((await broken).status).toBe(502);
      }),
    );
  });

  describe(`${name}: health`, () => {
    it(
      "is unused without a rule, initial at first, healthy after one pass",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(1);
        expect(balancer.health(group)).toEqual(["unused Target.NotInUse"]);
        await balancer.listen(balancer.forward([group, 1]));
        expect(balancer.health(group)).toEqual(["initial Elb.RegistrationInProgress"]);
        await rig.wait(1_000);
        expect(balancer.health(group)).toEqual(["healthy "]);
      }),
    );

    it(
      "turns unhealthy and healthy again by the thresholds, and avoids the target meanwhile",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(2);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(1_000);
        const [sick, well] = group.programs;
        sick?.behave({ health: 500 });
        await rig.wait(5_000);
        expect(balancer.health(group)).toEqual(["healthy ", "healthy "]);
        await rig.wait(5_000);
        expect(balancer.health(group)).toEqual(["unhealthy Target.ResponseCodeMismatch", "healthy "]);
        expect(await balancer.count(listenerArn, 10)).toEqual(new Map([[nameOf(well as RigTarget), 10]]));
        sick?.behave({ health: 200 });
        await rig.wait(10_000);
        expect(balancer.health(group)[0]).toBe("unhealthy Target.ResponseCodeMismatch");
        await rig.wait(5_000);
        expect(balancer.health(group)).toEqual(["healthy ", "healthy "]);
      }),
    );

    it(
      "tells a refused and a late probe apart",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(2);
        await balancer.listen(balancer.forward([group, 1]));
        const [refusing, late] = group.programs;
        refusing?.behave({ refuses: true });
        late?.behave({ latencyMs: 4_000 });
        await rig.wait(10_000);
        expect(balancer.health(group)).toEqual([
          "unhealthy Target.FailedHealthChecks",
          "unhealthy Target.Timeout",
        ]);
      }),
    );

    it(
      "sends to all targets when none is healthy",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(2);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        for (const program of group.programs) program.behave({ health: 503 });
        await rig.wait(11_000);
        expect(balancer.health(group).join()).toContain("unhealthy");
        const counts = await balancer.count(listenerArn, 10);
        expect([...counts.keys()].sort()).toEqual([...group.targets].sort());
      }),
    );

    it(
      "gives a new target a growing share in slow start",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(1);
        balancer.groupAttributes(group, { "slow_start.duration_seconds": "100" });
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(1_000);
        const fresh = nameOf(await balancer.addTarget(group));
        await rig.wait(20_500);
        const early = (await balancer.count(listenerArn, 600)).get(fresh) ?? 0;
        await rig.wait(50_000);
        const late = (await balancer.count(listenerArn, 600)).get(fresh) ?? 0;
        await rig.wait(40_000);
        const whole = (await balancer.count(listenerArn, 600)).get(fresh) ?? 0;
        // The other one takes what the new one lets pass: a fifth of its half, then 0.7 of it, then all.
        expect(early).toBeGreaterThan(40);
        expect(early).toBeLessThan(180);
        expect(late).toBeGreaterThan(early + 50);
        expect(whole).toBe(300);
      }),
    );
  });

  describe(`${name}: draining`, () => {
    it(
      "sends nothing new, lets open requests finish, and ends when the last is answered",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(2);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(2_000);
        for (const program of group.programs) program.behave({ latencyMs: 4_000 });
        const open = [rig.send({ listenerArn }), rig.send({ listenerArn })];
        await rig.wait(100);
        balancer.deregisterTarget(group, group.targets[0] ?? "");
        expect(balancer.health(group)[0]).toBe("draining Target.DeregistrationInProgress");
        for (const program of group.programs) program.behave({ latencyMs: 0 });
        expect(await balancer.count(listenerArn, 10)).toEqual(new Map([[group.targets[1], 10]]));
        await rig.wait(2_000);
        expect(balancer.health(group)).toHaveLength(2);
        await rig.wait(3_000);
        for (const reply of await Promise.all(open)) expect(reply.status).toBe(200);
        expect(balancer.health(group)).toEqual(["healthy "]);
      }),
    );

    it(
      "ends at the deregistration delay at the latest, and soon when nothing is open",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(2);
        balancer.groupAttributes(group, { "deregistration_delay.timeout_seconds": "3" });
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(2_000);
        balancer.deregisterTarget(group, group.targets[0] ?? "");
        await rig.wait(1_500);
        expect(balancer.health(group)).toHaveLength(1);
        group.programs[1]?.behave({ latencyMs: 10_000 });
        const open = rig.send({ listenerArn });
        await rig.wait(100);
        balancer.deregisterTarget(group, group.targets[1] ?? "");
        await rig.wait(2_000);
        expect(balancer.health(group)).toHaveLength(1);
        await rig.wait(1_500);
        expect(balancer.health(group)).toHaveLength(0);
        await rig.wait(10_000);
        expect([200, 502]).toContain((await open).status);
      }),
    );

    it(
      "takes a draining target back when it is registered again",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(1);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(2_000);
        balancer.deregister(group);
        expect((await rig.send({ listenerArn })).status).toBe(503);
        balancer.register(group);
        await rig.wait(2_000);
        expect(balancer.health(group)).toEqual(["healthy "]);
        expect((await rig.send({ listenerArn })).status).toBe(200);
      }),
    );
  });

  describe(`${name}: metrics`, () => {
    it(
      "publishes a minute after its end, without probes, and nothing when idle",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(1);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        const metrics = balancer.metrics(group);
        await rig.wait(60_000 - (rig.now() % 60_000));
        await balancer.count(listenerArn, 20);
        group.programs[0]?.behave({ status: 500 });
        await balancer.count(listenerArn, 5);
        expect(metrics("RequestCount")).toEqual([]);
        await rig.wait(190_000);
        expect(metrics("RequestCount")).toEqual([25]);
        expect(metrics("RequestCount", "SampleCount")).toEqual([25]);
        expect(metrics("RequestCountPerTarget")).toEqual([25]);
        expect(metrics("HTTPCode_Target_2XX_Count")).toEqual([20]);
        expect(metrics("HTTPCode_Target_5XX_Count")).toEqual([5]);
        expect(balancer.metrics()("HTTPCode_ELB_5XX_Count")).toEqual([]);
        expect(metrics("TargetResponseTime", "SampleCount")).toEqual([25]);
        expect(metrics("HealthyHostCount", "Maximum").length).toBeGreaterThanOrEqual(3);
      }),
    );

    it(
      "counts its own answers apart from the targets'",
      withRig(async (balancer, rig) => {
        const group = await balancer.group(0);
        const { listenerArn } = await balancer.listen(balancer.forward([group, 1]));
        await rig.wait(60_000 - (rig.now() % 60_000));
        await balancer.count(listenerArn, 7);
        await rig.wait(62_000);
        const metrics = balancer.metrics();
        expect(metrics("HTTPCode_ELB_5XX_Count")).toEqual([7]);
        expect(metrics("HTTPCode_ELB_503_Count")).toEqual([7]);
        expect(balancer.metrics(group)("HTTPCode_ELB_503_Count")).toEqual([]);
        expect(metrics("RequestCount")).toEqual([]);
      }),
    );
  });
}
