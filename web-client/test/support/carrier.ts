/** What carries the conversation in this run of the tests. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { inject } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import type { SluiceOptions, SockJsConstructor, SockJsOptions, WebSocketFactory } from '../../src/index.ts';

/** A WebSocket, or one of SockJS's ways. */
export type Carrier = 'websocket' | 'xhr-streaming' | 'xhr-polling';

declare module 'vitest' {
  interface ProvidedContext {
    carrier: Carrier;
  }
}

/** What this run's conversations are carried by. */
export const carrier: Carrier = inject('carrier');

/** WebSockets in Node. */
export const webSocket: WebSocketFactory = (url, protocols) =>
  new NodeWebSocket(url, protocols) as unknown as WebSocket;

/** sockjs-client as a browser has it. */
const SockJs: SockJsConstructor = loadSockJs();

/** SockJS that goes one way only. */
export function sockJsBy(transport: string): SockJsConstructor {
  function OneWay(url: string, protocols: undefined, options: SockJsOptions): WebSocket {
    return new SockJs(url, protocols, { ...options, transports: [transport] });
  }
  return OneWay as unknown as SockJsConstructor;
}

/** The options of a client that is carried so. */
export function carriage(): Partial<SluiceOptions> {
  if (carrier === 'websocket') return { webSocket };
  return { transports: ['sockjs'], sockjs: async () => ({ default: sockJsBy(carrier) }) };
}

/** In Node, sockjs-client does not notice that a response was cut; a browser's XMLHttpRequest does. */
function loadSockJs(): SockJsConstructor {
  type Driver = { req?: ClientRequest; emit: (event: 'finish', status: number, text: string) => void };
  const require = createRequire(import.meta.url);
  const path = require.resolve('sockjs-client/lib/transport/driver/xhr.js');
  const driver = require(path);
  function attentive(this: Driver, ...parameters: unknown[]): void {
    driver.apply(this, parameters);
    this.req?.once('response', (response: IncomingMessage) => {
      response.once('close', () => {
        if (!response.complete) this.emit('finish', 0, '');
      });
    });
  }
  require.cache[path]!.exports = Object.assign(attentive, driver, { prototype: driver.prototype });
  return require('sockjs-client');
}
