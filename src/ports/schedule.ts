/** When cron expressions are true; time zones included. */
export interface Schedule {
  /**
   * Undefined if the expression or the time zone cannot be read.
   * @param expression five fields, as crontab
   * @param timeZone IANA name, `Europe/Berlin`
   */
  read(expression: string, timeZone: string): Recurrence | undefined;
}

/** Times that come again. All in milliseconds since 1970. */
export interface Recurrence {
  /** The last time at or before the given one; undefined if there was none. */
  last(at: number): number | undefined;
  /** The first time after the given one. */
  next(at: number): number | undefined;
}
