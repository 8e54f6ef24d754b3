// Stands in for `@smithy/core/event-streams` inside the bundles. The SDK reaches it by a lazy import, which
// makes esbuild wrap 120 KB of shared modules into closures; no operation that Fairlead calls streams events.

const refuse = (): never => {
  throw new Error("event streams are left out of these bundles: see infra/build/no-event-streams.ts");
};

export class EventStreamSerde {
  constructor() {
    refuse();
  }
}

export const eventStreamSerdeProvider = refuse;
