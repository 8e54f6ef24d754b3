// Stable 128-bit fingerprint of a text (four FNV-1a lanes): for ids that must be equal on every retry.
// Not for security: nothing here resists an adversary.

const LANE_OFFSETS = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35] as const;
const FNV_PRIME = 0x01000193;

/** 32 lower-case hex characters. */
export function fingerprint(text: string): string {
  const lanes: number[] = [...LANE_OFFSETS];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    for (let lane = 0; lane < lanes.length; lane += 1) {
      lanes[lane] = Math.imul((lanes[lane] as number) ^ (unit + lane), FNV_PRIME);
    }
  }
  return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

/** A non-negative 32-bit number for seeds and shards. */
export const fingerprint32 = (text: string): number => Number.parseInt(fingerprint(text).slice(0, 8), 16);
