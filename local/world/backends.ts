// What answers at a target's address: a model of the application in simulation, a real process on a
// loopback address otherwise. Load balancers probe and forward through it and know nothing else of tasks.

import type { Target } from "./balancing.ts";

export interface HealthProbe {
  readonly protocol: "HTTP" | "HTTPS" | "TCP";
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
}

export type ProbeResult =
  | { readonly kind: "answered"; readonly statusCode: number }
  | { readonly kind: "connected" }
  | { readonly kind: "refused" }
  | { readonly kind: "timed-out" };

/** One request as the modelled application sees it: no bytes. */
export interface ModelledRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type ModelledAnswer =
  | {
      readonly kind: "answered";
      readonly statusCode: number;
      readonly afterMs: number;
      /** Who answers: it may be gone before it has. */
      readonly program?: string;
    }
  | { readonly kind: "refused" }
  /** No connection comes about: the packets go nowhere. */
  | { readonly kind: "silent" }
  /** The connection broke before an answer: the program was stopped. */
  | { readonly kind: "reset"; readonly afterMs: number };

export interface Backends {
  /** Answers exactly once, now or later, in the world's own time, at the latest after the time-out. */
  probe(target: Target, probe: HealthProbe, done: (result: ProbeResult) => void): void;
  /** The byte-less data plane asks here; the real one opens a connection instead. */
  answer(target: Target, request: ModelledRequest): ModelledAnswer;
  /** Asked when an answer is due: false = its program was stopped in between and the connection broke. */
  finishes?(target: Target, program: string): boolean;
}
