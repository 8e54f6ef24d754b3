// What must not leave an account with its events: values of environment variables, and texts that could be
// secrets. What identifies a resource stays, or nothing could be replayed.

import type { BusEvent } from "../world/kernel.ts";

export const REDACTED = "(redacted)";

/** Words for things that nobody should see, wherever they stand in a name; `pass` only as a whole word of it. */
const SECRET =
  "(?:password|passwd|passphrase|passcode|pass(?![a-z])|pwd|secret(?!smanager)|token|credential|authorization|signature|cookie|(?:api|access|auth|private|signing|encryption|account)[-_]?key)";
const secretName = new RegExp(SECRET, "i");
/** `environment`, `environment-variables`: of their variables the values go, whatever the names say. */
const environmentName = /^environment([-_]?variables)?$/i;
/** What a reference looks like; anything else that begins like one is a text. */
const wholeArn = /^arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:[^\s=,;"']+$/;
/** An option of a command line whose value is the next word. */
const secretOption = new RegExp(`^--?[\\w-]*${SECRET}s?$`, "i");

/** Between a name and its value, also in JSON within a text; `:secret:` of an ARN is no name. */
const ASSIGNS = `(?<=(?<!\\d:)${SECRET}[\\w.-]*\\\\*["']?\\s*[=:]\\s*`;
const secretTexts: readonly RegExp[] = [
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  /(?:AKIA|ASIA)[A-Z0-9]{16}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g,
  // Keys that other services mark by a prefix, so that they are found when they leak.
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|[rs]k_(?:live|test)_|AIza)[\w-]{10,}/g,
  // user:password@host, :password@host, token@host
  /(?<=:\/\/)[^/\s"']+(?=@)/g,
  /(?<=\bbearer\s+|authorization\\*["']?\s*[:=]\s*\\*["']?\w+\s+)[\w.~+/=-]{8,}/gi,
  // password="two words", then --password=…, token: …, AWS_SECRET_ACCESS_KEY=…
  new RegExp(`${ASSIGNS}\\\\*")[^"\\\\]+`, "gi"),
  new RegExp(`${ASSIGNS}')[^']+`, "gi"),
  new RegExp(`${ASSIGNS})(?!(?:bearer|basic)\\s)[^\\s"'\\\\,;&]+`, "gi"),
];

export interface Redaction {
  readonly event: BusEvent;
  /** Values that were taken out. */
  readonly count: number;
}

type Dict = Readonly<Record<string, unknown>>;

const isDict = (value: unknown): value is Dict =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `{ name: "DB_PASSWORD", value: … }`: the name of what stands beside it. */
function labelOf(entry: Dict): string {
  const label = entry["name"] ?? entry["Name"] ?? entry["key"] ?? entry["Key"];
  return typeof label === "string" ? label : "";
}

const isValueName = (name: string): boolean => /^value$/i.test(name);

class Redactor {
  count = 0;

  /** `hides`: everything below is a secret but references. */
  value(value: unknown, hides: boolean): unknown {
    if (typeof value === "string") return this.#text(value, hides);
    if (Array.isArray(value)) return this.#list(value, hides);
    if (isDict(value)) return this.#members(value, hides);
    return hides && (typeof value === "number" || typeof value === "bigint") ? this.#removed() : value;
  }

  #members(value: Dict, hides: boolean): Dict {
    const isLabelled = secretName.test(labelOf(value));
    const entries = Object.entries(value).map(([name, one]) => {
      if (environmentName.test(name)) return [name, this.#environment(one)];
      const hidesThis = hides || secretName.test(name) || (isLabelled && isValueName(name));
      return [name, this.value(one, hidesThis)];
    });
    return Object.fromEntries(entries) as Dict;
  }

  /** A list of names and values, or a map; names stay. Deeper ones have their variables in a member. */
  #environment(given: unknown): unknown {
    if (Array.isArray(given)) return given.map((one: unknown) => this.#variable(one));
    if (!isDict(given)) return this.value(given, false);
    const entries = Object.entries(given).map(([name, one]) => [
      name,
      typeof one === "object" && one !== null ? this.#environment(one) : this.#hidden(one),
    ]);
    return Object.fromEntries(entries) as Dict;
  }

  #variable(one: unknown): unknown {
    if (!isDict(one)) return this.value(one, true);
    const entries = Object.entries(one).map(([name, part]) => [
      name,
      isValueName(name) ? this.#hidden(part) : this.value(part, false),
    ]);
    return Object.fromEntries(entries) as Dict;
  }

  #hidden(value: unknown): unknown {
    return value === null || value === undefined || value === "" ? value : this.#removed();
  }

  #list(list: readonly unknown[], hides: boolean): readonly unknown[] {
    let isNextSecret = false;
    return list.map((one) => {
      const hidesThis = hides || isNextSecret;
      isNextSecret = typeof one === "string" && secretOption.test(one);
      return this.value(one, hidesThis);
    });
  }

  #text(text: string, hides: boolean): string {
    if (text === "" || wholeArn.test(text)) return text;
    if (hides) return this.#removed();
    let result = text;
    for (const pattern of secretTexts) {
      result = result.replace(pattern, (found) => (found.startsWith(REDACTED) ? found : this.#removed()));
    }
    return result;
  }

  #removed(): string {
    this.count += 1;
    return REDACTED;
  }
}

/** Members that EventBridge itself writes; whatever else an event carries is looked through like its detail. */
const ENVELOPE: ReadonlySet<string> = new Set([
  "version",
  "id",
  "detail-type",
  "source",
  "account",
  "time",
  "region",
]);

/** A client's token names a request and opens nothing, but replaying does not need it either. */
export function redact(event: BusEvent): Redaction {
  const redactor = new Redactor();
  const entries = Object.entries(event).map(([name, value]) =>
    ENVELOPE.has(name)
      ? [name, value]
      : [name, redactor.value(value, name !== "detail" && secretName.test(name))],
  );
  return { event: Object.fromEntries(entries) as BusEvent, count: redactor.count };
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
    const found = JSON.stringify(event).match(/(?<=:)\d{12}(?=:)/g) ?? [];
    for (const real of found) this.account(real);
    // A number becomes a text: its mask may begin with a zero.
    const text = JSON.stringify(event, (_name, value: unknown) =>
      typeof value === "number" && this.#masks.has(String(value)) ? String(value) : value,
    ).replace(/(?<!\d)\d{12}(?!\d)/g, (digits) => this.#masks.get(digits) ?? digits);
    return JSON.parse(text) as BusEvent;
  }
}
