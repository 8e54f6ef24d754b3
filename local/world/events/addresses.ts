// IP address literals as event patterns see them: a plain string value that reads as an address compares
// as an address ("::1" is "0:0:0:0:0:0:0:1"), and `cidr` compares its leading bits.

export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface AddressBlock {
  readonly base: Address;
  readonly maskBits: number;
}

const ipv4Shape = /^\d+\.\d+\.\d+\.\d+$/;
const ipv6Shape = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/;
const longestIpv4 = 15;

/** Undefined when the text is not an address literal; leading zeros in IPv4 are decimal. */
export function parseAddress(text: string): Address | undefined {
  if (ipv4Shape.test(text)) return parseIpv4(text);
  if (ipv6Shape.test(text)) return parseIpv6(text);
  return undefined;
}

function parseIpv4(text: string): Address | undefined {
  if (text.length > longestIpv4) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return { bits: 32, value: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  // "::" stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])];
  return unmapped(groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n));
}

function parseGroups(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":").map((group) => (group === "" ? Number.NaN : Number.parseInt(group, 16)));
  return groups.every((group) => group <= 0xffff) ? groups : undefined;
}

/** An IPv4 address written as IPv6 (::ffff:a.b.c.d in hexadecimal) is the IPv4 address. */
function unmapped(value: bigint): Address {
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

export const sameAddress = (a: Address, b: Address): boolean => a.bits === b.bits && a.value === b.value;

/** Undefined when malformed. A whole address (/32, /128) is no block: AWS wants it written plainly. */
export function parseBlock(text: string): AddressBlock | undefined {
  const [address, mask, ...rest] = text.split("/");
  if (address === undefined || mask === undefined || rest.length > 0 || !/^\d{1,3}$/.test(mask))
    return undefined;
  const base = parseAddress(address);
  const maskBits = Number(mask);
  return base === undefined || maskBits >= base.bits ? undefined : { base, maskBits };
}

export function inBlock(address: Address, block: AddressBlock): boolean {
  if (address.bits !== block.base.bits) return false;
  const shift = BigInt(block.base.bits - block.maskBits);
  return address.value >> shift === block.base.value >> shift;
}
