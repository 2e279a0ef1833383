// `parsers FILE`: each line of the file is a JSON list of a kind and a text; prints a JSON text for each.
import { readFileSync } from "node:fs";
import { parseJson } from "../src/json.ts";
import { describeText } from "./parsers.ts";

const lines: string[] = [];
for (const line of readFileSync(process.argv[2] ?? "", "utf8").split("\n")) {
  if (line === "") continue;
  const value = parseJson(line);
  if (!Array.isArray(value)) continue;
  const kind = value[0];
  const text = value[1];
  if (typeof kind === "string" && typeof text === "string") lines.push(JSON.stringify(describeText(kind, text)));
}
process.stdout.write(`${lines.join("\n")}\n`);
