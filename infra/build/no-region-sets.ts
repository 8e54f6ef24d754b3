// Stands in for @aws-sdk/signature-v4-multi-region in bundles: EventBridge's client brings it along for global
// endpoints, which Fairlead never names. Whatever is not signed for a set of Regions is signed by the plain signer
// there, too.

import { SignatureV4 } from "@smithy/signature-v4";

export const SignatureV4MultiRegion = SignatureV4;
