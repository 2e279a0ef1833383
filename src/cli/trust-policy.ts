import type { Command } from "commander";
import type { CommandContext } from "./commands.ts";
import { defineEvaluate } from "./trust-policy-evaluate.ts";
import { defineGenerate } from "./trust-policy-generate.ts";
import { defineLint } from "./trust-policy-lint.ts";

/** `gcp2aws trust-policy …`: what a role's trust policy says of a Google identity, before AWS says it. */
export function defineTrustPolicy(program: Command, context: CommandContext): void {
  const group = program
    .command("trust-policy")
    .summary("write, explain and check the trust policies of roles")
    .description(
      "A role's trust policy decides whether a token gets its credentials; AWS does not say why not. " +
        "Nothing of AWS is asked here, so that it can be tried before a role is made.",
    )
    .usage("generate|evaluate|lint");
  defineGenerate(group, context);
  defineEvaluate(group, context);
  defineLint(group, context);
}
