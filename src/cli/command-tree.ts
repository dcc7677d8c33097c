import type { Command } from "commander";
import type { Io } from "./io.js";

/** What the groups of commands are made with. */
export interface Tree {
  readonly io: Io;
  /** A new command with the options of several parts; it takes what is left out from the environment. */
  readonly add: (name: string, description: string, ...parts: readonly ((command: Command) => Command)[]) => Command;
  /** An action that runs a command and keeps its exit code. */
  readonly run: (
    start: (options: never, ...args: string[]) => Promise<number>,
  ) => (...given: unknown[]) => Promise<void>;
}
