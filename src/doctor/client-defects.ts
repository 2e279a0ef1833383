import type { ClientFeatures } from "../config/surroundings.ts";

/** Something installed that takes credentials. */
export interface Client {
  /** With its version, for people. */
  name: string;
  /** What decides, as three numbers or, of .NET, four; undefined where it is not known. */
  version: string | undefined;
  defects: readonly Defect[];
  /** What to install instead, for people. */
  newer: string;
}

/** What versions of a client do not do. */
export interface Defect {
  /** The first version of those; the very first unless given. */
  from?: string;
  /** The first version that does it; none ever did unless given. */
  before?: string;
  what: string;
  matters: (used: ClientFeatures) => boolean;
}

/** What this client does not do, of what matters here. */
export function defectsOf({ version, defects }: Client, used: ClientFeatures): string[] {
  if (version === undefined) return [];
  const isIn = ({ from = "0.0.0", before }: Defect) =>
    !isBefore(version, from) && (before === undefined || isBefore(version, before));
  return defects.filter((defect) => isIn(defect) && defect.matters(used)).map(({ what }) => what);
}

const NO_ENDPOINTS = "reads neither AWS_ENDPOINT_URL_STS nor endpoint_url";
const noProcess = (before: string): Defect => ({
  before,
  what: "does not know credential_process",
  matters: () => true,
});
const noWebIdentity = (before: string): Defect => ({
  before,
  what: "does not know AWS_WEB_IDENTITY_TOKEN_FILE",
  matters: ({ webIdentity }) => webIdentity,
});
const noEndpoints = (before: string): Defect => ({ before, what: NO_ENDPOINTS, matters: ({ endpoints }) => endpoints });
const neverEndpoints: Defect = {
  what: `${NO_ENDPOINTS}, as no version of it does`,
  matters: ({ endpoints }) => endpoints,
};
const noTokenFile = (before: string): Defect => ({
  before,
  what: "does not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  matters: ({ authorizationFile }) => authorizationFile,
});

/** What the AWS CLI v1 and boto3 are built on (https://github.com/boto/botocore/blob/develop/CHANGELOG.rst). */
export const botocore: readonly Defect[] = [
  noProcess("1.8.0"),
  noWebIdentity("1.12.200"),
  noEndpoints("1.31.0"),
  noTokenFile("1.32.0"),
  {
    before: "1.34.41",
    what: "reads the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE once, and not again",
    matters: ({ authorizationFile }) => authorizationFile,
  },
];

/** It has a botocore of its own, and all else from its first version on. */
export const cliV2: readonly Defect[] = [noEndpoints("2.13.0")];

/**
 * `@aws-sdk/credential-provider-node`, the default chain of the AWS SDK for JavaScript v3
 * (https://github.com/aws/aws-sdk-js-v3/blob/main/packages/credential-provider-node/CHANGELOG.md). Endpoints are read by
 * {@link javascriptEndpoint}, which clients of before 3.363 do not use.
 */
export const javascript: readonly Defect[] = [
  { before: "3.1.0", what: "passes over credential_process where AWS_PROFILE is set", matters: () => true },
  noWebIdentity("3.15.0"),
  noEndpoints("3.363.0"),
  noTokenFile("3.503.1"),
];

/**
 * `@smithy/middleware-endpoint`, by the packages themselves and, for the version that lost it again,
 * https://github.com/smithy-lang/smithy-typescript/issues/1645.
 */
export const javascriptEndpoint: readonly Defect[] = [
  noEndpoints("2.1.0"),
  { ...noEndpoints("4.1.15"), from: "4.1.14" },
];

/** `aws-sdk` (https://github.com/aws/aws-sdk-js/blob/master/CHANGELOG.md); 2.517 took the role from a variable of another name. */
export const javascriptV2: readonly Defect[] = [
  noProcess("2.429.0"),
  noWebIdentity("2.518.0"),
  neverEndpoints,
  noTokenFile("2.1550.0"),
];

/** `github.com/aws/aws-sdk-go-v2/config` (https://github.com/aws/aws-sdk-go-v2/blob/main/config/CHANGELOG.md). */
export const go: readonly Defect[] = [noEndpoints("1.21.0"), noTokenFile("1.25.0")];

/** `github.com/aws/aws-sdk-go` (https://github.com/aws/aws-sdk-go/blob/main/CHANGELOG.md). */
export const goV1: readonly Defect[] = [
  noProcess("1.16.0"),
  noWebIdentity("1.21.0"),
  neverEndpoints,
  noTokenFile("1.47.11"),
];

/** `aws-sdk-core` (https://github.com/aws/aws-sdk-ruby/blob/version-3/gems/aws-sdk-core/CHANGELOG.md). */
export const ruby: readonly Defect[] = [
  noProcess("3.24.0"),
  noWebIdentity("3.58.0"),
  noEndpoints("3.178.0"),
  noTokenFile("3.188.0"),
];

/** `aws/aws-sdk-php` (https://github.com/aws/aws-sdk-php/blob/master/CHANGELOG.md). */
export const php: readonly Defect[] = [
  noProcess("3.92.0"),
  noWebIdentity("3.106.0"),
  noEndpoints("3.281.0"),
  noTokenFile("3.285.0"),
];

/** `software.amazon.awssdk` (https://github.com/aws/aws-sdk-java-v2/tree/master/changelogs). */
export const java: readonly Defect[] = [
  noProcess("2.5.26"),
  noWebIdentity("2.10.11"),
  noTokenFile("2.21.26"),
  noEndpoints("2.28.1"),
];

/** `AWSSDK.Core` (https://github.com/aws/aws-sdk-net/tree/main/changelogs). */
export const dotnet: readonly Defect[] = [
  noProcess("3.3.103.0"),
  noWebIdentity("3.3.104.7"),
  noEndpoints("3.7.108.0"),
  noTokenFile("3.7.302.0"),
];

/**
 * `aws-config` (https://github.com/smithy-lang/smithy-rs/tree/main/aws/rust-runtime/aws-config by its releases). It has known
 * AWS_WEB_IDENTITY_TOKEN_FILE from its first version on, but asked no other endpoint for it until
 * https://github.com/smithy-lang/smithy-rs/pull/3873.
 */
export const rust: readonly Defect[] = [
  noProcess("0.13.0"),
  noTokenFile("1.1.8"),
  noEndpoints("1.1.9"),
  {
    from: "1.1.9",
    before: "1.5.9",
    what: `${NO_ENDPOINTS} for AWS_WEB_IDENTITY_TOKEN_FILE`,
    matters: ({ webIdentity, endpoints }) => webIdentity && endpoints,
  },
];

function isBefore(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => text.split(".").map(Number));
  for (const at of [0, 1, 2, 3]) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
