import { endpointSettings } from "../aws-files/endpoint.ts";
import { parseAwsFile } from "../aws-files/parse.ts";
import type { Config } from "../config.ts";
import { awsConfigOf, endpointVariables } from "../config/surroundings.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { throughNetwork } from "../network.ts";
import { isPlainNetwork } from "../network-config.ts";
import { settle } from "../settle.ts";
import { callSts } from "../sts/call.ts";
import { type Check, type Examination, failed, ok, type Remedy, share, skipped } from "./check.ts";

/** The way to STS: which endpoint, its name, connection, TLS, authorities and proxy. Anything that answers is well here. */
export const endpointCheck: Check = {
  id: "endpoint",
  title: "AWS STS endpoint",
  needs: ["flags"],
  run: async (examination) => {
    const { host, learned } = examination;
    const { config } = learned;
    if (config === undefined) return skipped("no configuration");
    learned.settled = await settle(config, host, share(examination));
    const { stsEndpoint, region } = learned.settled;
    const { authorities, proxies } = config;
    const network = isPlainNetwork(config)
      ? ["no proxy, and the usual certificate authorities"]
      : [
          proxies.httpsProxy === "" ? "no proxy" : "HTTPS_PROXY is set, for what NO_PROXY does not name",
          authorities.aws === ""
            ? "the usual certificate authorities"
            : `certificate authorities of ${printable(authorities.aws)}`,
        ];
    try {
      const url = stsEndpoint.endsWith("/") ? stsEndpoint : `${stsEndpoint}/`;
      const through = throughNetwork(host, config, "aws");
      await callSts({ method: "GET", url, headers: {} }, stsEndpoint, through, share(examination), () => undefined);
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      return failed(error.withDetails([`region ${region}`, ...network]), withoutEndpoint(error, config, examination));
    }
    return ok(`${stsEndpoint}, region ${region}`, ...network);
  },
};

/** What was given by hand is left out, wherever it was. */
function withoutEndpoint(error: Gcp2awsError, { sts }: Config, examination: Examination): Remedy | undefined {
  // Not where it is the proxy's address or the authorities' file that is wrong.
  if (!error.code.startsWith("STS_")) return undefined;
  const { hint = "" } = error;
  const { given, host, learned } = examination;
  if (given["stsEndpoint"] !== undefined)
    return { text: `${hint}; or leave out --sts-endpoint`, flags: { "sts-endpoint": null } };
  if (sts.endpoint !== undefined) {
    const names = endpointVariables(host.env, sts.endpoint);
    if (names.length === 0) return undefined;
    return {
      text: `${hint}; or unset ${names.join(" and ")}, where the endpoint is from`,
      commands: [`unset ${names.join(" ")}`],
    };
  }
  if (learned.settled?.sts.endpoint === undefined) return undefined;
  const { text, path, profile } = awsConfigOf(host.env, host.readText);
  const line = endpointSettings(parseAwsFile(text, "config"), profile).endpoint?.line;
  return { text: `${hint}; or mend ${printable(path)}, line ${line}, where the endpoint is from` };
}
