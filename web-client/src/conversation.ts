/** One STOMP conversation on one socket, from CONNECT to the close. It never reconnects. */
import { Client, type IFrame, type StompHeaders } from '@stomp/stompjs';
import { type Deferred, deferred } from './deferred.ts';
import { SluiceError } from './error.ts';
import { heartbeatStrategy } from './transport/ticker.ts';
import type { Transport } from './transport/transport.ts';

/** How long the gateway has to close after an ERROR, or to answer a DISCONNECT. */
const CLOSE_MS = 2_000;
/** Close codes after which the same token is welcome again: what passes, or is cured by a fresh one. */
const COME_BACK: ReadonlySet<number> = new Set([
  1001, 1005, 1006, 1011, 1012, 1013, 4000, 4002, 4008, 4012, 4029,
]);
/** Close codes that refuse a CONNECT for good, even where no ERROR frame came first. */
const REFUSED: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 4003, 4004]);
/** Stands for a socket that this side gave up; the gateway never sends it. */
const GIVEN_UP = 4999;
/** Close codes that no gateway sends: the connection was lost, or was given up here. */
const UNSAID: ReadonlySet<number> = new Set([1006, GIVEN_UP]);

/** What a conversation needs to start. */
export interface ConversationOptions {
  transport: Transport;
  token: string;
  connectHeaders: Record<string, string>;
  /** How long the socket may take to open. */
  openTimeoutMs: number;
  /** How long all may take until CONNECTED. */
  connectTimeoutMs: number;
  heartbeatMs: number;
}

/** How a conversation ended. */
export interface Ending {
  error: SluiceError;
  /** The gateway refused the CONNECT: trying again with the same token is of no use. */
  refused: boolean;
  /** The gateway has said something, be it only a close code; without it the transport may not have reached it. */
  heard: boolean;
}

/** What a conversation tells. `closed` is the last of all, and is told once. */
export interface ConversationEvents {
  connected: (headers: StompHeaders) => void;
  error: (error: SluiceError) => void;
  closed: (ending: Ending) => void;
}

/** One STOMP conversation. */
export class Conversation {
  readonly #events: ConversationEvents;
  readonly #stomp: Client;
  readonly #receipts = new Map<string, Deferred>();
  #counter = 0;
  #connected = false;
  #closed = false;
  #error: SluiceError | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #openDeadline: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConversationOptions, events: ConversationEvents) {
    this.#events = events;
    this.#stomp = new Client({
      reconnectDelay: 0,
      connectHeaders: { ...options.connectHeaders, authorization: `Bearer ${options.token}` },
      heartbeatIncoming: options.heartbeatMs,
      heartbeatOutgoing: options.heartbeatMs,
      // A dead network never answers the closing handshake: do not wait for it.
      discardWebsocketOnCommFailure: true,
      onConnect: (frame) => {
        this.#connected = true;
        clearTimeout(this.#deadline);
        events.connected(frame.headers);
      },
      onStompError: (frame) => this.#onError(frame),
      onHeartbeatLost: () => this.#onClose(GIVEN_UP, 'the gateway fell silent'),
      onUnhandledReceipt: (frame) => this.#onReceipt(frame),
      onWebSocketClose: ({ code, reason }: CloseEvent) =>
        this.#onClose(options.transport.closeCode(code, reason), reason),
    });
    this.#endWithin(options.connectTimeoutMs, `not connected within ${options.connectTimeoutMs} ms`);
    void this.#start(options);
  }

  /** Sends SUBSCRIBE. `ready` is done when the gateway has confirmed it. */
  subscribe(
    destination: string,
    headers: Record<string, string>,
    onMessage: (frame: IFrame) => void,
  ): { id: string; ready: Promise<void> } {
    const id = `sub-${this.#next()}`;
    const { receipt, ready } = this.#expectReceipt();
    this.#transmit(receipt, () => this.#stomp.subscribe(destination, onMessage, { ...headers, id, receipt }));
    return { id, ready };
  }

  /** Sends UNSUBSCRIBE. */
  unsubscribe(id: string): void {
    if (this.#stomp.connected) this.#stomp.unsubscribe(id);
  }

  /** Sends a message, done when the gateway has confirmed it. */
  send(destination: string, body: string): Promise<void> {
    const { receipt, ready } = this.#expectReceipt();
    this.#transmit(receipt, () => this.#stomp.publish({ destination, body, headers: { receipt } }));
    return ready;
  }

  /** Says DISCONNECT and closes; done when the socket is closed. */
  async close(): Promise<void> {
    const timer = setTimeout(() => void this.#stomp.deactivate({ force: true }), CLOSE_MS);
    await this.#stomp.deactivate();
    clearTimeout(timer);
    // Closed before the socket was made: there is no close event to wait for.
    this.#onClose(1000, 'closed');
  }

  async #start({ transport, openTimeoutMs }: ConversationOptions): Promise<void> {
    this.#openDeadline = setTimeout(() => this.#giveUp(`not open within ${openTimeoutMs} ms`), openTimeoutMs);
    this.#stomp.heartbeatStrategy = await heartbeatStrategy();
    if (this.#closed) return;
    try {
      // Made here: an exception within the factory would be lost.
      const socket = await transport.open();
      if (this.#closed) {
        socket.close();
        return;
      }
      socket.addEventListener('open', () => clearTimeout(this.#openDeadline));
      this.#stomp.webSocketFactory = () => socket;
      this.#stomp.activate();
    } catch (cause) {
      const error = new SluiceError(`the transport ${transport.name} could not be started`, { cause });
      this.#finish({ error, refused: false, heard: false });
    }
  }

  #next(): number {
    this.#counter += 1;
    return this.#counter;
  }

  #expectReceipt(): { receipt: string; ready: Promise<void> } {
    const receipt = `receipt-${this.#next()}`;
    const waiting = deferred();
    this.#receipts.set(receipt, waiting);
    return { receipt, ready: waiting.promise };
  }

  #transmit(receipt: string, send: () => void): void {
    try {
      send();
    } catch (cause) {
      this.#settle(receipt)?.reject(new SluiceError('the connection is closed', { cause }));
    }
  }

  #settle(receipt: string | undefined): Deferred | undefined {
    if (receipt === undefined) return undefined;
    const waiting = this.#receipts.get(receipt);
    this.#receipts.delete(receipt);
    return waiting;
  }

  #onReceipt(frame: IFrame): void {
    this.#settle(frame.headers['receipt-id'])?.resolve();
  }

  #onError(frame: IFrame): void {
    const receiptId = frame.headers['receipt-id'];
    const error = new SluiceError(frame.headers.message ?? 'the gateway reported an error', {
      body: frame.body,
      ...(receiptId === undefined ? {} : { receiptId }),
    });
    this.#error = error;
    this.#settle(receiptId)?.reject(error);
    this.#events.error(error);
    this.#endWithin(CLOSE_MS, error.message);
  }

  /** Gives the gateway this long for its next step; then the socket is thrown away. */
  #endWithin(milliseconds: number, message: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#giveUp(message), milliseconds);
  }

  #giveUp(message: string): void {
    this.#onClose(GIVEN_UP, message);
    this.#stomp.forceDisconnect();
  }

  #onClose(closeCode: number, reason: string): void {
    const said = REFUSED.has(closeCode) || (this.#error !== undefined && !COME_BACK.has(closeCode));
    const refused = said && !this.#connected;
    const message = this.#error?.message || reason || 'the connection was lost';
    const error = new SluiceError(message, {
      closeCode,
      body: this.#error?.body ?? '',
      ...(this.#error?.receiptId === undefined ? {} : { receiptId: this.#error.receiptId }),
    });
    const heard = this.#connected || this.#error !== undefined || !UNSAID.has(closeCode);
    this.#finish({ error, refused, heard });
  }

  #finish(ending: Ending): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#openDeadline);
    void this.#stomp.deactivate();
    for (const waiting of this.#receipts.values()) waiting.reject(ending.error);
    this.#receipts.clear();
    this.#events.closed(ending);
  }
}
