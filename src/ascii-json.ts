/**
 * JSON in plain ASCII: otherwise it leaves in place what moves the cursor of some terminals, or turns the direction of text.
 * @param indent as for JSON.stringify
 */
export function asciiJson(value: object, indent?: number): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, undefined, indent).replaceAll(/[^\n -~]/g, escape);
}
