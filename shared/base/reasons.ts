// Reasons are data: `why` prints them, the history keeps them, tests assert them. `code` is stable and
// searchable; `text` is one plain sentence; `inputs` are the numbers and names that led to it.

export type ReasonInputs = Readonly<Record<string, string | number | boolean>>;

export interface Reason {
  readonly code: string;
  readonly text: string;
  readonly inputs?: ReasonInputs;
}

export const reason = (code: string, text: string, inputs?: ReasonInputs): Reason =>
  inputs === undefined ? { code, text } : { code, text, inputs };

/** `1 instance`, `2 instances`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
