// `fairlead local break` and `mend`: what can be broken, and what is.

import type { ActiveBreak, KnownBreak } from "../../local/chaos/chaos.ts";
import type { Paint } from "../io.ts";
import { table } from "./table.ts";

/** As it was typed. */
const typedText = ({ name, options }: ActiveBreak): string =>
  [name, ...Object.entries(options).map(([option, value]) => `--${option} ${value}`)].join(" ");

/** With what was hit. */
const struckText = (broken: ActiveBreak): string =>
  [typedText(broken), ...(broken.struck.length > 0 ? [`(${broken.struck.join(", ")})`] : [])].join(" ");

const lasts = ({ name, until }: ActiveBreak): string =>
  until === null
    ? `until \`fairlead local mend ${name}\``
    : `until ${new Date(until).toISOString().slice(11, 19)} UTC`;

export const renderChange = (what: "broken" | "mended", broken: ActiveBreak, paint: Paint): string =>
  what === "broken"
    ? paint("warn", `broken: ${struckText(broken)}, ${lasts(broken)}`)
    : paint("good", `mended: ${typedText(broken)}`);

export function renderKnown(known: readonly KnownBreak[], paint: Paint): readonly string[] {
  const options = ({ parameters }: KnownBreak): string =>
    parameters
      .filter(({ name }) => name !== "for")
      .map((one) => (one.default === undefined ? `--${one.name}` : `--${one.name} ${one.default}`))
      .join(" ");
  return [
    paint("bold", "What can be broken, with its options and what they are when left out"),
    ...table(known.map((one) => [`  ${one.name}`, one.does])),
    "",
    ...table(known.map((one) => [`  ${one.name}`, options(one)])),
    "",
    "Every one takes --for TIME (60s, 5m), after which it ends by itself.",
  ];
}

export const renderActive = (active: readonly ActiveBreak[], paint: Paint): readonly string[] =>
  active.length === 0
    ? ["Nothing is broken."]
    : [
        paint("bold", "Broken now"),
        ...active.map((one) => `  ${paint("warn", struckText(one))}, ${lasts(one)}`),
      ];
