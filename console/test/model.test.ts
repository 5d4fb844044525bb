/** Times, figures, words and JSON. */
import { describe, expect, it } from 'vitest';
import { eventsPerSecond, figuresAfter, latencyPercentile, NO_FIGURES } from '../src/model/figures.ts';
import { layOut } from '../src/model/json.ts';
import { eventTimeMs } from '../src/model/time.ts';
import { humanise, shortId } from '../src/model/words.ts';
import { arrival, event, START } from './support.ts';

describe('the time of an event', () => {
  it.each([
    [1_755_072_930.123456, 1_755_072_930_123.456],
    ['2025-08-13T08:15:30.120Z', 1_755_072_930_120],
    ['soon', undefined],
    [null, undefined],
  ])('%j', (timestamp, expected) => {
    expect(eventTimeMs(timestamp)).toBe(expected);
  });
});

describe('figures', () => {
  const events = Array.from({ length: 20 }, (_, index) => event('user.updated.v1', index, { changes: {} }));
  const figures = figuresAfter(NO_FIGURES, events.map(arrival));

  it('count what came in the last ten seconds', () => {
    expect(figures.received).toBe(20);
    expect(eventsPerSecond(figures, (START + 19) * 1_000 + 25)).toBe(1);
    expect(eventsPerSecond(figures, (START + 60) * 1_000)).toBe(0);
    expect(eventsPerSecond(NO_FIGURES, 0)).toBe(0);
  });

  it('tell the delivery time by percentile', () => {
    expect(latencyPercentile(figures, 0.5)).toBe(25);
    const latencies = { ...NO_FIGURES, latencies: [9, 1, 5, 3, 7] };
    expect(latencyPercentile(latencies, 0.5)).toBe(5);
    expect(latencyPercentile(latencies, 0.95)).toBe(9);
    expect(latencyPercentile(NO_FIGURES, 0.5)).toBeUndefined();
  });
});

describe('words', () => {
  it.each([
    ['CONTENT_GENERATION', 'Content generation'],
    ['role-changed', 'Role changed'],
    ['displayName', 'Display name'],
    ['', ''],
  ])('%s', (name, expected) => {
    expect(humanise(name)).toBe(expected);
  });

  it('shortens what is long', () => {
    expect(shortId('0b9b6d0e-3a44-4f0e-9a0e-5d6f8a7b1c02')).toBe('0b9b6d0e…');
    expect(shortId('ana')).toBe('ana');
  });
});

describe('JSON laid out', () => {
  const text = (json: string) =>
    layOut(json)
      .map((piece) => piece.text)
      .join('');

  it('keeps doubled keys and all decimals', () => {
    expect(text('{"eventType":"a","eventType":"a","timestamp":1755072930.123456000}')).toBe(
      '{\n  "eventType": "a",\n  "eventType": "a",\n  "timestamp": 1755072930.123456000\n}',
    );
  });

  it('agrees with JSON.stringify on everything else', () => {
    const value = {
      a: [1, -2.5e10, { b: null, c: true }],
      d: {},
      e: [],
      'f "x" {,}': 'y: [z], \\ "',
      g: false,
    };
    expect(text(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    expect(text(JSON.stringify(value, null, 7))).toBe(JSON.stringify(value, null, 2));
  });

  it('tells keys from texts', () => {
    expect(layOut('{"a":"b","c":[1,null]}').filter(({ kind }) => kind !== 'punctuation')).toEqual([
      { kind: 'key', text: '"a"' },
      { kind: 'string', text: '"b"' },
      { kind: 'key', text: '"c"' },
      { kind: 'number', text: '1' },
      { kind: 'literal', text: 'null' },
    ]);
  });

  it('shows what is no JSON as it is', () => {
    expect(text('not { JSON')).toBe('not { JSON');
    expect(text('')).toBe('');
  });
});
