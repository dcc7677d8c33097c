import { type GitOutput, runGit } from "./command.js";
import type { Connection } from "./connection.js";
import { asSourceError, gitFailure, type WorkedOn } from "./failures.js";
import { type GitSettings, gitEnvironment } from "./settings.js";

/** Runs git within one operation: with its credentials, until its time is over. */
export interface Session {
  /** A folder for this operation alone; gone when it ends. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Resolves whatever the exit code. */
  attempt(args: readonly string[], run?: RunOptions): Promise<GitOutput>;
  /** Works in the local copy alone, or with a server alone; rejects with SourceError, or BrokenCopy, unless git succeeds. */
  run(args: readonly string[], run?: RunOptions): Promise<GitOutput>;
  /** What a failed run means; of the local copy and a server unless told otherwise. */
  failure(output: GitOutput, on?: WorkedOn): Error;
}

interface RunOptions {
  readonly program?: "git" | "gpg";
  /** The local copy to work in. */
  readonly copy?: string;
  readonly input?: string;
  readonly outputBytes?: number;
  readonly signal?: AbortSignal;
  readonly settings?: GitSettings;
  readonly env?: Readonly<Record<string, string>>;
}

/** Facts of one operation. */
interface Operation {
  readonly connection: Connection;
  /** The operator's own environment. */
  readonly outer: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Milliseconds, for messages. */
  readonly timeout: number;
}

/** More than git prints when it is asked for one thing. */
const SHORT_ANSWER = 1024 * 1024;

/** Starts an operation on a connection. */
export function openSession({ connection, outer, signal, timeout }: Operation): Session {
  const { folder, secrets } = connection;
  const attempt: Session["attempt"] = async (args, run = {}) => {
    try {
      return await runGit({
        program: run.program ?? "git",
        args,
        folder: run.copy ?? folder,
        env: {
          ...gitEnvironment(folder, outer, { ...connection.settings, ...run.settings }),
          ...(run.copy !== undefined && { GIT_DIR: run.copy }),
          ...connection.env,
          ...run.env,
        },
        ...(run.input !== undefined && { input: run.input }),
        outputBytes: run.outputBytes ?? SHORT_ANSWER,
        signal: run.signal ?? signal,
      });
    } catch (error) {
      throw asSourceError(error, secrets, timeout);
    }
  };
  const failure = (output: GitOutput, on: WorkedOn = "both") => gitFailure(output, secrets, on);
  return {
    folder,
    signal,
    attempt,
    failure,
    run: async (args, options) => {
      const output = await attempt(args, options);
      if (output.code !== 0) throw failure(output, options?.copy === undefined ? "server" : "copy");
      return output;
    },
  };
}
