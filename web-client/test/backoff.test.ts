/** The waits between attempts. */
import { describe, expect, it } from 'vitest';
import { Backoff } from '../src/backoff.ts';

const almostOne = () => 0.999999;

describe('backoff', () => {
  it('doubles its bound up to the largest wait', () => {
    const backoff = new Backoff({ firstMs: 1_000, maxMs: 30_000, random: almostOne });
    const waits = Array.from({ length: 8 }, () => Math.ceil(backoff.next() / 1_000));
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it('draws from the whole range', () => {
    expect(new Backoff({ random: () => 0 }).next()).toBe(0);
    expect(new Backoff({ firstMs: 1_000, random: () => 0.5 }).next()).toBe(500);
  });

  it('counts its waits and starts again after a reset', () => {
    const backoff = new Backoff({ random: almostOne });
    backoff.next();
    backoff.next();
    expect(backoff.attempt).toBe(2);
    backoff.reset();
    expect(backoff.attempt).toBe(0);
    expect(backoff.next()).toBe(999);
  });

  it('stays finite after thousands of failures', () => {
    const backoff = new Backoff({ random: almostOne });
    for (let count = 0; count < 5_000; count += 1) backoff.next();
    expect(backoff.next()).toBe(29_999);
  });
});
