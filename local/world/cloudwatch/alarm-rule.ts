// Rules of composite alarms: ALARM(x), OK(x), INSUFFICIENT_DATA(x), TRUE, FALSE, AND, OR, NOT, parentheses.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html

import { AwsError } from "../kernel.ts";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface AlarmRule {
  /** Names, also where the rule gives ARNs. */
  readonly alarms: readonly string[];
  evaluate(stateOf: (name: string) => AlarmState | undefined): boolean;
}

type Test = (stateOf: (name: string) => AlarmState | undefined) => boolean;

const tokenPattern =
  /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|([^()"\s]+))\s*\)|(AND|OR|NOT|TRUE|FALSE)\b|([()]))/y;

interface Token {
  readonly text: string;
  readonly state?: AlarmState;
  readonly alarm?: string;
}

const alarmNameOf = (nameOrArn: string): string =>
  /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/.exec(nameOrArn)?.[1] ?? nameOrArn;

function tokensOf(rule: string): Token[] {
  const tokens: Token[] = [];
  const end = rule.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const match = tokenPattern.exec(rule);
    if (match === null) throw ruleError(rule);
    const [, state, quoted, plain, word, parenthesis] = match;
    if (state === undefined) tokens.push({ text: (word ?? parenthesis) as string });
    else
      tokens.push({
        text: "test",
        state: state as AlarmState,
        alarm: alarmNameOf((quoted ?? plain) as string),
      });
  }
  return tokens;
}

const ruleError = (rule: string): AwsError =>
  new AwsError("ValidationError", `AlarmRule "${rule}" is not valid.`);

export function parseAlarmRule(rule: string): AlarmRule {
  const tokens = tokensOf(rule);
  const alarms = [...new Set(tokens.flatMap((token) => token.alarm ?? []))];
  const fail = (): never => {
    throw ruleError(rule);
  };
  const unary = (): Test => {
    const token = tokens.shift() ?? fail();
    if (token.text === "NOT") return negation(unary());
    if (token.text === "TRUE" || token.text === "FALSE") return () => token.text === "TRUE";
    if (token.text === "test") return (stateOf) => stateOf(token.alarm as string) === token.state;
    if (token.text !== "(") return fail();
    const inner = either();
    return tokens.shift()?.text === ")" ? inner : fail();
  };
  const chain = (word: string, next: () => Test): Test[] => {
    const tests = [next()];
    while (tokens[0]?.text === word) {
      tokens.shift();
      tests.push(next());
    }
    return tests;
  };
  const both = (): Test => {
    const tests = chain("AND", unary);
    return (stateOf) => tests.every((test) => test(stateOf));
  };
  const either = (): Test => {
    const tests = chain("OR", both);
    return (stateOf) => tests.some((test) => test(stateOf));
  };
  const evaluate = either();
  if (tokens.length > 0) fail();
  return { alarms, evaluate };
}

const negation =
  (test: Test): Test =>
  (stateOf) =>
    !test(stateOf);
