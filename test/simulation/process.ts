// A function's execution environment in simulation: it runs one invocation at a time, every outward call
// goes through `call`, and there it can be slow, fail, stall or die.

import type { Timeline } from "../../local/world/kernel.ts";
import { AwsError } from "../../local/world/kernel.ts";
import type { Prng } from "../../shared/base/prng.ts";
import { sleep } from "./engine.ts";
import type { FaultName, FaultProfile } from "./faults.ts";

export class Crashed extends Error {}

export interface OutwardCall {
  /** e.g. `servicediscovery.RegisterInstance`, `store.commit`. */
  readonly name: string;
  readonly isRead: boolean;
  /** Equal for the same question: a stale read answers an older answer to it. */
  readonly question: string;
  readonly run: () => object | undefined | Promise<object | undefined>;
}

export interface Chaos {
  readonly kernel: Timeline;
  readonly chance: Prng;
  /** Replaced when faults are turned off. */
  profile: FaultProfile;
  readonly met: Map<FaultName, number>;
  /** How long a process stands still; default: past its message's visibility. */
  readonly stallMs?: number;
  /** For exhaustive crash points: counts calls, dies at the given one. */
  readonly crashPoint: { at: number; side: "before" | "after" } | undefined;
  calls: number;
}

const CALL_MS = { least: 3, most: 60 } as const;
/** Longer than the work queue's visibility time-out. */
const STALL_MS = 200_000;
const REMEMBERED_ANSWERS = 4;

export class Process {
  readonly #chaos: Chaos;
  readonly #answers = new Map<string, object[]>();
  #die: ((reason: Crashed) => void) | undefined;
  dead = false;

  constructor(chaos: Chaos) {
    this.#chaos = chaos;
  }

  /** Rejects with Crashed when the process dies inside. */
  invoke<T>(run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#die = reject;
      run().then(resolve, reject);
    });
  }

  async call(outward: OutwardCall): Promise<object | undefined> {
    const { kernel, chance, profile } = this.#chaos;
    this.#chaos.calls += 1;
    const index = this.#chaos.calls;
    await sleep(kernel, chance.int(CALL_MS.least, CALL_MS.most));
    await this.#maybeCrash("before", index);
    this.#maybeRefuse(outward);
    const answer = await this.#answer(outward);
    await this.#maybeCrash("after", index);
    // A process freezes between two steps, not inside a request: requests time out after 5 s.
    if (this.#hits("stall", profile.stall)) await sleep(kernel, this.#chaos.stallMs ?? STALL_MS);
    if (!outward.isRead && this.#hits("timeoutAfterEffect", profile.timeoutAfterEffect)) throw timeout();
    return answer;
  }

  #maybeRefuse({ name }: OutwardCall): void {
    const { profile } = this.#chaos;
    if (this.#hits("throttle", profile.throttle)) {
      throw new AwsError("ThrottlingException", `${name}: Rate exceeded`, { status: 400 });
    }
    if (this.#hits("serverError", profile.serverError)) {
      throw new AwsError("InternalServerError", `${name}: try again`, { status: 500 });
    }
  }

  async #answer(outward: OutwardCall): Promise<object | undefined> {
    const answer = await outward.run();
    if (!outward.isRead || answer === undefined) return answer;
    const former = this.#answers.get(outward.question) ?? [];
    this.#answers.set(outward.question, [...former, answer].slice(-REMEMBERED_ANSWERS));
    const isStale = former.length > 0 && this.#hits("staleRead", this.#chaos.profile.staleRead);
    return isStale ? this.#chaos.chance.pick(former) : answer;
  }

  async #maybeCrash(side: "before" | "after", index: number): Promise<void> {
    const { profile, crashPoint } = this.#chaos;
    const isPoint = crashPoint?.side === side && crashPoint.at === index;
    const probability = side === "before" ? profile.crashBefore : profile.crashAfter;
    if (!isPoint && !this.#hits(side === "before" ? "crashBefore" : "crashAfter", probability)) return;
    this.dead = true;
    this.#die?.(new Crashed(`died ${side} call ${index}`));
    await new Promise<never>(() => undefined);
  }

  #hits(name: FaultName, probability: number): boolean {
    const { chance, met } = this.#chaos;
    if (probability === 0 || !chance.chance(probability)) return false;
    met.set(name, (met.get(name) ?? 0) + 1);
    return true;
  }
}

const timeout = (): Error => Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
