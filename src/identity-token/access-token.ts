import { Gcp2awsError } from "../errors.ts";
import type { Host } from "../host.ts";
import { objectOf, parseJson } from "../json.ts";
import type { MetadataAccount } from "../source-config.ts";
import { askMetadata } from "./metadata-server.ts";

/** An OAuth access token. */
export interface AccessToken {
  /** A secret: whoever has it is that account for up to an hour. */
  token: string;
  /** Whose it is, as errors say it. */
  owner: string;
  /** The same as IAM names it, `serviceAccount:EMAIL`, in capitals as far as it is not known. */
  member: () => Promise<string>;
  /** Emails of the accounts that it goes through, before those that somebody names. */
  via: readonly string[];
}

/**
 * An access token of this workload. The server keeps it until 5 minutes before its end, so it is not kept here.
 * @param waitMs as for metadata-server.ts
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError as {@link askMetadata}, and IDENTITY_BAD_TOKEN
 */
export async function metadataAccessToken(
  account: MetadataAccount,
  waitMs: number | undefined,
  host: Host,
  deadline: number,
): Promise<AccessToken> {
  const ask = (value: string, what: string) => {
    const path = `instance/service-accounts/${account.serviceAccount}/${value}`;
    return askMetadata({ ...account, path, what, waitMs }, host, deadline);
  };
  return {
    token: accessTokenOf(await ask("token", "access token"), `metadata server at ${account.metadataUrl}`),
    owner: `the metadata server's ${account.serviceAccount}`,
    via: [],
    member: async () => {
      const email = await ask("email", "email").catch(() => "");
      // A pod that is bound to no service account has the name of its pool here.
      return `serviceAccount:${/^[\w.+-]+@[\w.-]+\.gserviceaccount\.com$/.test(email) ? email : "CALLER"}`;
    },
  };
}

/** @throws Gcp2awsError IDENTITY_BAD_TOKEN, which repeats nothing of the answer */
function accessTokenOf(answer: string, where: string): string {
  try {
    const token = objectOf(parseJson(answer))?.["access_token"];
    // It goes into a header.
    if (typeof token === "string" && /^[!-~]+$/.test(token)) return token;
  } catch {
    // Said below.
  }
  throw new Gcp2awsError("IDENTITY_BAD_TOKEN", `no access token from the ${where}: the answer does not hold one`, {
    hint: "something other than Google may be answering there",
  });
}
