import type { Diagnostic, Related, SourceRef } from "../../core/diagnostics.js";

/** The faults of one file: up to a limit, then one that says there are more. */
export class Faults {
  readonly found: Diagnostic[] = [];
  #more = 0;

  constructor(private readonly limit: number) {}

  /** Whether further faults are only counted. */
  get full(): boolean {
    return this.found.length >= this.limit;
  }

  add(
    code: string,
    message: string,
    source: SourceRef,
    more: { hint?: string | undefined; related?: readonly Related[] } = {},
  ): void {
    if (this.full) {
      this.#more++;
      return;
    }
    this.found.push({
      code,
      severity: "error",
      message,
      ...(more.hint === undefined ? {} : { hint: more.hint }),
      source,
      ...(more.related === undefined ? {} : { related: more.related }),
    });
  }

  /** All faults told, and how many were not. */
  all(): Diagnostic[] {
    const first = this.found[0]?.source;
    if (this.#more === 0 || first === undefined) return this.found;
    const source = { file: first.file, document: 0, pointer: "" };
    const message = `${this.#more} more faults in ${first.file} are not shown`;
    return [...this.found, { code: "SP1028", severity: "error", message, source, hint: "correct the first ones" }];
  }
}
