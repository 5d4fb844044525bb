/** The connection of the signed-in user, and the world that its events make. */
import { type ConnectionState, type LearningEvent, SluiceClient } from '@sluice/client';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { type Arrival, EMPTY_WORLD, receive, type World } from '../model/world.ts';
import { type Identity, tokenOf } from './identity.ts';

/** Events are shown in batches, so that a thousand a second cost no more than twenty. */
const BATCH_MS = 50;
/** A batch this large is shown at once: a page in the background has slow timers. */
const BATCH_MAX = 1_000;

/** What the page shows. */
export interface Gateway {
  readonly state: ConnectionState;
  /** When the state was entered, in milliseconds since 1970. */
  readonly since: number;
  readonly world: World;
  /** What the gateway refused while the connection went on. */
  readonly refusals: readonly string[];
  /** Ends the wait for the next attempt. */
  readonly reconnect: () => void;
}

/** Connects as `identity` for as long as the component lives. Give it a `key` of the identity. */
export function useGateway(identity: Identity): Gateway {
  const [world, arrive] = useReducer<World, readonly Arrival[]>(receive, EMPTY_WORLD);
  const [{ state, since }, setState] = useState<{ state: ConnectionState; since: number }>({
    state: { status: 'connecting', attempt: 0 },
    since: Date.now(),
  });
  const [refusals, setRefusals] = useState<readonly string[]>([]);
  const client = useRef<SluiceClient<LearningEvent>>(undefined);

  useEffect(() => {
    const batch = new Batch(arrive);
    const connection = new SluiceClient<LearningEvent>({
      url: '/ws',
      token: () => tokenOf(identity),
      sockjs: () => import('sockjs-client'),
    });
    client.current = connection;
    connection.onState((next) => setState({ state: next, since: Date.now() }));
    for (const destination of destinationsOf(identity)) {
      const subscription = connection.subscribe(destination, (event, { headers, body }) => {
        if (typeof event !== 'object' || event === null) return;
        batch.add({ event, headers, body, arrivedMs: Date.now() });
      });
      subscription.ready.catch((error: Error) => {
        if (connection.state.status !== 'closed') {
          setRefusals((known) => [...known, `${destination}: ${error.message}`]);
        }
      });
    }
    void connection.connect();
    return () => {
      batch.stop();
      void connection.close();
    };
  }, [identity]);

  return { state, since, world, refusals, reconnect: () => client.current?.reconnectNow() };
}

/** What a user wants to see: his own channels and the platform's notices; an operator wants everything. */
function destinationsOf(identity: Identity): string[] {
  return identity.isOperator ? ['/topic/**'] : ['/user/**', '/topic/system'];
}

/** Arrivals waiting to be shown. */
class Batch {
  readonly #show: (arrivals: readonly Arrival[]) => void;
  #waiting: Arrival[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(show: (arrivals: readonly Arrival[]) => void) {
    this.#show = show;
  }

  add(arrival: Arrival): void {
    this.#waiting.push(arrival);
    if (this.#waiting.length >= BATCH_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const arrivals = this.#waiting;
    this.#waiting = [];
    this.#show(arrivals);
  }
}
