/** Functions that want to be told about something. */

/** Stops telling the listener that it was returned for. */
export type Unlisten = () => void;

/** A set of listeners. One that throws hinders neither the others nor the caller. */
export class Listeners<Arguments extends unknown[]> {
  readonly #listeners = new Set<(...args: Arguments) => void>();

  /** Adds a listener; the function returned takes it away. */
  add(listener: (...args: Arguments) => void): Unlisten {
    // Wrapped, so that a function added twice is told twice and each is taken away on its own.
    const entry = (...args: Arguments) => listener(...args);
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** Calls every listener. */
  emit(...args: Arguments): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...args);
      } catch (error) {
        // Thrown again where nothing of the connection is on the stack: the page's own error handler sees it.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
