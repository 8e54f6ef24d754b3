// Reads single files out of a Python wheel, which is a ZIP archive: the form in which botocore's service
// models are published. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { readFileSync } from "node:fs";
import { gunzipSync, inflateRawSync } from "node:zlib";

export interface Wheel {
  readonly paths: readonly string[];
  /** `YYYY-MM-DD` of its youngest file. */
  readonly date: string;
  /** A path that ends in `.gz` comes out unpacked. Throws when the wheel has no such file. */
  text(path: string): string;
}

interface Entry {
  /** The day in MS-DOS form: seven bits of years since 1980, four of the month, five of the day. */
  readonly day: number;
  readonly method: number;
  readonly packedSize: number;
  readonly offset: number;
}

const DIRECTORY_END = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;

export function openWheel(file: string): Wheel {
  const archive = readFileSync(file);
  const entries = directoryOf(archive);
  return {
    paths: [...entries.keys()],
    date: dateOf(Math.max(...[...entries.values()].map(({ day }) => day))),
    text: (path) => {
      const entry = entries.get(path);
      if (entry === undefined) throw new Error(`${file} has no ${path}`);
      const content = contentOf(archive, entry);
      return (path.endsWith(".gz") ? gunzipSync(content) : content).toString();
    },
  };
}

function directoryOf(archive: Buffer): ReadonlyMap<string, Entry> {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(DIRECTORY_END);
  const end = archive.lastIndexOf(mark);
  if (end < 0) throw new Error("not a ZIP archive");
  const entries = new Map<string, Entry>();
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error("the ZIP directory is damaged");
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    entries.set(name, {
      day: archive.readUInt16LE(at + 14),
      method: archive.readUInt16LE(at + 10),
      packedSize: archive.readUInt32LE(at + 20),
      offset: archive.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}

function contentOf(archive: Buffer, { method, packedSize, offset }: Entry): Buffer {
  const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
  const packed = archive.subarray(start, start + packedSize);
  return method === STORED ? packed : inflateRawSync(packed);
}

function dateOf(day: number): string {
  const [year, month] = [1980 + (day >> 9), (day >> 5) & 0xf];
  return [year, String(month).padStart(2, "0"), String(day & 0x1f).padStart(2, "0")].join("-");
}
