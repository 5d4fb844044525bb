/** How much arrives, and how fast. */
import { eventTimeMs } from './time.ts';
import type { Arrival } from './world.ts';

/** The span that events per second are counted over. */
const RATE_MS = 10_000;
/** Arrivals remembered for the rate, and delivery times for the percentiles. */
const SAMPLES_MAX = 2_000;
const LATENCIES_MAX = 200;

/** The raw numbers. */
export interface Figures {
  readonly received: number;
  /** When the latest events arrived, in milliseconds since 1970, oldest first. */
  readonly arrivals: readonly number[];
  /** From the event's timestamp to its arrival, in milliseconds, of the latest events. */
  readonly latencies: readonly number[];
}

/** Before the first event. */
export const NO_FIGURES: Figures = { received: 0, arrivals: [], latencies: [] };

/** The figures after these events. */
export function figuresAfter(figures: Figures, arrivals: readonly Arrival[]): Figures {
  const latencies = arrivals.flatMap(({ event, arrivedMs }) => {
    const sentMs = eventTimeMs(event.timestamp);
    return sentMs === undefined ? [] : [arrivedMs - sentMs];
  });
  return {
    received: figures.received + arrivals.length,
    arrivals: [...figures.arrivals, ...arrivals.map(({ arrivedMs }) => arrivedMs)].slice(-SAMPLES_MAX),
    latencies: [...figures.latencies, ...latencies].slice(-LATENCIES_MAX),
  };
}

/** Events per second over the last ten seconds. */
export function eventsPerSecond(figures: Figures, nowMs: number): number {
  const recent = figures.arrivals.filter((arrivedMs) => arrivedMs > nowMs - RATE_MS);
  const first = recent[0];
  if (first === undefined) return 0;
  // More events than are remembered came within the span: the span is what is remembered.
  const isFull = recent.length === SAMPLES_MAX;
  return (recent.length * 1_000) / (isFull ? Math.max(nowMs - first, 1) : RATE_MS);
}

/** The value that this share of the latest delivery times does not exceed; `undefined` before the first event. */
export function latencyPercentile(figures: Figures, share: number): number | undefined {
  const sorted = [...figures.latencies].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
