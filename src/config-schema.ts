import { settings, TARGET_NAME } from "./targets.ts";

/** The JSON Schema (draft 2020-12) of the file of targets. The program itself checks more: the rules of the values. */
export function configSchema(): object {
  const properties = settings.map(({ name, flag }) => [
    name,
    {
      description: `${flag.description}: ${flag.rule}`,
      type: flag.value === undefined && flag.given === undefined ? "boolean" : ["string", "integer", "array"],
      items: { type: "string" },
      examples: [flag.example],
    },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Targets of gcp2aws",
    type: "object",
    required: ["targets"],
    additionalProperties: false,
    properties: {
      targets: {
        type: "object",
        propertyNames: { pattern: TARGET_NAME.source },
        additionalProperties: {
          type: "object",
          additionalProperties: false,
          properties: Object.fromEntries(properties),
        },
      },
    },
  };
}
