// Answers DNS on one loopback port, over UDP and TCP, as a VPC's resolver does for Cloud Map's names.

import type { RemoteInfo, Socket as UdpSocket } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Answer, DecodedPacket, Packet } from "dns-packet";
import packets from "dns-packet";
import type { Question, Reply } from "./zone.ts";

export interface DnsOptions {
  readonly reply: (question: Question) => Reply;
  readonly address?: string;
  /** Any free one when not given. */
  readonly port?: number;
}

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

const RCODES = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** Without EDNS an answer over UDP has at most this many bytes: RFC 1035, 4.2.1. */
const UDP_BYTES = 512;
/** A free port for TCP may be taken for UDP. */
const TRIES = 20;
const IDLE_CONNECTION_MS = 10_000;

export async function startDnsServer(options: DnsOptions): Promise<DnsServer> {
  const { address = "127.0.0.1", port = 0 } = options;
  for (let tries = 1; ; tries += 1) {
    const tcp = createServer((socket) => serveConnection(socket, options));
    const udp = createSocket("udp4");
    try {
      tcp.listen(port, address);
      await once(tcp, "listening");
      const taken = (tcp.address() as AddressInfo).port;
      udp.bind(taken, address);
      await once(udp, "listening");
      udp.on("message", (message, from) => answerDatagram(udp, { message, from }, options));
      return running(tcp, udp, { address, port: taken });
    } catch (error) {
      tcp.close();
      udp.close();
      if (port !== 0 || tries === TRIES) throw error;
    }
  }
}

function running(tcp: Server, udp: UdpSocket, place: { address: string; port: number }): DnsServer {
  const connections = new Set<Socket>();
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  return {
    ...place,
    stop: async () => {
      const closed = Promise.all([once(tcp, "close"), once(udp, "close")]);
      tcp.close();
      udp.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

interface Datagram {
  readonly message: Buffer;
  readonly from: RemoteInfo;
}

function answerDatagram(udp: UdpSocket, { message, from }: Datagram, options: DnsOptions): void {
  const query = decoded(message);
  if (query === undefined) return;
  const room = query.additionals?.find((record) => record.type === "OPT");
  const limit = Math.max(UDP_BYTES, room?.type === "OPT" ? room.udpPayloadSize : 0);
  const answer = packets.encode(answerTo(query, options));
  const fits = answer.length <= limit;
  udp.send(fits ? answer : packets.encode(truncated(query)), from.port, from.address);
}

/** Queries on a connection have their length in front: RFC 1035, 4.2.2. */
function serveConnection(socket: Socket, options: DnsOptions): void {
  let rest = Buffer.alloc(0);
  socket.setTimeout(IDLE_CONNECTION_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      const query = decoded(rest.subarray(2, end));
      rest = rest.subarray(end);
      if (query === undefined) {
        socket.destroy();
        return;
      }
      socket.write(packets.streamEncode(answerTo(query, options)));
    }
  });
}

/** undefined: no DNS query; it is not answered, lest two servers talk to each other for ever. */
function decoded(message: Buffer): DecodedPacket | undefined {
  try {
    const query = packets.decode(message);
    return query.type === "query" ? query : undefined;
  } catch {
    return undefined;
  }
}

const head = (query: DecodedPacket, rcode: keyof typeof RCODES, flags = 0): Packet => ({
  type: "response",
  ...(query.id !== undefined && { id: query.id }),
  flags:
    ((query.flags ?? 0) & packets.RECURSION_DESIRED) |
    packets.RECURSION_AVAILABLE |
    packets.AUTHORITATIVE_ANSWER |
    RCODES[rcode] |
    flags,
  questions: query.questions ?? [],
});

const truncated = (query: DecodedPacket): Packet => head(query, "NOERROR", packets.TRUNCATED_RESPONSE);

function answerTo(query: DecodedPacket, { reply }: DnsOptions): Packet {
  const [question, ...others] = query.questions ?? [];
  if (question === undefined || others.length > 0) return head(query, "FORMERR");
  if (question.class !== undefined && question.class !== "IN") return head(query, "NOTIMP");
  const { rcode, answers, additionals, authorities } = reply(question);
  const asMutable = (records: readonly Answer[]): Answer[] => [...records];
  return {
    ...head(query, rcode),
    answers: asMutable(answers),
    additionals: asMutable(additionals),
    authorities: asMutable(authorities),
  };
}
