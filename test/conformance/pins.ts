// The versions of everything the conformance run installs by itself. DynamoDB Local comes with the project's
// own packages. What these stand on is left to pip: only their own behaviour is compared.

/** MiniStack needs 3.10; the others are content with less. */
export const OLDEST_PYTHON: readonly [number, number] = [3, 10];

/** jsonpath-ng: without it moto cannot deliver an event to a target. */
export const WITNESS_PACKAGES: readonly string[] = [
  "moto[server]==5.2.5",
  "jsonpath-ng==1.16.0",
  "ministack==1.5.33",
];

/** In an environment of their own: moto cannot stand beside the newest botocore. */
export const CLIENT_PACKAGES: readonly string[] = ["awscli==1.46.3", "boto3==1.44.5", "botocore==1.44.5"];
