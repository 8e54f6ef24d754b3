// A wheel is read as ZIP programs write it: stored and deflated files, packed ones inside, and its day.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { openWheel } from "./wheel.ts";

interface Given {
  readonly name: string;
  readonly content: Buffer;
  readonly deflated: boolean;
  /** MS-DOS form. */
  readonly day: number;
}

const DAY = ((2026 - 1980) << 9) | (11 << 5) | 17;

/** The fields that local headers and directory entries share, from "version needed" to the name's length. */
function commonFields({ name, content, deflated, day }: Given, packed: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(deflated ? 8 : 0, 4);
  fields.writeUInt16LE(day, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  return fields;
}

function zip(files: readonly Given[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const packed = file.deflated ? deflateRawSync(file.content) : file.content;
    const fields = commonFields(file, packed);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), fields, Buffer.from(file.name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002\u0014\u0000"), fields, rest, Buffer.from(file.name));
    parts.push(local);
    offset += local.length;
  }
  const table = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006");
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}

const folder = mkdtempSync(join(tmpdir(), "wheel-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a wheel", () => {
  const path = join(folder, "some-1.0-py3-none-any.whl");
  const model = JSON.stringify({ shapes: "x".repeat(2_000) });
  writeFileSync(
    path,
    zip([
      { name: "a/stored.txt", content: Buffer.from("stored"), deflated: false, day: DAY - 1 },
      { name: "a/service-2.json.gz", content: gzipSync(model), deflated: true, day: DAY },
    ]),
  );
  const wheel = openWheel(path);

  it("lists its files and tells the day of the youngest", () => {
    expect(wheel.paths).toEqual(["a/stored.txt", "a/service-2.json.gz"]);
    expect(wheel.date).toBe("2026-11-17");
  });

  it("gives their text, unpacked", () => {
    expect(wheel.text("a/stored.txt")).toBe("stored");
    expect(wheel.text("a/service-2.json.gz")).toBe(model);
    expect(() => wheel.text("a/none")).toThrow("has no a/none");
  });

  it("is refused when it is none", () => {
    const other = join(folder, "other.whl");
    writeFileSync(other, "not a ZIP archive at all");
    expect(() => openWheel(other)).toThrow("not a ZIP archive");
  });
});
