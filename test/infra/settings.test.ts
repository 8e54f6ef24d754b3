// Settings: defaults, and refusals that name the setting and what it may be.

import { describe, expect, it } from "vitest";
import { settingsFrom } from "./synthesized.ts";

describe("settings", () => {
  it("default to watching everything and writing nothing", () => {
    expect(settingsFrom({})).toEqual({
      installation: "fairlead",
      mode: "observe",
      clusters: [],
      registries: [],
      rollouts: "traffic",
      loadBalancers: [],
      hookRoles: [],
      taskRoles: [],
      prometheusWorkspaces: [],
      retentionDays: 30,
    });
  });

  it("take lists separated by commas", () => {
    expect(settingsFrom({ clusters: " web, api ," }).clusters).toEqual(["web", "api"]);
  });

  it.each([
    [{ mode: "approve" }, 'setting mode is "approve": expected observe or act'],
    [{ installation: "My_Team" }, 'setting installation is "My_Team": expected 1-20 of a-z, 0-9 and -'],
    [{ retentionDays: "0" }, 'setting retentionDays is "0": expected whole days from 1 to 3653'],
    [{ clusters: "web,arn:aws:s3:::b" }, 'setting clusters is "arn:aws:s3:::b": expected names or ARNs'],
    [{ registries: "srv-1" }, 'setting registries is "srv-1": expected ARNs of Cloud Map services'],
    [{ rollouts: "all" }, 'setting rollouts is "all": expected watch, deployments or traffic'],
    [
      { loadBalancers: "arn:aws:x" },
      'setting loadBalancers is "arn:aws:x": expected names of load balancers',
    ],
    [{ hookRoles: "admin" }, 'setting hookRoles is "admin": expected ARNs of roles'],
    [{ taskRoles: "arn:aws:iam::111122223333:role/*" }, "setting taskRoles is"],
    [{ prometheusWorkspaces: "ws-1" }, 'setting prometheusWorkspaces is "ws-1": expected ARNs of workspaces'],
    [{ kmsKeyArn: "alias/mine" }, 'setting kmsKeyArn is "alias/mine": expected the ARN of a key'],
    [{ alarmTopicArn: "ops" }, 'setting alarmTopicArn is "ops": expected the ARN of a standard topic'],
  ])("refuse %j", (given, message) => {
    expect(() => settingsFrom(given)).toThrow(message);
  });

  it("refuse more clusters than a pattern can name", () => {
    const clusters = Array.from({ length: 100 }, (_, index) => `cluster-${index}`).join(",");
    expect(() => settingsFrom({ clusters })).toThrow(/setting clusters is "100 clusters".*2048 characters/);
  });
});
