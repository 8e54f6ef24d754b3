// The images of the local AWS: which program runs for which repository. Everything else cannot be pulled.

import { fileURLToPath } from "node:url";

/**
 * A program that stands for an image. It gets no port of its own to choose: it must listen on `HOST` at `PORT`
 * (`PORT_<containerPort>` for each mapping), since every task has an address of its own on this machine.
 */
export interface LocalImage {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Below the task definition's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** That it runs in; default: the one that this process runs in. */
  readonly folder?: string;
  /** Those that exist; default: all. */
  readonly tags?: readonly string[];
}

/** By repository, without registry host and tag. */
export type LocalImages = ReadonlyMap<string, LocalImage>;

const SAMPLE_APP = fileURLToPath(new URL("./sample-app.mjs", import.meta.url));

const sampleApp = (environment: LocalImage["environment"] = {}): LocalImage => ({
  program: process.execPath,
  // Less room for young objects: a task of a few requests a second needs no more, and there are many.
  arguments: ["--max-semi-space-size=1", SAMPLE_APP],
  environment,
});

export const LOCAL_IMAGES: LocalImages = new Map(
  ["web", "api", "edge", "shop"].map((service) => [`example/${service}`, sampleApp({ SERVICE: service })]),
);
