/** STOMP on SockJS: over plain HTTP requests, for networks that let no WebSocket through. */
import { infoAddress, sockJsAddress } from './address.ts';
import type { Transport } from './transport.ts';

/**
 * Left out: SockJS's own WebSocket, which would fail like the first one; `eventsource`, which does not notice a gateway
 * that is gone; and what works by foreign frames and scripts.
 */
const CARRIERS: readonly string[] = ['xhr-streaming', 'xhr-polling'];
/** How long each of them may take to open, at least. A proxy that holds responses back stops the first one. */
const OPEN_MS = 2_000;
/** How long the gateway has to say that it speaks SockJS. */
const INFO_MS = 5_000;
/** The code of a connection that was lost without a word. */
const LOST = 1006;

/** The options that SockJS is made with. */
export interface SockJsOptions {
  transports: string[];
  timeout: number;
}

/** The class that `sockjs-client` exports. */
export type SockJsConstructor = new (url: string, protocols: undefined, options: SockJsOptions) => WebSocket;

/** Loads `sockjs-client`: `() => import('sockjs-client')`. */
export type SockJsImport = () => Promise<{ default: SockJsConstructor }>;

/** SockJS at the gateway whose WebSocket has this address. */
export function sockJsTransport(webSocket: URL, load: SockJsImport): Transport {
  const { href } = sockJsAddress(webSocket);
  return {
    name: 'sockjs',
    open: async () => {
      const { default: SockJs } = await load();
      return new SockJs(href, undefined, { transports: [...CARRIERS], timeout: OPEN_MS });
    },
    closeCode: webSocketCode,
  };
}

/** SockJS closes with the gateway's codes, and with some of its own where the connection was lost or never made. */
function webSocketCode(code: number, reason: string): number {
  const isOwn = code >= 2000 && code < 3000;
  const isLoss = reason === 'Cannot connect to server' || reason === 'Connection interrupted';
  return isOwn || (code === 1002 && isLoss) ? LOST : code;
}

/** Whether the gateway is there and speaks SockJS. */
export async function speaksSockJs(webSocket: URL): Promise<boolean> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), INFO_MS);
  try {
    const address = infoAddress(sockJsAddress(webSocket));
    const response = await fetch(address, { cache: 'no-store', signal: abort.signal });
    const info: unknown = await response.json();
    // A proxy that answers everything with a page of its own is no gateway.
    return response.ok && typeof info === 'object' && info !== null && 'entropy' in info;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
