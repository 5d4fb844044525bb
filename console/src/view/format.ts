/** Numbers and times as the reader's own language writes them. */
const WHOLE = new Intl.NumberFormat();
const ONE_DECIMAL = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const DOLLARS = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' });
const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const EXACT_TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** `1,840`. */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/** `2.4`. */
export function oneDecimal(value: number): string {
  return ONE_DECIMAL.format(value);
}

/** `$2.75`. */
export function dollars(value: number): string {
  return DOLLARS.format(value);
}

/** `93%`, of a quality between 0 and 1; a quality on another scale is shown as it is. */
export function quality(value: number): string {
  return value >= 0 && value <= 1 ? PERCENT.format(value) : ONE_DECIMAL.format(value);
}

/** The time of day; with the date where it is another day. */
export function time(milliseconds: number): string {
  const isToday = new Date(milliseconds).toDateString() === new Date().toDateString();
  return (isToday ? TIME : DAY_AND_TIME).format(milliseconds);
}

/** The time of day with milliseconds. */
export function exactTime(milliseconds: number): string {
  return EXACT_TIME.format(milliseconds);
}

/** `24 ms`, `3.1 s`; a clock that is behind shows as a negative time. */
export function duration(milliseconds: number): string {
  if (Math.abs(milliseconds) < 1_000) return `${WHOLE.format(Math.round(milliseconds))} ms`;
  if (Math.abs(milliseconds) < 100_000) return `${ONE_DECIMAL.format(milliseconds / 1_000)} s`;
  return `${WHOLE.format(Math.round(milliseconds / 60_000))} min`;
}
