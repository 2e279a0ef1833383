import { duration } from "../duration.ts";
import { renderSessionName } from "../sts/session-name.ts";
import { type Check, failed, ok, skipped, warning } from "./check.ts";
import { Gcp2awsError } from "../errors.ts";

/** The session's name, made from the claims. */
export const sessionNameCheck: Check = {
  id: "session-name",
  title: "session name",
  needs: ["token"],
  run: ({ learned: { config, token } }) => {
    if (config === undefined || token === undefined) return skipped("no token");
    try {
      return ok(renderSessionName(config.roleSessionName, token.values));
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      return failed(error, { text: error.hint ?? "", flags: { "role-session-name": "{sub}" } });
    }
  },
};

/** botocore refreshes what ends in less, at every use, and waits for it in the last ten minutes. */
const BOTOCORE_REFRESHES_MS = 15 * 60_000;

/** How long the credentials live. */
export const sessionCheck: Check = {
  id: "session",
  title: "session",
  needs: ["exchange"],
  run: ({ host, learned: { issued } }) => {
    if (issued === undefined) return skipped("no credentials");
    const lifetime = issued.credentials.expiration.getTime() - host.now();
    const lives = `the credentials live for ${duration(lifetime)}`;
    if (lifetime > BOTOCORE_REFRESHES_MS + 60_000) return ok(lives);
    return warning(
      "USAGE_INVALID_VALUE",
      [lives, "the AWS CLI and boto3 ask for new ones at each use where less than 15 min are left"],
      {
        text: "let them live longer",
        flags: { "duration-seconds": "3600" },
      },
    );
  },
};
