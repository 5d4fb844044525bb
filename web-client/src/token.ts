/** When a token ends, and renewing it within a running session. */

/** A longer timer fires at once in every browser. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** A token is renewed at most this long before it ends. */
const MARGIN_MS_MAX = 60_000;
/** The shortest pause between two tries. */
const RETRY_MS_MIN = 1_000;

/** When the token ends, in milliseconds since 1970; `undefined` where it is no JWT or has no `exp`. */
export function tokenExpiry(token: string): number | undefined {
  const seconds = tokenClaims(token)?.exp;
  return typeof seconds === 'number' ? seconds * 1_000 : undefined;
}

/** The claims of a JWT, unverified: enough to show them, never to trust them. */
export function tokenClaims(token: string): Record<string, unknown> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const octets = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(octets));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** How long to wait before a token that lives for `remainingMs` is renewed: until its last fifth, or its last minute. */
export function renewalDelayMs(remainingMs: number): number {
  return Math.max(0, remainingMs - Math.min(MARGIN_MS_MAX, remainingMs / 5));
}

/** What renewing needs from the client. */
export interface RenewalSteps {
  /** Asks the application for a token. */
  provide: () => Promise<string>;
  /** Hands the token to the gateway; done when the gateway has accepted it. */
  send: (token: string) => Promise<void>;
}

/** Renews one session's token, again and again, until it is stopped. */
export class TokenRenewal {
  readonly #steps: RenewalSteps;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Changes with each start and stop, so that a renewal under way notices that it is no longer wanted. */
  #generation = 0;

  constructor(steps: RenewalSteps) {
    this.#steps = steps;
  }

  /** Watches over `token`, which the gateway has just accepted. */
  start(token: string): void {
    this.stop();
    const expiry = tokenExpiry(token);
    if (expiry === undefined) return;
    this.#schedule(token, expiry, renewalDelayMs(expiry - Date.now()));
  }

  /** Renews no more. */
  stop(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
  }

  #schedule(token: string, expiry: number, delayMs: number): void {
    const generation = this.#generation;
    const wait = Math.min(Math.max(delayMs, RETRY_MS_MIN), TIMER_MS_MAX);
    this.#timer = setTimeout(() => void this.#renew(token, expiry, generation), wait);
  }

  async #renew(token: string, expiry: number, generation: number): Promise<void> {
    try {
      const next = await this.#steps.provide();
      if (generation !== this.#generation) return;
      if (next !== token) {
        await this.#steps.send(next);
        if (generation === this.#generation) this.start(next);
        return;
      }
    } catch {
      // The provider is out of reach for now: asked again below, as long as the old token lives.
    }
    const remainingMs = expiry - Date.now();
    // Past its end the gateway closes the session, and connecting again asks for a token anyway.
    if (generation === this.#generation && remainingMs > 0) this.#schedule(token, expiry, remainingMs / 2);
  }
}
