const UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Milliseconds of a duration as Go writes it, `1h30m` or `500ms`; undefined if it is none or larger than can be counted. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g))
    sum += Number(count) * (UNITS.get(unit ?? "") ?? 0);
  const milliseconds = Math.round(sum);
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}
