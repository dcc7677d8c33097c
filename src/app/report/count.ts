import { amount } from "../../core/ip/amount.js";

/** `1 error`, `2 errors`, `3 addresses`. */
export function count(number: number, noun: string): string {
  return `${amount(number)} ${noun}${number === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;
}
