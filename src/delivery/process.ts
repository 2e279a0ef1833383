import { type Credentials, formatExpiration } from "../credentials.ts";

/**
 * The one line that a credential process prints
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html). Version is the number 1.
 */
export function formatCredentialProcess(credentials: Credentials): string {
  const line = JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: formatExpiration(credentials.expiration),
    AccountId: credentials.accountId,
  });
  return `${line}\n`;
}
