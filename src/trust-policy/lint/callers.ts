// Conditions by which a role that everybody is named for is not open to everybody: where its callers come from.
import { isClientId } from "../oauth-client.ts";
import { isWild, matches, readPattern } from "../pattern.ts";
import { namesEverybody } from "../policy.ts";
import { isVariable } from "./core.ts";
import { isClaim, isLike, type Line, type LintStatement } from "./rule.ts";

const fixed = /^[^*?]+$/;
/** Under the operators of ARNs no wildcard reaches over a colon. */
const arnOfAccount = { text: /^arn:[^:*?]*:[^:*?]*:[^:*?]*:\d{12}:/, arn: /^arn:[^:]*:[^:]*:[^:]*:\d{12}:/ };
const ofOrganization = /^o-[^*?/]+\//;
/**
 * What a value must be for no stranger to come from there. Tags, source identities and the kind of a caller are missing: whoever has
 * an account chooses those, and in it all names.
 */
const places: ReadonlyMap<string, RegExp | typeof arnOfAccount> = new Map<string, RegExp | typeof arnOfAccount>([
  ["aws:principalorgid", fixed],
  ["aws:principalorgpaths", ofOrganization],
  ["aws:principalaccount", fixed],
  ["aws:principalarn", arnOfAccount],
  // The unique ID of a role, and the session's name.
  ["aws:userid", /^A[A-Z\d]{15,}(:|$)|^\d{12}$/],
  // Buckets and the like name no account.
  [
    "aws:sourcearn",
    { text: /^arn:[^:*?]*:[^:*?]*:[^:*?]*:\d{12}:|^[^*?]+$/, arn: /^arn:[^:]*:[^:]*:[^:]*:\d{12}:|^[^*?]+$/ },
  ],
  ["aws:sourceaccount", fixed],
  ["aws:sourceorgid", fixed],
  ["aws:sourceorgpaths", ofOrganization],
  ["aws:sourcevpc", fixed],
  ["aws:sourcevpcarn", arnOfAccount],
  ["aws:sourcevpce", fixed],
  ["aws:vpceaccount", fixed],
  ["aws:vpceorgid", fixed],
  ["aws:vpceorgpaths", ofOrganization],
  ["sts:externalid", fixed],
]);

/** The value with what its variables for the place of the role itself may be. */
function placed(value: string): string {
  return value.replace(/\$\{aws:ResourceOrgID\}/gi, "o-role").replace(/\$\{aws:ResourceAccount\}/gi, "000000000000");
}

/** Whether only callers of such a place fulfil the line: one who has no such key does not. */
export function narrows(line: Line, statement: LintStatement): boolean {
  return isNeeded(line) && namesPlace(line, statement);
}

/** Whether the line fails where its key is missing. */
export function isNeeded({ use }: Line): boolean {
  return use.operator !== undefined && use.operator.negated !== true && !use.ifExists && use.set !== "all";
}

/** Whether a Deny is against all who come from elsewhere. */
export function isGuarded(statement: LintStatement, all: readonly LintStatement[]): boolean {
  const isOfPeople = ({ key, values, operator }: Line) =>
    key.toLowerCase() === "aws:principalisawsservice" &&
    /^(Bool|StringEquals)(IfExists)?$/.test(operator) &&
    values.join() === "false";
  return all.some((guard) => {
    const lines = guard.lines.filter((line) => !isOfPeople(line));
    const isAgainst = (line: Line) =>
      line.use.operator?.negated === true && line.use.set !== "any" && namesPlace(line, statement);
    const isForAll = guard.effect === "Deny" && namesEverybody(guard.principal) && covers(guard, statement);
    return isForAll && lines.length > 0 && lines.every(isAgainst);
  });
}

/** Whether all by which the one lets callers assume the role are some of the other's actions. */
function covers({ action: wide = [] }: LintStatement, { action = ["*"] }: LintStatement): boolean {
  const patterns = wide.map((text) => readPattern(text.toLowerCase()) ?? []);
  const assuming = action.map((name) => name.toLowerCase()).filter((name) => /assume|[*?]/.test(name));
  return assuming.every((name) => patterns.some((pattern) => matches(pattern, name)));
}

function namesPlace(line: Line, statement: LintStatement): boolean {
  const key = line.key.toLowerCase();
  const values = line.values.map(placed);
  // Any other variable is the caller's to say, or what the caller has.
  if (values.some(isVariable)) return false;
  if (key === "aws:sourceip") return line.operator.includes("IpAddress") && areFew(line.values);
  if (!/String|Arn/.test(line.operator)) return false;
  if (isClaim(line, statement, "sub", "aud", "email")) {
    const isOne = isLike(line) ? !line.patterns.some((pattern) => pattern.some(isWild)) : true;
    return isOne && !line.values.some(isClientId);
  }
  const place = places.get(key);
  if (place === undefined) return false;
  const form = place instanceof RegExp ? place : line.operator.includes("Arn") ? place.arn : place.text;
  return values.every((value) => form.test(value));
}

/** No more addresses than two of the largest blocks that one owner has: a /8 of IPv4, a /20 of IPv6. */
function areFew(ranges: readonly string[]): boolean {
  const share = (range: string) => {
    const bits = range.includes(":") ? 128 : 32;
    const [, length = bits] = range.split("/");
    return 2 ** ((bits === 32 ? 8 : 20) - Number(length));
  };
  return ranges.reduce((sum, range) => sum + share(range), 0) <= 2;
}
