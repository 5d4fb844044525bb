/** When a token is renewed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { renewalDelayMs, TokenRenewal, tokenClaims, tokenExpiry } from '../src/token.ts';
import { signToken, tokenOf } from './support/tokens.ts';

describe('reading a token', () => {
  it('reads the end and the claims, in any script', () => {
    const token = signToken({ sub: 'Анна ✓', exp: 1_900_000_000 });
    expect(tokenExpiry(token)).toBe(1_900_000_000_000);
    expect(tokenClaims(token)?.sub).toBe('Анна ✓');
  });

  it('knows no end of what is no JWT', () => {
    for (const token of [
      '',
      'opaque',
      'a.b.c',
      'a.bnVsbA.c',
      signToken({ sub: 'ana' }),
      signToken({ exp: 'soon' }),
    ]) {
      expect(tokenExpiry(token), token).toBeUndefined();
    }
  });
});

describe('the time of the renewal', () => {
  it('is a minute before the end, or the last fifth of a short life', () => {
    expect(renewalDelayMs(3_600_000)).toBe(3_540_000);
    expect(renewalDelayMs(100_000)).toBe(80_000);
    expect(renewalDelayMs(-5_000)).toBe(0);
  });
});

describe('renewing', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sends each next token before the last one ends', async () => {
    const sent: string[] = [];
    const renewal = new TokenRenewal({
      provide: async () => tokenOf('ana', 100, { number: sent.length }),
      send: async (token) => void sent.push(token),
    });
    renewal.start(tokenOf('ana', 100));
    await vi.advanceTimersByTimeAsync(79_000);
    expect(sent).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(81_000);
    expect(sent).toHaveLength(2);
    renewal.stop();
    await vi.advanceTimersByTimeAsync(500_000);
    expect(sent).toHaveLength(2);
  });

  it('asks again while the provider fails, and goes on once it answers', async () => {
    let asked = 0;
    const send = vi.fn(async () => {});
    const renewal = new TokenRenewal({
      provide: async () => {
        asked += 1;
        if (asked < 3) throw new Error('unreachable');
        return tokenOf('ana', 600);
      },
      send,
    });
    renewal.start(tokenOf('ana', 100));
    await vi.advanceTimersByTimeAsync(99_000);
    expect(asked).toBe(3);
    expect(send).toHaveBeenCalledOnce();
    renewal.stop();
  });

  it('never sends the same token again, and gives up at its end', async () => {
    const token = tokenOf('ana', 100);
    const provide = vi.fn(async () => token);
    const send = vi.fn(async () => {});
    const renewal = new TokenRenewal({ provide, send });
    renewal.start(token);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(send).not.toHaveBeenCalled();
    expect(provide.mock.calls.length).toBeLessThan(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does nothing once stopped while the provider thinks', async () => {
    let answer: (token: string) => void = () => {};
    const send = vi.fn(async () => {});
    const renewal = new TokenRenewal({ provide: () => new Promise((resolve) => (answer = resolve)), send });
    renewal.start(tokenOf('ana', 100));
    await vi.advanceTimersByTimeAsync(81_000);
    renewal.stop();
    answer(tokenOf('ana', 600));
    await vi.advanceTimersByTimeAsync(0);
    expect(send).not.toHaveBeenCalled();
  });

  it('waits for a token that lives longer than a timer can', async () => {
    const provide = vi.fn(async () => 'next');
    const renewal = new TokenRenewal({ provide, send: async () => {} });
    renewal.start(tokenOf('ana', 365 * 24 * 3_600));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(provide).not.toHaveBeenCalled();
    renewal.stop();
  });
});
