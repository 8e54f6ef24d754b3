// The CDK app: `node infra/app.ts` writes cdk.out, as does `cdk synth`. Looks nothing up in any account.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import type { Settings } from "./settings.ts";
import { readSettings } from "./settings.ts";
import { StatefulStack } from "./stacks/stateful.ts";
import { StatelessStack } from "./stacks/stateless.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface AppOptions {
  /** Default: from context, then from FAIRLEAD_* in the environment. */
  readonly settings?: Settings;
  /** Receives the templates and assets. */
  readonly outdir?: string;
  /** Holds a folder with index.mjs for each function. Default: what `npm run build` wrote. */
  readonly bundles?: string;
}

/** Here and not in cdk.json, so that the templates are the same without the cdk command. */
const context = {
  // The local AWS finds the bundles through it.
  "aws:cdk:enable-asset-metadata": true,
  "aws:cdk:enable-path-metadata": true,
  // A queue that functions still use cannot be taken away from them.
  "@aws-cdk/core:defaultCrossStackReferences": "strong",
  "@aws-cdk/core:validateAgainstDefaultRules": true,
};

/** `retentionDays` → `FAIRLEAD_RETENTION_DAYS` */
const variableOf = (name: string): string => `FAIRLEAD_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;

export function fairleadApp(options: AppOptions = {}): App {
  const app = new App({
    outdir: options.outdir ?? process.env["CDK_OUTDIR"] ?? join(root, "cdk.out"),
    analyticsReporting: false,
    postCliContext: context,
  });
  const settings =
    options.settings ?? readSettings((name) => app.node.tryGetContext(name) ?? process.env[variableOf(name)]);
  const stateful = new StatefulStack(app, "Stateful", {
    stackName: `${settings.installation}-stateful`,
    description: `Fairlead ${settings.installation}: table and queues`,
    terminationProtection: true,
    settings,
  });
  new StatelessStack(app, "Stateless", {
    stackName: `${settings.installation}-stateless`,
    settings,
    stateful,
    bundles: options.bundles ?? join(root, "dist", "functions"),
  });
  return app;
}

if (import.meta.main) fairleadApp().synth();
