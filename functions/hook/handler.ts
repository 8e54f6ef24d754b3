// Lambda `hook`: ECS asks at a deployment's stages whether to go on. A failure would roll the deployment back.

import { answerHook } from "../../shared/shell/hook.ts";
import { wireHook } from "./wiring.ts";

const ports = wireHook(process.env);

export const handler = (payload: unknown) => answerHook(payload, ports);
