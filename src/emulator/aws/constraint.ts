import { AwsError } from "./error-response.ts";

/** What an API model says of one parameter. */
export interface Constraint {
  required?: true;
  /** Characters, least and most. */
  length?: readonly [number, number];
  /** As AWS writes it in the message. */
  pattern?: string;
  /** Of a number, least and most. */
  range?: readonly [number, number];
  /** The value never appears in a message. */
  secret?: true;
}

/**
 * Checks all parameters, as AWS does, and names every fault in one message.
 *
 * @throws AwsError ValidationError (400).
 */
export function checkConstraints(
  values: Readonly<Record<string, string | undefined>>,
  constraints: Readonly<Record<string, Constraint>>,
): void {
  const faults = Object.entries(constraints).flatMap(([name, constraint]) => {
    const value = values[name];
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    const shown = value === undefined ? "Value null" : constraint.secret ? "Value" : `Value '${value}'`;
    return violations(value, constraint).map((rule) => `${shown} at '${member}' failed to satisfy constraint: ${rule}`);
  });
  if (faults.length === 0) return;
  const count = `${faults.length} validation error${faults.length === 1 ? "" : "s"} detected`;
  throw new AwsError(400, "ValidationError", `${count}: ${faults.join("; ")}`);
}

function* rules(value: string, { length, pattern, range }: Constraint): Generator<[boolean, string]> {
  if (length) {
    yield [value.length >= length[0], `Member must have length greater than or equal to ${length[0]}`];
    yield [value.length <= length[1], `Member must have length less than or equal to ${length[1]}`];
  }
  if (pattern !== undefined) {
    const fits = new RegExp(`^(?:${pattern})$`, "u").test(value);
    yield [fits, `Member must satisfy regular expression pattern: ${pattern}`];
  }
  if (range) {
    yield [Number(value) >= range[0], `Member must have value greater than or equal to ${range[0]}`];
    yield [Number(value) <= range[1], `Member must have value less than or equal to ${range[1]}`];
  }
}

function violations(value: string | undefined, constraint: Constraint): string[] {
  if (value === undefined) return constraint.required ? ["Member must not be null"] : [];
  return [...rules(value, constraint)].flatMap(([holds, rule]) => (holds ? [] : [rule]));
}
