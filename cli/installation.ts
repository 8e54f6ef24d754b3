// Finds the installation that a command is about, and opens it: an AWS account by names, or the local one.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { clientOptions, DATA_PLANE } from "../shared/adapters/aws/client.ts";
import { systemClock } from "../shared/adapters/aws/clock.ts";
import { waitMs } from "../shared/adapters/aws/pace.ts";
import { createWorkQueue } from "../shared/adapters/aws/sqs.ts";
import { createFleetStore } from "../shared/adapters/dynamodb/fleet.ts";
import { createHistoryStore } from "../shared/adapters/dynamodb/history.ts";
import { createStateStore } from "../shared/adapters/dynamodb/store.ts";
import { tableOf } from "../shared/adapters/dynamodb/table.ts";
import type { Key, Scope } from "../shared/base/keys.ts";
import { ENVIRONMENT } from "../shared/contracts/environment.ts";
import type { HistoryStore } from "../shared/ports/state-store.ts";
import type { OperatorPorts } from "../shared/shell/operator.ts";
import { usageError } from "./failure.ts";
import type { Io } from "./io.ts";
import { readLocalState } from "./local-state.ts";

/** Options of every command that talks to an installation. */
export interface PlaceOptions {
  readonly endpointUrl?: string;
  readonly region?: string;
  readonly table?: string;
  readonly workQueueUrl?: string;
}

export interface InstallationPlace {
  readonly endpoint?: string;
  readonly region: string;
  readonly table: string;
  readonly workQueueUrl: string;
  /** The local AWS takes any; the user's own never go there. */
  readonly isLocal: boolean;
  /** Completes short names of a manifest. */
  readonly scope: Scope;
}

/** `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` */
const queueUrlPattern = /\/(\d{12})\/[^/]+$/;
const queueRegionPattern = /^https:\/\/sqs\.([a-z0-9-]+)\./;

/** Options win over the environment, both over a running `fairlead local`. */
export function placeOf(options: PlaceOptions, io: Pick<Io, "environment">): InstallationPlace {
  const { environment } = io;
  const table = options.table ?? environment[ENVIRONMENT.table];
  const workQueueUrl = options.workQueueUrl ?? environment[ENVIRONMENT.workQueueUrl];
  if (!table && !workQueueUrl) return localPlace(options, environment);
  if (!table) throw usageError(`no table is named: use --table or ${ENVIRONMENT.table}`);
  if (!workQueueUrl)
    throw usageError(`no work queue is named: use --work-queue-url or ${ENVIRONMENT.workQueueUrl}`);
  const account = queueUrlPattern.exec(workQueueUrl)?.[1];
  if (account === undefined) {
    throw usageError(
      `work queue URL: found "${workQueueUrl}", expected https://sqs.<region>.amazonaws.com/<account>/<name>`,
    );
  }
  const endpoint = options.endpointUrl ?? environment["AWS_ENDPOINT_URL"];
  const region =
    options.region ??
    environment["AWS_REGION"] ??
    environment["AWS_DEFAULT_REGION"] ??
    queueRegionPattern.exec(workQueueUrl)?.[1];
  if (endpoint && !isWebUrl(endpoint)) {
    throw usageError(`--endpoint-url: found "${endpoint}", expected http://… or https://…`);
  }
  if (region === undefined) throw usageError("no Region is named: use --region or AWS_REGION");
  return {
    ...(endpoint && { endpoint }),
    region,
    table,
    workQueueUrl,
    isLocal: false,
    scope: { account, region },
  };
}

const isWebUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "");

function localPlace(options: PlaceOptions, environment: Io["environment"]): InstallationPlace {
  const state = readLocalState(environment);
  const wanted = options.endpointUrl;
  if (state !== undefined && wanted !== undefined && wanted !== state.endpoint) {
    throw usageError(
      `--endpoint-url: found "${wanted}", but the running \`fairlead local\` is ${state.endpoint}: leave it out, ` +
        "or add --table and --work-queue-url",
    );
  }
  if (state === undefined) {
    throw usageError(
      "no installation found: start `fairlead local`, or name one with --table and --work-queue-url " +
        `(or ${ENVIRONMENT.table} and ${ENVIRONMENT.workQueueUrl})`,
    );
  }
  const { account, region, endpoint, table, workQueueUrl } = state;
  return { endpoint, region, table, workQueueUrl, isLocal: true, scope: { account, region } };
}

export interface Installation extends OperatorPorts {
  readonly place: InstallationPlace;
  readonly history: HistoryStore;
  close(): void;
}

/** What the SDK's clients of this place are made with. */
export function sdkOptions({ endpoint, region, isLocal }: InstallationPlace) {
  return {
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(isLocal && { credentials: { accessKeyId: "cli", secretAccessKey: "cli" } }),
  };
}

export function openInstallation(place: InstallationPlace): Installation {
  const options = { ...clientOptions(DATA_PLANE, {}), ...sdkOptions(place) };
  const dynamodb = new DynamoDBClient(options);
  const sqs = new SQSClient(options);
  const table = tableOf(dynamodb, place.table);
  return {
    place,
    clock: systemClock,
    fleet: createFleetStore(table),
    store: createStateStore(table),
    history: createHistoryStore(table, { retentionMs: 0, wait: waitMs }),
    work: createWorkQueue({ client: sqs, url: place.workQueueUrl }),
    close: () => {
      dynamodb.destroy();
      sqs.destroy();
    },
  };
}

const KEY_PAGE = 1_000;

export async function allKeys({ fleet }: Pick<Installation, "fleet">): Promise<readonly Key[]> {
  const keys: Key[] = [];
  let after: string | undefined;
  do {
    const page = await fleet.managedKeys({ limit: KEY_PAGE, ...(after !== undefined && { after }) });
    keys.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return keys.sort();
}
