// Subnets, private and public addresses, network interfaces of awsvpc tasks.

import type { AwsVpcConfiguration } from "@aws-sdk/client-ecs";
import { fingerprint32 } from "../../../shared/base/fingerprint.ts";
import type { Kernel } from "../kernel.ts";
import type { InterfaceRecord } from "./model.ts";

export interface Subnet {
  readonly subnetId: string;
  readonly availabilityZone: string;
  /** `dualstack` adds an IPv6 address to each interface; `ipv6` leaves IPv4 out. */
  readonly family: "ipv4" | "dualstack" | "ipv6";
}

/** Freed addresses rest until this many others were freed after them. Assumed: AWS publishes no rule, but does reuse. */
const RESTING_ADDRESSES = 256;

/** Numbers that come back into use, the longest freed first. */
class NumberPool {
  #next = 0;
  #freed: number[] = [];
  #head = 0;

  take(): number {
    if (this.#freed.length - this.#head <= RESTING_ADDRESSES) return this.#next++;
    const value = this.#freed[this.#head] as number;
    this.#head += 1;
    if (this.#head > 4_096) {
      this.#freed = this.#freed.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }

  release(value: number): void {
    this.#freed.push(value);
  }
}

const dotted = (value: number): string =>
  `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
const numeric = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** Tasks live in 10.0.0.0/9, hosts in 10.128.0.0/9, public addresses in 198.18.0.0/15 (RFC 2544: never routed). */
const DEFAULT_BASES: AddressBases = { tasks: "10.0.0.16", hosts: "10.128.0.16" };
const PUBLIC_BASE = numeric("198.18.0.1");
/** The first address of tasks and of hosts. */
export interface AddressBases {
  readonly tasks: string;
  readonly hosts: string;
}

const DEFAULT_SUBNET = "subnet-0000000000000000a";

export class AddressPlan {
  readonly #kernel: Kernel;
  readonly #zones: readonly string[];
  readonly #taskBase: number;
  readonly #hostBase: number;
  readonly #subnets = new Map<string, Subnet>();
  readonly #interfaces = new Map<string, InterfaceRecord>();
  readonly #tasks = new NumberPool();
  readonly #public = new NumberPool();
  #hosts = 0;

  constructor(kernel: Kernel, zones: readonly string[], bases: AddressBases = DEFAULT_BASES) {
    this.#kernel = kernel;
    this.#zones = zones;
    this.#taskBase = numeric(bases.tasks);
    this.#hostBase = numeric(bases.hosts);
  }

  defineSubnet(subnet: Subnet): void {
    this.#subnets.set(subnet.subnetId, subnet);
  }

  /** A subnet that nobody defined is IPv4 only and lies in a zone that its id determines. */
  subnet(subnetId: string): Subnet {
    const known = this.#subnets.get(subnetId);
    if (known !== undefined) return known;
    const zone = this.#zones[fingerprint32(subnetId) % this.#zones.length] as string;
    const subnet: Subnet = { subnetId, availabilityZone: zone, family: "ipv4" };
    this.#subnets.set(subnetId, subnet);
    return subnet;
  }

  subnetsOf(vpc: AwsVpcConfiguration | undefined): readonly Subnet[] {
    const ids = vpc?.subnets ?? [];
    return (ids.length === 0 ? [DEFAULT_SUBNET] : ids).map((id) => this.subnet(id));
  }

  nextHostAddress(): string {
    this.#hosts += 1;
    return dotted(this.#hostBase + this.#hosts);
  }

  nextPublicAddress(): string {
    return dotted(PUBLIC_BASE + this.#public.take());
  }

  createInterface(subnet: Subnet, withPublicIp: boolean): InterfaceRecord {
    const number = this.#tasks.take();
    const hex = this.#kernel.hex(20);
    const eni: InterfaceRecord = {
      eniId: `eni-0${hex.slice(0, 16)}`,
      attachmentId: `${this.#kernel.hex(8)}-${hex.slice(0, 4)}-4${hex.slice(4, 7)}-b${hex.slice(7, 10)}-${this.#kernel.hex(12)}`,
      subnetId: subnet.subnetId,
      macAddress: `0e:${hex.slice(10, 12)}:${hex.slice(12, 14)}:${hex.slice(14, 16)}:${hex.slice(16, 18)}:${hex.slice(18)}`,
      ipv4: subnet.family === "ipv6" ? undefined : dotted(this.#taskBase + number),
      ipv6:
        subnet.family === "ipv4"
          ? undefined
          : `2600:1f18:4000:${Math.floor(number / 65_536).toString(16)}::${(number % 65_536).toString(16)}`,
      publicIp: withPublicIp ? this.nextPublicAddress() : undefined,
      status: "PRECREATED",
    };
    this.#interfaces.set(eni.eniId, eni);
    return eni;
  }

  /** The interface is gone; its addresses may serve another task later. */
  release(eni: InterfaceRecord): void {
    if (!this.#interfaces.delete(eni.eniId)) return;
    if (eni.ipv4 !== undefined) this.#tasks.release(numeric(eni.ipv4) - this.#taskBase);
    if (eni.publicIp !== undefined) this.#public.release(numeric(eni.publicIp) - PUBLIC_BASE);
  }

  interface(eniId: string): InterfaceRecord | undefined {
    return this.#interfaces.get(eniId);
  }
}
