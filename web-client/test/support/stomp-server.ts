/** A STOMP server of the tests: it accepts, refuses, publishes and drops connections as a test tells it to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { SockJsEndpoint, type Wire } from './sockjs-endpoint.ts';

/** One STOMP frame. */
export interface Frame {
  command: string;
  headers: Record<string, string>;
  body: string;
}

/** How the server refuses a frame: an ERROR frame with this message, then this close code. */
export interface Refusal {
  message: string;
  closeCode?: number;
}

/** What a test may decide. */
export interface ServerOptions {
  /** A refusal of the CONNECT with this token, or nothing to accept it. */
  onConnect?: (token: string, connection: Connection) => Refusal | undefined;
  /** A refusal of a SUBSCRIBE, or nothing to accept it. */
  onSubscribe?: (destination: string, connection: Connection) => Refusal | undefined;
  /** What the server answers to plain HTTP requests. */
  onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  heartBeat?: string;
  /** What becomes of WebSockets. Default `accepted`. */
  webSockets?: WebSockets;
  /** Whether there is SockJS. Default true. */
  hasSockJs?: boolean;
  /** Whether responses that do not end are held back, as some proxies do. */
  holdsStreams?: boolean;
}

/** What becomes of WebSockets: proxies refuse the upgrade, never answer it, or let it through and nothing after it. */
export type WebSockets = 'accepted' | 'refused' | 'swallowed' | 'muted';

/** One client's connection. */
export class Connection {
  readonly frames: Frame[] = [];
  readonly subscriptions: Map<string, string> = new Map();
  token = '';
  readonly #wire: Wire;
  readonly #options: ServerOptions;
  #messages = 0;
  #rest = '';

  constructor(wire: Wire, options: ServerOptions) {
    this.#wire = wire;
    this.#options = options;
    wire.onMessage = (text) => this.#onData(text);
  }

  /** Sends an event to each subscription whose destination the predicate accepts. */
  publish(event: unknown, wanted: (destination: string) => boolean = () => true, destination?: string): void {
    for (const [id, subscribed] of this.subscriptions) {
      if (!wanted(subscribed)) continue;
      const body = typeof event === 'string' ? event : JSON.stringify(event);
      this.#messages += 1;
      const headers: Record<string, string> = {
        destination: destination ?? subscribed,
        subscription: id,
        'message-id': `test-${this.#messages}`,
        'content-type': 'application/json',
      };
      const type = (event as { eventType?: string }).eventType;
      if (type !== undefined) headers['event-type'] = type;
      this.send('MESSAGE', headers, body);
    }
  }

  send(command: string, headers: Record<string, string>, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${escapeHeader(value)}\n`);
    this.#wire.send(`${command}\n${lines.join('')}\n${body}\0`);
  }

  /** Sends a heart-beat. */
  beat(): void {
    this.#wire.send('\n');
  }

  refuse(refusal: Refusal, receiptId?: string): void {
    const headers: Record<string, string> = { message: refusal.message };
    if (receiptId !== undefined) headers['receipt-id'] = receiptId;
    this.send('ERROR', headers);
    if (refusal.closeCode !== 0) this.#wire.close(refusal.closeCode ?? 1008);
  }

  /** Closes properly. */
  close(code: number): void {
    this.#wire.close(code);
  }

  /** Cuts the connection, as a lost network does. */
  cut(): void {
    this.#wire.terminate();
  }

  #onData(text: string): void {
    this.#rest += text;
    for (let end = this.#rest.indexOf('\0'); end >= 0; end = this.#rest.indexOf('\0')) {
      const frame = parseFrame(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end + 1);
      this.frames.push(frame);
      this.#onFrame(frame);
    }
  }

  #onFrame(frame: Frame): void {
    const receipt = frame.headers.receipt;
    if (frame.command === 'CONNECT') {
      this.#onConnect(frame);
      return;
    }
    if (frame.command === 'SUBSCRIBE') {
      const refusal = this.#options.onSubscribe?.(frame.headers.destination!, this);
      if (refusal !== undefined) {
        this.refuse(refusal, receipt);
        return;
      }
      this.subscriptions.set(frame.headers.id!, frame.headers.destination!);
    }
    if (frame.command === 'UNSUBSCRIBE') this.subscriptions.delete(frame.headers.id!);
    if (receipt !== undefined) this.send('RECEIPT', { 'receipt-id': receipt });
    if (frame.command === 'DISCONNECT') this.#wire.close(1000);
  }

  #onConnect(frame: Frame): void {
    this.token = (frame.headers.authorization ?? '').replace('Bearer ', '');
    const refusal = this.#options.onConnect?.(this.token, this);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    this.send('CONNECTED', {
      version: '1.2',
      'heart-beat': this.#options.heartBeat ?? '0,0',
      server: 'test',
      session: 'session-1',
      'user-name': 'ana',
    });
  }
}

function wireOf(socket: WebSocket): Wire {
  const wire: Wire = {
    onMessage: () => {},
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
    terminate: () => socket.terminate(),
  };
  socket.on('message', (data) => wire.onMessage(String(data)));
  return wire;
}

/** The server. */
export class StompServer {
  readonly connections: Connection[] = [];
  readonly port: number;
  webSockets: WebSockets;
  /** How many upgrades were asked for. */
  upgrades = 0;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v12.stomp' });
  /** Sockets that were taken away from the HTTP server. */
  readonly #upgraded = new Set<Duplex>();

  private constructor(http: Server, options: ServerOptions) {
    this.#http = http;
    this.port = (http.address() as AddressInfo).port;
    this.webSockets = options.webSockets ?? 'accepted';
    const open = (wire: Wire) => void this.connections.push(new Connection(wire, options));
    const { hasSockJs = true, holdsStreams = false } = options;
    const sockJs = hasSockJs ? new SockJsEndpoint(open, holdsStreams) : undefined;
    http.on('request', (request, response) => {
      if (sockJs?.answer(request, response)) return;
      if (options.onRequest) options.onRequest(request, response);
      else response.writeHead(404).end();
    });
    http.on('upgrade', (request, socket, head) => {
      this.upgrades += 1;
      this.#upgraded.add(socket);
      socket.on('close', () => this.#upgraded.delete(socket));
      if (this.webSockets === 'refused') socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      if (this.webSockets === 'refused' || this.webSockets === 'swallowed') return;
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        if (this.webSockets === 'accepted') open(wireOf(webSocket));
      });
    });
  }

  /** Listens; port 0 takes a free one. */
  static async start(options: ServerOptions = {}, port = 0): Promise<StompServer> {
    const http = createServer();
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(port, '127.0.0.1', resolve);
    });
    return new StompServer(http, options);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** The newest connection. */
  get last(): Connection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nobody has connected');
    return last;
  }

  /** Cuts every connection and stops listening. */
  async stop(): Promise<void> {
    for (const socket of this.#upgraded) socket.destroy();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

function parseFrame(text: string): Frame {
  const [head = '', ...rest] = text.replace(/^\n+/, '').split('\n\n');
  const [command = '', ...lines] = head.split('\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon)] ??= line.slice(colon + 1).replaceAll('\\c', ':');
  }
  return { command, headers, body: rest.join('\n\n') };
}

function escapeHeader(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(':', '\\c');
}
