import { objectOf, parseJson } from "../json.ts";

/** The longest inline policy, and the most managed ones: AssumeRoleWithWebIdentity and AssumeRole API reference. */
const MAX_CHARACTERS = 2048;
const MAX_ARNS = 10;

/**
 * A session policy without the white space between its parts, which STS counts too; undefined where it is no JSON object, too long, or
 * has characters that STS does not take. All else stays as it is, a name that is there twice too: what that means is for AWS to say.
 */
export function minimalPolicy(text: string): string | undefined {
  try {
    if (objectOf(parseJson(text)) === undefined) return undefined;
  } catch {
    return undefined;
  }
  const minimal = text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, "$1");
  return minimal.length <= MAX_CHARACTERS && /^[\u0020-\u00ff]+$/.test(minimal) ? minimal : undefined;
}

/** Whether `text` is a comma separated list of 1 to 10 ARNs of managed policies. */
export function isPolicyArnList(text: string): boolean {
  const arns = text.split(",");
  return arns.length <= MAX_ARNS && arns.every((arn) => arn.length <= 2048 && POLICY_ARN.test(arn));
}

/** Of AWS or of an account, with a path or without (CreatePolicy API reference; it has no comma in a path, so that there can be a list). */
const POLICY_ARN = /^arn:aws(?:-[a-z]+)*:iam::(?:aws|\d{12}):policy\/(?:[!-+\--~]{1,510}\/)?[\w+=.@-]{1,128}$/;
