/** Connects, reconnects, subscribes again, renews the token, closes. */
import type { ConnectedHeaders } from '../../bindings/protocol.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { type EventListener, Subscription } from './channel.ts';
import { Conversation, type Ending } from './conversation.ts';
import { deferred } from './deferred.ts';
import { SluiceError } from './error.ts';
import { Listeners, type Unlisten } from './listeners.ts';
import type { SluiceEvent, SluiceMessage } from './message.ts';
import type { Connected, ConnectionState } from './state.ts';
import { TokenRenewal } from './token.ts';
import type { SockJsImport } from './transport/sockjs.ts';
import type { Transport, TransportName } from './transport/transport.ts';
import { Transports } from './transport/transports.ts';
import type { WebSocketFactory } from './transport/websocket.ts';

/** Where a session's token is renewed. */
const TOKEN_DESTINATION = '/sluice/token';

/** What a client is made of. Only `url` and `token` are needed. */
export interface SluiceOptions {
  /** The gateway's address, for instance `wss://events.example.com/ws`; in a browser a path is enough. */
  url: string | URL;
  /** Gives a token. Asked anew for each connection, and before the running session's token ends. */
  token: () => string | Promise<string>;
  /** The waits between attempts to connect. */
  backoff?: BackoffOptions;
  /** How often heart-beats are sent and wanted, in milliseconds; 0 for none. Default 10,000. */
  heartbeatMs?: number;
  /** How long a connection may take to be made, in milliseconds. Default 15,000. */
  connectTimeoutMs?: number;
  /** A connection that lasted this long was a good one: the waits start small again. Default 5,000. */
  stableMs?: number;
  /** More headers for the CONNECT frame. */
  connectHeaders?: Record<string, string>;
  /** Makes the WebSocket where the global one will not do. */
  webSocket?: WebSocketFactory;
  /** Loads SockJS for where no WebSocket gets through: `() => import('sockjs-client')`. Called when it is needed. */
  sockjs?: SockJsImport;
  /** The ways to the gateway, in the order in which they are tried. Default: WebSocket, then SockJS where `sockjs` is given. */
  transports?: readonly TransportName[];
}

/** More about a subscription. */
export interface SubscribeOptions {
  /** More headers for the SUBSCRIBE frame, for instance a `selector`. */
  headers?: Record<string, string>;
}

/** Typed events from a Sluice gateway. `Event` is the union of the events that may come. */
export class SluiceClient<Event = SluiceEvent> {
  readonly #options: SluiceOptions;
  readonly #transports: Transports;
  readonly #backoff: Backoff;
  readonly #renewal: TokenRenewal;
  readonly #subscriptions = new Set<Subscription<Event>>();
  readonly #stateListeners = new Listeners<[ConnectionState]>();
  readonly #errorListeners = new Listeners<[SluiceError]>();
  readonly #parseErrorListeners = new Listeners<[unknown, SluiceMessage]>();
  #state: ConnectionState = { status: 'closed', reason: 'not-started' };
  #conversation: Conversation | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stableTimer: ReturnType<typeof setTimeout> | undefined;
  #firstConnection = deferred();
  /** Changes with each attempt and each close, so that one that is no longer wanted notices it. */
  #generation = 0;
  readonly #onOnline = () => {
    this.#transports.forget();
    this.reconnectNow();
  };

  constructor(options: SluiceOptions) {
    this.#options = options;
    this.#transports = new Transports(options);
    this.#backoff = new Backoff(options.backoff);
    this.#renewal = new TokenRenewal({
      provide: () => this.#token(),
      send: async (token) => this.#conversation?.send(TOKEN_DESTINATION, token),
    });
  }

  /** What the client is doing now. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Connects, and stays connected until `close()`. Done at the first connection; fails only when the gateway refuses
   * the token or `close()` comes first. Nobody has to wait for it: `subscribe` works at once.
   */
  connect(): Promise<void> {
    if (this.#state.status === 'closed') {
      this.#firstConnection = deferred();
      this.#backoff.reset();
      globalThis.addEventListener?.('online', this.#onOnline);
      void this.#attempt();
    }
    return this.#firstConnection.promise;
  }

  /** Ends the connection and keeps it ended. Subscriptions are kept for the next `connect()`. */
  async close(): Promise<void> {
    const conversation = this.#stop();
    this.#enter({ status: 'closed', reason: 'requested' });
    this.#firstConnection.reject(new SluiceError('closed'));
    await conversation?.close();
  }

  /** Ends the wait for the next attempt to connect, if there is one. */
  reconnectNow(): void {
    if (this.#state.status === 'reconnecting') void this.#attempt();
  }

  /**
   * Subscribes to a channel: `/topic/system`, `/topic/orders/*`, `/user/**`. It may be called before `connect()`, and
   * holds over every reconnect.
   */
  subscribe(
    destination: string,
    onEvent?: EventListener<Event>,
    options: SubscribeOptions = {},
  ): Subscription<Event> {
    const subscription = new Subscription<Event>(destination, options.headers ?? {}, {
      parseError: (error, message) => this.#parseErrorListeners.emit(error, message),
      forget: () => this.#subscriptions.delete(subscription),
    });
    if (onEvent !== undefined) subscription.listen(onEvent);
    this.#subscriptions.add(subscription);
    if (this.#state.status === 'connected' && this.#conversation !== undefined) {
      subscription.attach(this.#conversation);
    }
    return subscription;
  }

  /** Tells each change of state, from now on. */
  onState(listener: (state: ConnectionState) => void): Unlisten {
    return this.#stateListeners.add(listener);
  }

  /** Tells each ERROR frame of the gateway. */
  onError(listener: (error: SluiceError) => void): Unlisten {
    return this.#errorListeners.add(listener);
  }

  /** Tells each message whose body is no JSON. */
  onParseError(listener: (error: unknown, message: SluiceMessage) => void): Unlisten {
    return this.#parseErrorListeners.add(listener);
  }

  async #attempt(): Promise<void> {
    clearTimeout(this.#timer);
    this.#generation += 1;
    const generation = this.#generation;
    this.#enter({ status: 'connecting', attempt: this.#backoff.attempt });
    let token: string;
    try {
      token = await this.#token();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new SluiceError(`no token: ${why}`, { cause });
      if (generation === this.#generation) this.#retry(error);
      return;
    }
    if (generation === this.#generation) this.#open(token, this.#transports.order());
  }

  /** Opens a conversation by the first of these ways, and by the next one should it lead nowhere. */
  #open(token: string, [transport, ...others]: Transport[]): void {
    if (transport === undefined) return;
    const { connectHeaders = {}, connectTimeoutMs = 15_000, heartbeatMs = 10_000 } = this.#options;
    const patienceMs = others.length > 0 ? (transport.openWithinMs ?? connectTimeoutMs) : connectTimeoutMs;
    const openTimeoutMs = Math.min(patienceMs, connectTimeoutMs);
    const generation = this.#generation;
    const isCurrent = () => generation === this.#generation;
    const conversation = new Conversation(
      { transport, token, connectHeaders, openTimeoutMs, connectTimeoutMs, heartbeatMs },
      {
        connected: (headers) => {
          if (!isCurrent()) return;
          this.#transports.worked(transport.name);
          this.#onConnected(conversation, token, {
            status: 'connected',
            transport: transport.name,
            headers: headers as unknown as ConnectedHeaders,
          });
        },
        error: (error) => {
          if (isCurrent()) this.#errorListeners.emit(error);
        },
        closed: (ending) => {
          if (!isCurrent()) return;
          if (ending.heard || others.length === 0) this.#onClosed(ending);
          else void this.#tryOthers(token, others, ending);
        },
      },
    );
    this.#conversation = conversation;
  }

  /** The gateway said nothing at all. Where it answers a plain request it is the way that was wrong. */
  async #tryOthers(token: string, others: Transport[], ending: Ending): Promise<void> {
    const generation = this.#generation;
    const answers = await this.#transports.gatewayAnswers();
    if (generation !== this.#generation) return;
    if (answers) this.#open(token, others);
    else this.#onClosed(ending);
  }

  #onConnected(conversation: Conversation, token: string, state: Connected): void {
    // Only a connection that lasts shows that the gateway is well: one that is accepted and dropped at once must not
    // be tried again without a growing wait.
    this.#stableTimer = setTimeout(() => this.#backoff.reset(), this.#options.stableMs ?? 5_000);
    this.#renewal.start(token);
    for (const subscription of this.#subscriptions) subscription.attach(conversation);
    this.#enter(state);
    this.#firstConnection.resolve();
  }

  #onClosed({ error, refused }: Ending): void {
    this.#stop();
    if (refused) {
      this.#enter({ status: 'closed', reason: 'refused', error });
      this.#firstConnection.reject(error);
    } else {
      globalThis.addEventListener?.('online', this.#onOnline);
      this.#retry(error);
    }
  }

  #retry(error: SluiceError): void {
    const delayMs = this.#backoff.next();
    this.#timer = setTimeout(() => void this.#attempt(), delayMs);
    this.#enter({ status: 'reconnecting', attempt: this.#backoff.attempt, delayMs, error });
  }

  /** Stops everything that runs, and returns the conversation that is to be closed. */
  #stop(): Conversation | undefined {
    this.#generation += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#stableTimer);
    globalThis.removeEventListener?.('online', this.#onOnline);
    this.#renewal.stop();
    for (const subscription of this.#subscriptions) subscription.detach();
    const conversation = this.#conversation;
    this.#conversation = undefined;
    return conversation;
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#stateListeners.emit(state);
  }

  /** Asks the application for a token, and does not wait for ever. */
  async #token(): Promise<string> {
    const timeoutMs = this.#options.connectTimeoutMs ?? 15_000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the provider gave none within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([this.#options.token(), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}
