/** The platform's two spellings of a moment. */

/** Milliseconds since 1970, from epoch seconds with decimals or ISO text; `undefined` for anything else. */
export function eventTimeMs(timestamp: unknown): number | undefined {
  if (typeof timestamp === 'number') return timestamp * 1_000;
  if (typeof timestamp !== 'string') return undefined;
  const milliseconds = Date.parse(timestamp);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
