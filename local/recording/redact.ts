// What must not leave an account with its events: values of environment variables, and texts that could be
// secrets. What identifies a resource stays, or nothing could be replayed.

import type { BusEvent } from "../world/kernel.ts";

export const REDACTED = "(redacted)";

/** Names whose values nobody should see. References (ARNs) are no secrets. */
const secretName = /pass(word|wd|phrase)?$|secret|token|api-?_?key|credential|authorization|private-?_?key/i;
const secretTexts: readonly RegExp[] = [
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g,
  // user:password@host
  /(?<=:\/\/)[^/\s:@]+:[^/\s@]+(?=@)/g,
  // --password=…, token: …, api_key …
  /(?<=(?:password|passwd|secret|token|api[-_]?key)["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi,
];

export interface Redaction {
  readonly event: BusEvent;
  /** Values that were taken out. */
  readonly count: number;
}

class Redactor {
  count = 0;

  value(value: unknown, name: string): unknown {
    if (typeof value === "string") return this.#text(value, name);
    if (Array.isArray(value)) return this.#list(value, name);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.value(one, key)]));
  }

  #list(list: readonly unknown[], name: string): readonly unknown[] {
    if (name !== "environment") return list.map((one) => this.value(one, name));
    return list.map((one) => {
      if (typeof one !== "object" || one === null || !("value" in one)) return this.value(one, name);
      this.count += 1;
      return { ...one, value: REDACTED };
    });
  }

  #text(text: string, name: string): string {
    if (text.startsWith("arn:")) return text;
    if (secretName.test(name) && text !== "") return this.#removed();
    let result = text;
    for (const pattern of secretTexts) result = result.replace(pattern, () => this.#removed());
    return result;
  }

  #removed(): string {
    this.count += 1;
    return REDACTED;
  }
}

/** A client's token names a request and opens nothing, but replaying does not need it either. */
export function redact(event: BusEvent): Redaction {
  const redactor = new Redactor();
  const detail = redactor.value(event.detail, "detail") as BusEvent["detail"];
  return { event: { ...event, detail }, count: redactor.count };
}

/** Other accounts for those that an event names: the first becomes the given one, the next ones follow it. */
export class AccountMask {
  readonly #first: bigint;
  readonly #masks = new Map<string, string>();

  constructor(first: string) {
    this.#first = BigInt(first);
  }

  account(real: string): string {
    const known = this.#masks.get(real);
    if (known !== undefined) return known;
    const mask = String(this.#first + BigInt(this.#masks.size)).padStart(12, "0");
    this.#masks.set(real, mask);
    return mask;
  }

  event(event: BusEvent): BusEvent {
    this.account(event.account);
    let text = JSON.stringify(event);
    const found = text.match(/(?<=:)\d{12}(?=:)/g) ?? [];
    for (const real of [event.account, ...found]) this.account(real);
    text = text.replace(/(?<!\d)\d{12}(?!\d)/g, (digits) => this.#masks.get(digits) ?? digits);
    return JSON.parse(text) as BusEvent;
  }
}
