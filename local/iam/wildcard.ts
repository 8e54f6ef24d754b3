// IAM's patterns: `*` and `?`, and policy variables whose values are always taken literally.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

/** Stand for the two wildcards in a compiled pattern, so that a literal `*` can be told apart. */
const ANY = "\u0000";
const ONE = "\u0001";

/** A value of the request's context by its key; undefined when the request has none. */
export type ContextLookup = (key: string) => readonly string[] | undefined;

interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}

export interface Pattern {
  readonly text: string;
  /** Compiled text between variables. */
  readonly parts: readonly (string | Variable)[];
}

const VARIABLE = /\$\{([^}]*)\}/g;
/** `${*}`, `${?}` and `${$}` are the characters themselves. */
const ESCAPES: ReadonlySet<string> = new Set(["*", "?", "$"]);

const withWildcards = (text: string): string => text.replaceAll("*", ANY).replaceAll("?", ONE);

/** Variables exist since policy version 2012-10-17; before, the text is literal. */
export function compile(text: string, options: { variables: boolean; wildcards: boolean }): Pattern {
  const plain = options.wildcards ? withWildcards : (part: string) => part;
  if (!options.variables || !text.includes("${")) return { text, parts: [plain(text)] };
  const parts: (string | Variable)[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    parts.push(plain(text.slice(end, match.index)));
    parts.push(variableOf(match[1] ?? ""));
    end = match.index + match[0].length;
  }
  parts.push(plain(text.slice(end)));
  return { text, parts };
}

/** `${aws:PrincipalTag/team, 'none'}` has a fallback. */
function variableOf(inside: string): string | Variable {
  if (ESCAPES.has(inside)) return inside;
  const match = /^\s*([^,\s]+)\s*(?:,\s*'(.*)'\s*)?$/.exec(inside);
  return { key: match?.[1] ?? inside, fallback: match?.[2] };
}

/** The pattern with its variables' values; undefined when one has no single value: then nothing matches. */
export function filled(pattern: Pattern, context: ContextLookup): string | undefined {
  let text = "";
  for (const part of pattern.parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const values = context(part.key);
    const value = values?.length === 1 ? values[0] : part.fallback;
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/** Whether the text matches a filled pattern. */
export function matches(text: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let retryAt = -1;
  let retryPlace = 0;
  while (at < text.length) {
    const wanted = pattern[place];
    if (wanted === ANY) {
      retryPlace = place + 1;
      retryAt = at;
      place += 1;
    } else if (wanted === ONE || (wanted !== undefined && wanted === text[at])) {
      at += 1;
      place += 1;
    } else if (retryAt >= 0) {
      retryAt += 1;
      at = retryAt;
      place = retryPlace;
    } else return false;
  }
  while (pattern[place] === ANY) place += 1;
  return place === pattern.length;
}

const ARN_PARTS = 6;
const RESOURCE_PART = ARN_PARTS - 1;

/** The six parts of an ARN; colons of the last one belong to it. */
function arnParts(arn: string): readonly string[] {
  const parts = arn.split(":");
  return parts.length <= ARN_PARTS
    ? parts
    : [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(":")];
}

/**
 * As in conditions, part by part: a wildcard never reaches over a colon of the first five. Missing parts are `*`:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function matchesArn(arn: string, pattern: string): boolean {
  if (pattern === ANY || arn === pattern) return true;
  if (!pattern.startsWith("arn:")) return matches(arn, pattern);
  if (!arn.startsWith("arn:")) return false;
  const wanted = arnParts(pattern);
  const given = arnParts(arn);
  return given.every((part, index) => {
    const piece = wanted[index];
    return piece === undefined || matches(part, piece);
  });
}

/**
 * As in `Resource`: "If the * wildcard is the last character of a resource ARN segment, it can expand to match
 * beyond the colon boundaries" (same page). ARNs in conditions are compared part by part instead.
 */
export function matchesResource(arn: string, pattern: string): boolean {
  if (matchesArn(arn, pattern)) return true;
  const mayReach = pattern.startsWith("arn:") && pattern.includes(`${ANY}:`) && arn.startsWith("arn:");
  return mayReach && reaches(arn, pattern);
}

/** Follows all ways through the pattern at once: which ends in the ARN each of its beginnings can have. */
function reaches(arn: string, pattern: string): boolean {
  let ends = new Set([0]);
  let part = 0;
  for (const [index, sign] of [...pattern].entries()) {
    const crosses = part >= RESOURCE_PART || pattern[index + 1] === ":" || index === pattern.length - 1;
    ends = sign === ANY ? stretched(arn, ends, crosses) : stepped(arn, ends, { sign, part });
    if (sign === ":") part += 1;
  }
  return ends.has(arn.length);
}

function stretched(arn: string, ends: ReadonlySet<number>, crosses: boolean): Set<number> {
  const longer = new Set(ends);
  for (const end of longer) if (end < arn.length && (crosses || arn[end] !== ":")) longer.add(end + 1);
  return longer;
}

function stepped(
  arn: string,
  ends: ReadonlySet<number>,
  { sign, part }: { readonly sign: string; readonly part: number },
): Set<number> {
  const fits = (found: string | undefined): boolean =>
    sign === ONE ? found !== undefined && (found !== ":" || part >= RESOURCE_PART) : found === sign;
  return new Set([...ends].filter((end) => fits(arn[end])).map((end) => end + 1));
}
