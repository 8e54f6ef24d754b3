// From proposals of all capabilities to the acts of one pass: one owner for each field, and only what the
// mode and the operator allow. Order: operator > remediation > rollout > scaling > gitops drift; the
// registry lists capabilities in it.

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { Proposal } from "../../contracts/actions.ts";
import type { Command, Mode } from "../../contracts/policy.ts";

export interface ArbitrationInput {
  /** In order of precedence. */
  readonly proposals: readonly Proposal[];
  /** By capability, already capped by what the installation may do. */
  readonly modes: Readonly<Record<string, Mode>>;
  readonly commands: readonly Command[];
}

export interface Arbitration {
  readonly accepted: readonly Proposal[];
  /** Held for approval, or only shown. */
  readonly awaiting: readonly Proposal[];
  readonly reasons: Readonly<Record<string, readonly Reason[]>>;
}

export function arbitrate(input: ArbitrationInput): Arbitration {
  const accepted: Proposal[] = [];
  const awaiting: Proposal[] = [];
  const reasons: Record<string, Reason[]> = {};
  const owners = new Map<string, string>();
  for (const proposal of input.proposals) {
    const owner = owners.get(proposal.field);
    const verdict = owner === undefined ? permission(proposal, input) : lost(proposal, owner);
    if (verdict === "act") {
      owners.set(proposal.field, proposal.capability);
      accepted.push(proposal);
      continue;
    }
    if (owner === undefined) awaiting.push(proposal);
    reasons[proposal.capability] = [...(reasons[proposal.capability] ?? []), verdict];
  }
  return { accepted, awaiting, reasons };
}

const lost = (proposal: Proposal, owner: string): Reason =>
  reason("field-taken", `${owner} already writes ${proposal.field} in this pass.`, {
    field: proposal.field,
    owner,
  });

function permission(proposal: Proposal, { modes, commands }: ArbitrationInput): "act" | Reason {
  const pause = commands.find((command) => command.type === "pause");
  if (pause !== undefined && proposal.rollback !== true)
    return reason("paused", `Paused by ${pause.by}: ${proposal.reason.text}`);
  const mode = modes[proposal.capability] ?? "observe";
  switch (mode) {
    case "act":
      return "act";
    case "approve":
      return isApproved(proposal, commands) || proposal.ordered === true
        ? "act"
        : reason("awaits-approval", `Waits for approval: ${proposal.reason.text}`, { proposal: proposal.id });
    case "observe":
      return reason("observe-only", `Would act, mode is observe: ${proposal.reason.text}`, {
        proposal: proposal.id,
      });
  }
}

const isApproved = (proposal: Proposal, commands: readonly Command[]): boolean =>
  commands.some((command) => command.type === "approve" && command.proposalIds.includes(proposal.id));

const strictness: Readonly<Record<Mode, number>> = { observe: 0, approve: 1, act: 2 };

/** The stricter of what the installation and the service allow. */
export const cappedMode = (installation: Mode, service: Mode): Mode =>
  strictness[installation] < strictness[service] ? installation : service;
