// Runs checks one after the other and tells the runner what came of each.

const CHECK_MS = 30_000;
const wanted = process.env.SLUICE_CHECKS.split(' ');

const say = (line) => process.stdout.write(`${line}\n`);

/** Thrown by a check that this client has no means for. */
export class Skip extends Error {}

/** Runs those of the checks that are wanted; ends the process. */
export async function runChecks(checks) {
  let failed = false;
  for (const name of wanted) {
    const check = checks[name];
    if (!check) continue;
    const started = Date.now();
    try {
      await within(CHECK_MS, `the whole check`, check());
      say(`ok ${name}: ${Date.now() - started} ms`);
    } catch (error) {
      const skipped = error instanceof Skip;
      failed ||= !skipped;
      const where = skipped
        ? ''
        : ` (${
            (error.stack ?? '')
              .split('\n')
              .find((line) => line.includes('.mjs'))
              ?.trim() ?? ''
          })`;
      say(`${skipped ? 'skip' : 'FAIL'} ${name}: ${String(error.message).replaceAll('\n', ' ')}${where}`);
    }
  }
  process.exit(failed ? 1 : 0);
}

/** The promise's value, or an error that says what was waited for. */
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A promise and its two ends. */
export function deferred() {
  const ends = {};
  ends.promise = new Promise((resolve, reject) => Object.assign(ends, { resolve, reject }));
  ends.promise.catch(() => {});
  return ends;
}

/** What was received and not yet looked at. */
export class Inbox {
  #items = [];
  #waiting = [];

  push(item) {
    const next = this.#waiting.shift();
    if (next) next(item);
    else this.#items.push(item);
  }

  get size() {
    return this.#items.length;
  }

  next(what = 'a message') {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return within(10_000, what, new Promise((resolve) => this.#waiting.push(resolve)));
  }

  async take(count) {
    const items = [];
    while (items.length < count) items.push(await this.next(`message ${items.length + 1} of ${count}`));
    return items;
  }
}

/** Asks the runner for something that happens to the network or the gateway. */
export async function control(what) {
  const answer = await fetch(`${process.env.SLUICE_CONTROL}/${what}`, { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${what}: ${text}`);
  return text;
}

/** Waits until `look` gives something true. */
export function eventually(what, look) {
  return within(
    10_000,
    what,
    (async () => {
      for (;;) {
        const found = await look();
        if (found) return found;
        await pause(20);
      }
    })(),
  );
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
