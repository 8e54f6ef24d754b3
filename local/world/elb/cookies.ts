// The cookies of stickiness. AWS encrypts them; here they are plain and carry the instant of their end.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions

import type { EpochMs } from "../../../shared/base/time.ts";

export const GROUP_COOKIE = "AWSALBTG";
export const TARGET_COOKIE = "AWSALB";
export const APP_COOKIE = "AWSALBAPP-0";

interface Stamp {
  readonly name: string;
  readonly subject: string;
  readonly now: EpochMs;
  readonly seconds: number;
}

/** Two `Set-Cookie` values: browsers want the second one for requests across sites. */
export function setCookies({ name, subject, now, seconds }: Stamp): readonly string[] {
  const until = now + seconds * 1_000;
  const value = Buffer.from(`${until}|${subject}`).toString("base64url");
  const expires = new Date(until).toUTCString();
  return [
    `${name}=${value}; Expires=${expires}; Path=/`,
    `${name}CORS=${value}; Expires=${expires}; Path=/; SameSite=None; Secure`,
  ];
}

/** What the request's cookie names; undefined: no such cookie, not ours, or past its end. */
export function subjectOf(header: string | undefined, name: string, now: EpochMs): string | undefined {
  const value = cookieValue(header, name) ?? cookieValue(header, `${name}CORS`);
  if (value === undefined) return undefined;
  const text = Buffer.from(value, "base64url").toString();
  const bar = text.indexOf("|");
  return bar > 0 && Number(text.slice(0, bar)) > now ? text.slice(bar + 1) : undefined;
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const part of header.split(";")) {
    const pair = part.trim();
    if (pair.startsWith(name) && pair[name.length] === "=") return pair.slice(name.length + 1);
  }
  return undefined;
}
