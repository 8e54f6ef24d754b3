// Rollouts that depend on others: dependencies before a start, lockstep between steps, one abort for all.

import type { Key } from "../../base/keys.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { PeerView } from "./observation.ts";
import type { Pass } from "./pass.ts";
import { ask } from "./pass.ts";
import type { Rollout } from "./state.ts";

export const othersOf = ({ input }: Pass): readonly Key[] =>
  (input.policy.group?.members ?? []).filter((member) => member !== input.key);

/** undefined = not known in this pass: it was asked for, or could not be read. */
function peersSeen(pass: Pass): readonly PeerView[] | undefined {
  const { policy, observation } = pass.input;
  if (othersOf(pass).length === 0 && policy.dependsOn.length === 0) return [];
  ask(pass, "peers");
  return observation.peers?.ok === true ? observation.peers.value : undefined;
}

/** Why a start must wait for its dependencies. */
export function waitsForDependency(pass: Pass): Reason | undefined {
  const { dependsOn } = pass.input.policy;
  if (dependsOn.length === 0) return undefined;
  const peers = peersSeen(pass);
  if (peers === undefined) return reason("peers-unread", "What it depends on could not be read.");
  for (const key of dependsOn) {
    const peer = peers.find((one) => one.key === key);
    if (peer === undefined) continue;
    if (peer.phase !== "idle") {
      return reason("dependency-under-way", `${key}, on which it depends, is ${peer.phase}.`, {
        dependency: key,
      });
    }
    const isGood = peer.outcome === undefined || peer.outcome === "promoted" || peer.outcome === "watched";
    if (!isGood) {
      const text = `The last rollout of ${key}, on which it depends, ended as ${peer.outcome}.`;
      return reason("dependency-failed", text, { dependency: key });
    }
  }
  return undefined;
}

/** Members whose rollouts were under way together with this one. */
const waveOf = (pass: Pass, peers: readonly PeerView[], rollout: Rollout): readonly PeerView[] => {
  const others = new Set<string>(othersOf(pass));
  return peers.filter(({ key, phase, startedAt, endedAt }) => {
    if (!others.has(key) || startedAt === undefined) return false;
    return phase !== "idle" || (endedAt !== undefined && endedAt >= rollout.startedAt);
  });
};

const FAILED: ReadonlySet<string> = new Set(["rolled-back", "failed", "needs-operator"]);

/** A member of the same wave that goes back takes all the others along. */
export function abortedByPeer(pass: Pass, rollout: Rollout): Reason | undefined {
  const group = pass.input.policy.group;
  if (group === undefined) return undefined;
  const wave = waveOf(pass, peersSeen(pass) ?? [], rollout);
  const failed = wave.find(({ phase, outcome, cause }) =>
    phase === "idle"
      ? FAILED.has(outcome ?? "")
      : // One that a newer revision replaces has not failed.
        (phase === "aborting" || phase === "stuck") && cause !== "superseded",
  );
  if (failed === undefined) return undefined;
  const text = `${failed.key} of the group ${group.name} goes back, so all of its members do.`;
  return reason("group-aborted", text, { member: failed.key });
}

/**
 * A step that is done moves the index on at once; what lockstep holds is the taking of the next one. So a
 * member's index tells how many steps it has finished.
 */
export function waitsForLockstep(pass: Pass, rollout: Rollout): Reason | undefined {
  const group = pass.input.policy.group;
  if (group?.lockstep !== true) return undefined;
  const peers = peersSeen(pass);
  if (peers === undefined) return reason("peers-unread", "The other members of the group could not be read.");
  const behind = waveOf(pass, peers, rollout).find(
    ({ phase, step }) =>
      (phase === "starting" || phase === "preparing" || phase === "stepping") && step < rollout.step,
  );
  if (behind === undefined) return undefined;
  const text = `Step ${rollout.step + 1} waits for ${behind.key}, which is at step ${behind.step + 1}.`;
  return reason("lockstep", text, { member: behind.key });
}
