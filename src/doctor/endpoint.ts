import { Gcp2awsError, printable } from "../errors.ts";
import { throughNetwork } from "../network.ts";
import { isPlainNetwork } from "../network-config.ts";
import { settle } from "../settle.ts";
import { callSts } from "../sts/call.ts";
import { type Check, failed, ok, share, skipped } from "./check.ts";

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
      const remedy =
        examination.given["stsEndpoint"] === undefined
          ? undefined
          : { text: `${error.hint ?? ""}; or leave out --sts-endpoint`, flags: { "sts-endpoint": null } };
      return failed(error.withDetails([`region ${region}`, ...network]), remedy);
    }
    return ok(`${stsEndpoint}, region ${region}`, ...network);
  },
};
