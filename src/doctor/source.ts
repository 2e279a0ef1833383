import { linesOfReasons, nameOfSource } from "../source-config.ts";
import { printable } from "../errors.ts";
import { type Check, ok, skipped } from "./check.ts";

/** Where the identity token comes from, and why not from elsewhere. */
export const sourceCheck: Check = {
  id: "source",
  title: "source of the identity token",
  needs: ["flags"],
  run: ({ learned: { config } }) =>
    config === undefined
      ? skipped("no configuration")
      : ok(printable(nameOfSource(config.source)), ...linesOfReasons(config.sourceReasons)),
};
