/** What a line of the log says beside its message; values of secrets never. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Tells what happens, for whoever runs the operator. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger whose every line carries these fields too. */
  with(fields: LogFields): Logger;
}

export type Labels = Readonly<Record<string, string>>;

/** Numbers for Prometheus; names without the prefix `spiderplan_`, in base units (ANCHORS 3.7). Unknown names are bugs. */
export interface Metrics {
  /** Adds to a counter, 1 by default. */
  count(name: string, labels?: Labels, by?: number): void;
  /** Sets a gauge. */
  set(name: string, value: number, labels?: Labels): void;
  /** Puts a duration in seconds into a histogram. */
  observe(name: string, seconds: number, labels?: Labels): void;
  /** Drops every series of a gauge that carries these labels, when what it told of is gone. */
  forget(name: string, labels: Labels): void;
}
