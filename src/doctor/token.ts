import { fromNow } from "../duration.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { decodeWhole } from "../identity-token/claims.ts";
import { mintToken } from "../identity-token/life.ts";
import { questionOf } from "./metadata.ts";
import { openSource } from "../identity-token/open-source.ts";
import type { JsonObject } from "../json.ts";
import type { SourceConfig } from "../source-config.ts";
import { sharedClients } from "../trust-policy/oauth-client.ts";
import { googleName, keyPrefixOf } from "../trust-policy/web-identity.ts";
import {
  type Check,
  type Examination,
  failed,
  type Finding,
  failure,
  ok,
  type Remedy,
  share,
  skipped,
  warning,
} from "./check.ts";

/** A token is minted and looked at as AWS will: shape, audience, whose it is, how long it lives. */
export const tokenCheck: Check = {
  id: "token",
  title: "identity token",
  needs: ["account"],
  run: async (examination) => {
    const { host, learned } = examination;
    const { config } = learned;
    if (config === undefined) return skipped("no configuration");
    let claims: JsonObject;
    try {
      const mint = await openSource(config, host);
      const { token, claims: values } = await mintToken(mint, host, share(examination));
      ({ claims } = decodeWhole(token));
      learned.token = { text: token, values, claims };
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      return failed(
        error,
        config.source.kind === "variable" ? elsewhere(config.source, error.hint) : withCommands(error),
      );
    }
    return lookAt(claims, config.source, config.audience, nowByIssuer(examination));
  },
};

function lookAt(claims: JsonObject, source: SourceConfig, audience: string, now: number): Finding {
  const text = (name: string) => printable(typeof claims[name] === "string" ? claims[name] : "", 200);
  const audiences = [claims["aud"]].flat().filter((value) => typeof value === "string");
  const issuer = keyPrefixOf({ iss: text("iss") });
  const isGoogle = issuer === googleName;
  const expiration = typeof claims["exp"] === "number" ? claims["exp"] * 1000 : undefined;
  const evidence = [
    `issuer ${issuer}${isGoogle ? "" : ": AWS trusts it by an IAM OIDC provider of the account"}`,
    `sub ${text("sub")}, azp ${text("azp") || "(none)"}${azpNote(text("azp"))}, aud ${printable(audiences.join(" "), 200)}`,
    ...(expiration === undefined ? ["it does not say when it ends"] : [`it ends ${fromNow(expiration - now)}`]),
  ];
  if (expiration !== undefined && expiration <= now) {
    return failure(
      "STS_TOKEN_EXPIRED",
      ["the token is over", ...evidence],
      elsewhere(source, "see why what writes it has stopped"),
    );
  }
  if (audience !== "" && !audiences.includes(audience)) {
    return failure(
      "IDENTITY_BAD_TOKEN",
      [`the token is for another audience than ${printable(audience, 200)}`, ...evidence],
      {
        text: "have it made for that audience, or leave out --audience",
        ...(audiences.length === 1 ? { flags: { audience: printable(audiences[0] ?? "", 1024) } } : {}),
      },
    );
  }
  const client = sharedClients.get(text("azp"));
  if (client !== undefined) {
    return warning(
      "IDENTITY_BAD_TOKEN",
      [
        `the token is of a person by ${client}: azp and aud are those of ${client}, the same for everybody`,
        ...evidence,
      ],
      {
        text: "use the token of a service account (gcloud auth print-identity-token --impersonate-service-account=EMAIL --audiences=AUDIENCE)",
      },
    );
  }
  return ok(...evidence);
}

/** Which of the ways to mint a token it was, as trust policies compare it under `:aud`. */
function azpNote(azp: string): string {
  return azp.includes("@") ? " (an email, as tokens minted by a key or by impersonation have it)" : "";
}

/** What GKE's metadata server refuses comes with the commands that mend it. */
function withCommands({ hint = "", details }: Gcp2awsError): Remedy | undefined {
  const commands = details.filter((line) => /^(gcloud|kubectl) /.test(line));
  return commands.length === 0 ? undefined : { text: hint, commands };
}

/** A token that somebody left behind in a variable hides the metadata server. */
function elsewhere(source: SourceConfig, text: string | undefined): Remedy | undefined {
  if (source.kind === "variable") {
    return {
      text: "unset it, so that another source is taken, or put a new token into it",
      commands: [`unset ${source.name}`],
    };
  }
  return text === undefined ? undefined : { text };
}

/** A token is over by the clock of whoever made it: this machine's own may be wrong, and that is another finding. */
function nowByIssuer(examination: Examination): number {
  const { host, offsets } = examination;
  const server = questionOf(examination);
  if (server === undefined) return host.now();
  const { origin } = new URL(server.metadataUrl);
  return host.now() - (offsets.find((offset) => offset.origin === origin)?.aheadMs ?? 0);
}
