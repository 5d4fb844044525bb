/** A promise whose end is decided elsewhere. */
import type { SluiceError } from './error.ts';

/** A promise, and how it ends. */
export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: SluiceError) => void;
}

/** Nobody has to wait for the promise: its failure is told elsewhere too, and is never an unhandled rejection. */
export function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (error: SluiceError) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
