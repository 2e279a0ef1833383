import type { Command } from "commander";
import type { CommandContext } from "./commands.ts";

export function defineEmulate(program: Command, { host }: CommandContext): void {
  void program;
  void host;
}
