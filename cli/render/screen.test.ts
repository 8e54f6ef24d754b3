// The picture of a --watch on a terminal.

import { describe, expect, it } from "vitest";
import { pictureOn } from "./screen.ts";

const terminal = (size: { columns?: number; rows?: number }) => {
  const texts: string[] = [];
  return { texts, draw: pictureOn({ write: (text) => texts.push(text), isTTY: true, ...size }) };
};

describe("a picture", () => {
  it("is drawn over the one before in one write, and leaves the scrollback alone", () => {
    const { texts, draw } = terminal({ columns: 10, rows: 10 });
    draw(["a", "b"]);
    draw(["c"]);
    expect(texts).toEqual(["\u001b[H\u001b[2Ja\u001b[K\nb\u001b[K\n\u001b[J", "\u001b[Hc\u001b[K\n\u001b[J"]);
    expect(texts.join("")).not.toContain("\u001b[3J");
  });

  it("is cut to the screen, and says so", () => {
    const { texts, draw } = terminal({ columns: 8, rows: 4 });
    draw(["a long line", "b", "c", "d", "e"]);
    const shown = texts[0]?.split("\u001b[K\n") ?? [];
    expect(shown[0]).toContain("a long …");
    expect(shown).toHaveLength(4);
    const wide = terminal({ columns: 80, rows: 4 });
    wide.draw(["a", "b", "c", "d", "e"]);
    expect(wide.texts[0]).toContain("… 3 more lines: make the window larger");
  });
});
