/** A moment, for people and machines. */
import type { JSX } from 'preact';
import { time } from './format.ts';

/** The moment as text. */
export function Time({ milliseconds }: { milliseconds: number }): JSX.Element {
  return <time dateTime={new Date(milliseconds).toISOString()}>{time(milliseconds)}</time>;
}
