/**
 * How many there are, in figures a person can trust: exact up to 2^53, above that as a power of two, since the
 * sizes of sets are no longer exact there.
 */
export function amount(number: number): string {
  if (number <= Number.MAX_SAFE_INTEGER) return String(number);
  const power = Math.log2(number);
  const whole = Math.round(power);
  return 2 ** whole === number ? `2^${whole}` : `about 2^${power.toFixed(1)}`;
}

/** `1 address`, `3 addresses`, `2^64 addresses`; words may stand before the noun. */
export function addressesText(number: number, words = ""): string {
  return `${amount(number)} ${words === "" ? "" : `${words} `}${number === 1 ? "address" : "addresses"}`;
}
