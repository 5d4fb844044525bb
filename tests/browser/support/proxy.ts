/** A proxy that breaks WebSockets. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Passes requests on and refuses every upgrade, as a proxy does that knows no WebSockets. */
export class BlockingProxy {
  readonly address: string;
  readonly #close: () => Promise<void>;

  private constructor(address: string, close: () => Promise<void>) {
    this.address = address;
    this.#close = close;
  }

  /** Starts one in front of that port of this machine. Nobody has to listen there yet, or always. */
  static async start(port: number): Promise<BlockingProxy> {
    const server = createServer((request, response) => passOn(request, response, port));
    server.on('upgrade', (_, socket: Socket) => {
      socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const close = async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    };
    return new BlockingProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close);
  }

  stop(): Promise<void> {
    return this.#close();
  }
}

/** Passes the response on piece by piece, and each side's end to the other. */
function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = request;
  const forwarded = httpRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
  forwarded.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('close', () => {
      if (!answer.complete) response.destroy();
    });
  });
  forwarded.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on('close', () => forwarded.destroy());
  request.pipe(forwarded);
}
