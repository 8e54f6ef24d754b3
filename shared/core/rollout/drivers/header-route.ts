// Requests with a header go to the new revision, whatever the weight: a rule before the production rule.

import { reason } from "../../../base/reasons.ts";
import type { Proposal } from "../../../contracts/actions.ts";
import type { DriverInput, Steering, Wish } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { shortage } from "./shift.ts";
import {
  acting,
  backProposal,
  blocked,
  FIELDS,
  impossible,
  lacking,
  proposal,
  reached,
  seen,
} from "./steering.ts";

type HeaderWish = Extract<Wish, { kind: "header-route" }>;

/** health 2 calls, the write 2 and one for each rule it makes or removes. */
export function steerHeaderRoute(input: DriverInput, wish: HeaderWish): Steering {
  const { rollout } = input;
  const { listener, rule, candidateGroup } = rollout.places;
  if (isSet(rollout, wish)) return reached({ reasons: [reason("header-route-stands", shown(wish))] });
  if (listener === undefined || rule === undefined || candidateGroup === undefined) {
    const text =
      "A header route needs a listener rule with a group of the new revision's own; there is none.";
    return impossible(reason("no-header-route", text));
  }
  if (input.observation.mayWeigh === false) {
    const text = "This installation may not write listener rules: no header route can be made.";
    return impossible(reason("no-header-route", text));
  }
  if (wish.values.length === 0) return acting(input, [removal(rollout, listener)]);
  const lack = lacking(input, "health");
  if (lack !== undefined) return lack;
  const health = seen(input.observation.health) ?? [];
  const short = shortage(candidateGroup, { health, percent: 1, requested: 1 });
  if (short !== undefined) return blocked(input, short);
  const { header, values } = wish;
  const act = proposal(rollout, {
    what: "header-route",
    field: FIELDS.routes(listener),
    action: {
      type: "set-header-route",
      listener,
      rule,
      header,
      values,
      targetGroupArn: candidateGroup,
      rollout: rollout.id,
    },
    why: reason("set-header-route", shown(wish), { header }),
  });
  return acting(input, [act]);
}

export const routeName = (header: string, values: readonly string[]): string =>
  values.length === 0 ? "" : `${header}=${values.join()}`;

const isSet = (rollout: Rollout, { header, values }: HeaderWish): boolean =>
  (rollout.routed ?? "") === routeName(header, values);

const removal = (rollout: Rollout, listener: string): Proposal =>
  proposal(rollout, {
    what: "header-route-away",
    field: FIELDS.routes(listener),
    action: { type: "remove-header-routes", listener, rollout: rollout.id },
    why: reason("remove-header-routes", "The header route goes away."),
  });

/** At the end, either way: nothing where there was never a header route, or where its removal is known. */
export function routesAway(rollout: Rollout): readonly Proposal[] {
  const { listener } = rollout.places;
  const mayExist = rollout.steps
    .slice(0, rollout.step + 1)
    .some((step) => step.kind === "headerRoute" && step.values.length > 0);
  if (!mayExist || listener === undefined || rollout.routed === "") return [];
  return [
    backProposal(rollout, {
      what: "header-routes-away",
      field: FIELDS.routes(listener),
      action: { type: "remove-header-routes", listener, rollout: rollout.id },
      why: reason("remove-header-routes", "The rollout is over: its header routes go away."),
    }),
  ];
}

const shown = ({ header, values }: HeaderWish): string =>
  values.length === 0
    ? `Requests with ${header} go where all others go.`
    : `Requests with ${header}: ${values.join(", ")} go to the new revision.`;
