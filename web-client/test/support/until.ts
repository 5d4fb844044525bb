/** Waiting for a thing, with a deadline. */

/** Waits until `look` gives something that is neither `undefined` nor `false`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false,
  seconds: number = 10,
): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
