import { parseAwsFile, sectionOf } from "../aws-files/parse.ts";
import { awsConfigOf, awsVariables } from "../config/surroundings.ts";
import { type Check, type Examination, ok, skipped, warning } from "./check.ts";

const GLOBAL = "https://sts.amazonaws.com";

/** The region that STS is asked in, and whether SDKs will find one for themselves. The partition is held to the role with the flags. */
export const regionCheck: Check = {
  id: "region",
  title: "region",
  needs: ["flags", "endpoint"],
  run: (examination) => {
    const { settled } = examination.learned;
    if (settled === undefined) return skipped("not known");
    if (settled.stsEndpoint.replace(/\/$/, "") === GLOBAL) {
      return warning(
        "STS_REGION_DISABLED",
        [`${GLOBAL} is the global endpoint: its credentials are not good in regions that an account opts into`],
        {
          text: "ask the STS of a region",
          flags: { "sts-endpoint": null },
        },
      );
    }
    return regionOfClients(examination) ?? ok(settled.region);
  },
};

/** botocore reads AWS_DEFAULT_REGION alone, the SDKs for JavaScript and Go AWS_REGION; a region in the profile counts for all. */
function regionOfClients({ host, profile }: Examination) {
  const { regions } = awsVariables(host.env);
  const [only] = regions;
  if (regions.length !== 1 || only === undefined) return undefined;
  const file = awsConfigOf(host.env, host.readText);
  const section = sectionOf(parseAwsFile(file.text, "config"), profile ?? file.profile);
  if (section?.properties.some(({ key }) => key === "region") === true) return undefined;
  const [missing, who] =
    only === "AWS_REGION" ? ["AWS_DEFAULT_REGION", "boto3"] : ["AWS_REGION", "the SDKs for JavaScript and Go"];
  return warning(
    "USAGE_INVALID_VALUE",
    [`${only} is set, ${missing} is not, and the profile has no region: ${who} will find none`],
    {
      text: "set both",
      commands: [`export ${missing}="$${only}"`],
    },
  );
}
