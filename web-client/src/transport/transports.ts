/** Which way to the gateway is tried, and which first. */
import { webSocketAddress } from './address.ts';
import { type SockJsImport, sockJsTransport, speaksSockJs } from './sockjs.ts';
import type { Transport, TransportName } from './transport.ts';
import { type WebSocketFactory, webSocketTransport } from './websocket.ts';

/** How long a way that stood in for the first one is believed to be the better one. */
const BELIEVED_MS = 5 * 60_000;

/** A way that stood in, and until when it is tried first. */
interface StandIn {
  name: TransportName;
  untilMs: number;
}

/** What stood in, by address. It belongs to the page: a client made later need not find it out again. */
const standIns = new Map<string, StandIn>();

/** What the ways to the gateway are made of. */
export interface TransportOptions {
  url: string | URL;
  transports?: readonly TransportName[];
  webSocket?: WebSocketFactory;
  sockjs?: SockJsImport;
}

/** The ways to one gateway. */
export class Transports {
  readonly #webSocket: URL;
  readonly #key: string;
  readonly #all: readonly Transport[];

  constructor(options: TransportOptions) {
    this.#webSocket = webSocketAddress(options.url);
    this.#key = this.#webSocket.origin + this.#webSocket.pathname;
    const {
      sockjs,
      webSocket,
      transports = sockjs === undefined ? ['websocket'] : ['websocket', 'sockjs'],
    } = options;
    if (transports.length === 0) throw new TypeError('`transports` is empty');
    this.#all = [...new Set(transports)].map((name) => {
      if (name === 'websocket') return webSocketTransport(this.#webSocket, webSocket);
      if (name !== 'sockjs') throw new TypeError(`there is no transport ${JSON.stringify(name)}`);
      if (sockjs === undefined) throw new TypeError("SockJS needs `sockjs: () => import('sockjs-client')`");
      return sockJsTransport(this.#webSocket, sockjs);
    });
  }

  /** Every way that may be tried, the likeliest first. */
  order(): Transport[] {
    const standIn = this.#standIn();
    const first = this.#all.filter(({ name }) => name === standIn);
    return [...first, ...this.#all.filter(({ name }) => name !== standIn)];
  }

  /** Remembers which way led to the gateway. */
  worked(name: TransportName): void {
    if (name === this.#all[0]?.name) standIns.delete(this.#key);
    else if (this.#standIn() !== name) standIns.set(this.#key, { name, untilMs: Date.now() + BELIEVED_MS });
  }

  /** Forgets it: the network may be another one. */
  forget(): void {
    standIns.delete(this.#key);
  }

  /** Whether the gateway answers, so that another way is worth a try. */
  gatewayAnswers(): Promise<boolean> {
    return speaksSockJs(this.#webSocket);
  }

  #standIn(): TransportName | undefined {
    const standIn = standIns.get(this.#key);
    return standIn !== undefined && Date.now() < standIn.untilMs ? standIn.name : undefined;
  }
}
