import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { FileSource, VariableSource } from "../source-config.ts";
import type { IdentityTokenSource } from "./source.ts";

/**
 * A token in a file that something else keeps fresh: a projected volume of Kubernetes, a CI system. Read anew each time,
 * white space around it cut off.
 * @throws Gcp2awsError IDENTITY_NOT_FOUND, IDENTITY_BAD_TOKEN
 */
export function tokenFile({ path }: FileSource, host: Host): IdentityTokenSource {
  return () => {
    const where = `file ${printable(path)}`;
    let text: string;
    try {
      text = host.readText(path);
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) return Promise.reject(error);
      const hint = "check --identity-token-file, and that whatever writes it has done so";
      return Promise.reject(new Gcp2awsError("IDENTITY_NOT_FOUND", `no identity token: ${error.message}`, { hint }));
    }
    return whole(text, where);
  };
}

/**
 * A token in an environment variable.
 * @throws Gcp2awsError IDENTITY_NOT_FOUND
 */
export function tokenVariable({ name }: VariableSource, host: Host): IdentityTokenSource {
  return () => whole(host.env[name] ?? "", `variable ${name}`);
}

function whole(text: string, where: string): Promise<string> {
  const token = text.trim();
  if (token !== "") return Promise.resolve(token);
  return Promise.reject(
    new Gcp2awsError("IDENTITY_NOT_FOUND", `no identity token: the ${where} is empty`, {
      hint: "it must hold the token and nothing else",
    }),
  );
}
