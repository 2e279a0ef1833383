import { readTokenConfig } from "../config.ts";
import type { FlagValues } from "../config/read.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { decodeWhole } from "../identity-token/claims.ts";
import { type Json, type JsonObject, objectOf, parseJson } from "../json.ts";
import { nameOfInput, readInput } from "./input-file.ts";

/** Where claims are given, `-` being standard input; those of a token of this workload where none are. */
export interface ClaimsOptions {
  /** A file: an object as it stands in a token, or as `gcp2aws token --claims` prints it, or an array of such. */
  claims?: string;
  /** A file with a token. */
  tokenFile?: string;
}

/**
 * The claims that the flags tell of, one or more.
 * @param given the pipe's flags
 * @returns with the name of where they are from, for errors
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE, IDENTITY_BAD_TOKEN, and what a source throws
 */
export async function readGivenClaims(
  { claims, tokenFile }: ClaimsOptions,
  given: FlagValues,
  host: Host,
): Promise<{ from: string; roots: JsonObject[] }> {
  if (claims !== undefined) return { from: nameOfInput(claims), roots: claimsIn(readInput(claims, host), claims) };
  if (tokenFile !== undefined) {
    const { claims: root } = decodeWhole(readInput(tokenFile, host).trim());
    return { from: nameOfInput(tokenFile), roots: [root] };
  }
  const [{ openSource }, { mintToken }] = await Promise.all([
    import("../identity-token/open-source.ts"),
    import("../identity-token/life.ts"),
  ]);
  const config = readTokenConfig(given, host.env);
  const { token } = await mintToken(await openSource(config, host), host, host.ticks() + config.timeoutMs);
  return { from: "the identity token", roots: [decodeWhole(token).claims] };
}

function claimsIn(text: string, path: string): JsonObject[] {
  let value: Json | undefined;
  try {
    value = parseJson(text);
  } catch {
    // Told below: the parser's message could repeat what the file holds.
  }
  const objects = [value].flat().map(objectOf);
  const found = objects.flatMap((each) => (each === undefined ? [] : [objectOf(each["claims"]) ?? each]));
  if (found.length > 0 && found.length === objects.length) return found;
  throw new Gcp2awsError(
    "USAGE_INVALID_VALUE",
    `--claims ${printable(path, 100)}: must hold a JSON object of claims, or an array of such`,
    { hint: "gcp2aws token --claims prints them; a token itself goes with --token-file" },
  );
}
