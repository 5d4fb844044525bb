/** SockJS over HTTP, as much of it as sockjs-client uses. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a connection is carried by. */
export interface Wire {
  onMessage: (text: string) => void;
  send(text: string): void;
  /** Closes properly. */
  close(code: number): void;
  /** Cuts it, as a lost network does. */
  terminate(): void;
}

/** Where sessions live: `{prefix}/{server}/{session}/{request}`. */
const PATH = /^\/ws\/[^/.]+\/([^/.]+)\/(xhr|xhr_streaming|xhr_send)$/;

/** Answers SockJS's requests. */
export class SockJsEndpoint {
  readonly #sessions = new Map<string, SockJsSession>();
  readonly #onSession: (wire: Wire) => void;
  readonly #holdsStreams: boolean;

  constructor(onSession: (wire: Wire) => void, holdsStreams: boolean) {
    this.#onSession = onSession;
    this.#holdsStreams = holdsStreams;
  }

  /** Whether the request was one of SockJS's; it is answered then. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const path = (request.url ?? '').replace(/\?.*/, '');
    if (path === '/ws/info') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"websocket":true,"cookie_needed":false,"origins":["*:*"],"entropy":1}');
      return true;
    }
    const [, id, kind] = PATH.exec(path) ?? [];
    if (id === undefined) return false;
    if (kind === 'xhr_send') void this.#take(this.#sessions.get(id), request, response);
    else this.#attach(id, response, kind === 'xhr_streaming');
    return true;
  }

  #attach(id: string, response: ServerResponse, isStream: boolean): void {
    if (isStream && this.#holdsStreams) return;
    const known = this.#sessions.get(id);
    const session = known ?? new SockJsSession(() => this.#sessions.delete(id));
    response.writeHead(200, { 'content-type': 'application/javascript' });
    if (isStream) response.write(`${'h'.repeat(2048)}\n`);
    session.attach(response, isStream);
    if (known !== undefined) return;
    this.#sessions.set(id, session);
    this.#onSession(session);
  }

  async #take(session: SockJsSession | undefined, request: IncomingMessage, response: ServerResponse) {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.writeHead(session === undefined ? 404 : 204).end();
    for (const message of JSON.parse(text) as string[]) session?.onMessage(message);
  }
}

class SockJsSession implements Wire {
  onMessage: (text: string) => void = () => {};
  readonly #forget: () => void;
  readonly #frames: string[] = ['o'];
  #response: ServerResponse | undefined;
  #isStream = false;
  #isCut = false;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  attach(response: ServerResponse, isStream: boolean): void {
    if (this.#isCut) {
      this.#forget();
      response.destroy();
      return;
    }
    this.#response = response;
    this.#isStream = isStream;
    response.on('close', () => {
      if (!response.writableFinished) this.#forget();
    });
    this.#flush();
  }

  send(text: string): void {
    this.#push(`a${JSON.stringify([text])}`);
  }

  close(code: number): void {
    this.#push(`c[${code},"closed"]`);
  }

  terminate(): void {
    this.#isCut = true;
    this.#response?.destroy();
  }

  #push(frame: string): void {
    this.#frames.push(frame);
    this.#flush();
  }

  #flush(): void {
    while (this.#response !== undefined && this.#frames.length > 0) {
      const frame = this.#frames.shift()!;
      this.#response.write(`${frame}\n`);
      if (this.#isStream && !frame.startsWith('c')) continue;
      this.#response.end();
      this.#response = undefined;
    }
  }
}
