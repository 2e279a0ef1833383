import type { HttpRequest } from "../host.ts";
import type { SessionPolicies } from "../session-config.ts";
import { version } from "../version.ts";

/** The parameters of a call, in the order in which the AWS SDK for JavaScript writes them. */
export type Form = [name: string, value: string][];

/** The call as a request that is not signed, its body byte for byte as that SDK writes it. */
export function formRequest(endpoint: string, action: string, form: Form): Omit<HttpRequest, "timeoutMs"> {
  const whole: Form = [["Action", action], ["Version", "2011-06-15"], ...form];
  return {
    method: "POST",
    url: endpoint.endsWith("/") ? endpoint : `${endpoint}/`,
    headers: { "Content-Type": "application/x-www-form-urlencoded", "User-Agent": `gcp2aws/${version}` },
    body: whole.map(([name, value]) => `${name}=${formEncode(value)}`).join("&"),
  };
}

/**
 * What a session may do and how long it lives: parameters that all that assume a role have in common.
 * @param durationSeconds the role's default where it is undefined
 */
export function sessionForm({ policy, arns }: SessionPolicies, durationSeconds: number | undefined): Form {
  const form: Form = [];
  for (let at = 0; at < arns.length; at++) form.push([`PolicyArns.member.${at + 1}.arn`, arns[at] ?? ""]);
  if (policy !== "") form.push(["Policy", policy]);
  if (durationSeconds !== undefined) form.push(["DurationSeconds", String(durationSeconds)]);
  return form;
}

/** RFC 3986 percent-encoding: encodeURIComponent leaves `!'()*` alone, the AWS SDKs do not. */
function formEncode(value: string): string {
  return encodeURIComponent(value)
    .replace(/!/g, "%21")
    .replace(/'/g, "%27")
    .replace(/\(/g, "%28")
    .replace(/\)/g, "%29")
    .replace(/\*/g, "%2A");
}
