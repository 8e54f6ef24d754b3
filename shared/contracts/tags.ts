// Tags that Fairlead puts on what it makes in an account: roles are scoped by them, so they are part of what an
// installation grants.

/** On listener rules of header routes; its value is the rollout's id. */
export const ROLLOUT_RULE_TAG = "fairlead:rollout";
