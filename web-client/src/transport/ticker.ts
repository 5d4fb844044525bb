/** Whether heart-beats can be kept by a worker. */
import { TickerStrategy } from '@stomp/stompjs';

/** How long a worker has to say that it runs. */
const PROBE_MS = 1_000;

let probed: Promise<TickerStrategy> | undefined;

/**
 * A worker where one can run, else a timer. Browsers slow the timers of a page in the background down to one tick a
 * minute, which is too slow for heart-beats; a worker's go on. A Content-Security-Policy without `worker-src blob:`
 * stops the worker without an exception, so one is tried, once per page.
 */
export function heartbeatStrategy(): Promise<TickerStrategy> {
  probed ??= probeWorker().then((runs) => (runs ? TickerStrategy.Worker : TickerStrategy.Interval));
  return probed;
}

async function probeWorker(): Promise<boolean> {
  if (typeof Worker === 'undefined' || typeof Blob === 'undefined') return false;
  const address = URL.createObjectURL(new Blob(['postMessage(0)'], { type: 'text/javascript' }));
  let worker: Worker | undefined;
  try {
    worker = new Worker(address);
    return await answers(worker);
  } catch {
    return false;
  } finally {
    worker?.terminate();
    URL.revokeObjectURL(address);
  }
}

function answers(worker: Worker): Promise<boolean> {
  return new Promise((resolve) => {
    worker.onmessage = () => resolve(true);
    worker.onerror = () => resolve(false);
    setTimeout(() => resolve(false), PROBE_MS);
  });
}
