const MOST = 4;

/** `a, b, c`, cut after a few: a warning is one line. */
export function some(texts: readonly string[]): string {
  const shown = texts.slice(0, MOST).join(", ");
  return texts.length > MOST ? `${shown} and ${texts.length - MOST} more` : shown;
}

/** `1 Pod`, `3 Pods`. */
export function pods(count: number): string {
  return `${count} ${count === 1 ? "Pod" : "Pods"}`;
}
