// Writes docs/config.schema.json, which describes the file of targets, from the table of flags.
import { writeFileSync } from "node:fs";
import { configSchema } from "../src/config-schema.ts";

writeFileSync("docs/config.schema.json", `${JSON.stringify(configSchema(), null, 2)}\n`);
