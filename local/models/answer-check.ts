// Holds the local AWS itself to AWS's models: an answer or an error that AWS could not have given is a
// defect of ours. It costs as much as the call, so only tests and simulations switch it on.

import { AwsError } from "../world/kernel.ts";
import { checkAnswer, checkRefusal } from "./model-check.ts";

/** Set by the test runner and the simulator. */
const SWITCH = "FAIRLEAD_CHECK_ANSWERS";

/** Not an AwsError: no client may take it for an answer. */
export class ModelDeviation extends Error {
  constructor(faults: readonly string[]) {
    super(`not what AWS answers: ${faults.slice(0, 5).join("; ")}`);
    this.name = "ModelDeviation";
  }
}

/** What is modelled of a world: its one way in. */
interface Answering<Service extends string> {
  call(service: Service, operation: string, input: object, caller?: string): object;
}

export const isCheckingOn = (): boolean => process.env[SWITCH] === "1";

/** The same world unless the switch is on. */
export const checkedOnDemand = <Service extends string>(world: Answering<Service>): Answering<Service> =>
  isCheckingOn() ? checkedWorld(world) : world;

export function checkedWorld<Service extends string>(world: Answering<Service>): Answering<Service> {
  return {
    call: (...[service, operation, input, caller]) =>
      callChecked({ service, operation }, () => world.call(service, operation, input, caller)),
  };
}

interface Called {
  readonly service: string;
  readonly operation: string;
}

/** Throws ModelDeviation when the answer or the error is none of AWS's. */
function callChecked<Output extends object>({ service, operation }: Called, run: () => Output): Output {
  let output: Output;
  try {
    output = run();
  } catch (error) {
    if (error instanceof AwsError) assertNone(checkRefusal(service, operation, error));
    throw error;
  }
  assertNone(checkAnswer(service, operation, output));
  return output;
}

type Call = (input: never) => object;

/** A model's operations as its own tests call them, past the faces: always checked. */
export function checkedOperations<All extends Readonly<Record<string, Call>>>(
  service: string,
  operations: All,
): All {
  const checked = Object.entries(operations).map(([operation, run]) => {
    const call: Call = (input) => callChecked({ service, operation }, () => run(input));
    return [operation, call];
  });
  return Object.fromEntries(checked) as All;
}

function assertNone(faults: readonly string[]): void {
  if (faults.length > 0) throw new ModelDeviation(faults);
}
