/** Which way to the gateway a client takes, and when it takes another. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ConnectionState, SluiceClient, type SluiceOptions } from '../src/index.ts';
import { infoAddress, sockJsAddress, webSocketAddress } from '../src/transport/address.ts';
import { sockJsTransport } from '../src/transport/sockjs.ts';
import { sockJsBy, webSocket } from './support/carrier.ts';
import { type ServerOptions, StompServer } from './support/stomp-server.ts';
import { until } from './support/until.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function serve(options: ServerOptions = {}, port = 0): Promise<StompServer> {
  const server = await StompServer.start(options, port);
  cleanups.push(() => server.stop());
  return server;
}

function clientOf(server: { url: string }, options: Partial<SluiceOptions> = {}) {
  const sockjs = vi.fn(async () => ({ default: sockJsBy('xhr-streaming') }));
  const client = new SluiceClient({
    url: server.url,
    token: () => 'token-of-ana',
    backoff: { firstMs: 20, maxMs: 100 },
    webSocket,
    sockjs,
    ...options,
  });
  cleanups.push(() => client.close());
  const states: ConnectionState[] = [];
  client.onState((state) => states.push(state));
  return { client, states, sockjs };
}

/** The client has lost its connection and has another one. */
async function reconnected(server: StompServer, client: SluiceClient): Promise<void> {
  const before = server.connections.length;
  server.last.cut();
  await until(
    'the next connection',
    () => server.connections.length > before && client.state.status === 'connected',
  );
}

describe('a WebSocket that gets through', () => {
  it('is taken, and SockJS is not even loaded', async () => {
    const server = await serve();
    const { client, sockjs } = clientOf(server);
    await client.connect();
    expect(client.state).toMatchObject({ status: 'connected', transport: 'websocket' });
    await reconnected(server, client);
    expect(sockjs).not.toHaveBeenCalled();
  });

  it('is not given up for a refusal that came over it', async () => {
    const server = await serve({
      onConnect: () => ({ message: 'the token is not believed', closeCode: 4004 }),
    });
    const { client, sockjs } = clientOf(server);
    await expect(client.connect()).rejects.toThrow('the token is not believed');
    expect(sockjs).not.toHaveBeenCalled();
  });

  it('is not given up for a close without an ERROR', async () => {
    const server = await serve({
      onConnect: (_, connection) => {
        if (server.connections.length > 1) return undefined;
        connection.close(1013);
        return { message: '', closeCode: 0 };
      },
    });
    const { client, states, sockjs } = clientOf(server);
    await client.connect();
    expect(states.map(({ status }) => status)).toEqual([
      'connecting',
      'reconnecting',
      'connecting',
      'connected',
    ]);
    expect(sockjs).not.toHaveBeenCalled();
  });
});

describe('a WebSocket that does not get through', () => {
  it('is replaced by SockJS within the same attempt', async () => {
    const server = await serve({ webSockets: 'refused' });
    const { client, states } = clientOf(server);
    const bodies: string[] = [];
    const subscription = client.subscribe('/topic/shapes', (_, { body }) => bodies.push(body));
    await client.connect();
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'connected']);
    expect(client.state).toMatchObject({ transport: 'sockjs', headers: { 'user-name': 'ana' } });
    await subscription.ready;
    server.last.publish('{"text":"ä€😀\\u2028\\u0000"}');
    await until('the event', () => bodies.length === 1);
    expect(bodies).toEqual(['{"text":"ä€😀\\u2028\\u0000"}']);
  });

  it('is given up when it does not open', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const server = await serve({ webSockets: 'swallowed' });
    const { client } = clientOf(server);
    const connection = client.connect();
    await until('the upgrade', () => server.upgrades === 1);
    vi.advanceTimersByTime(5_000);
    await connection;
    expect(client.state).toMatchObject({ transport: 'sockjs' });
  });

  it('is given up when nothing comes over it', async () => {
    const server = await serve({ webSockets: 'muted' });
    const { client } = clientOf(server, { connectTimeoutMs: 500 });
    await client.connect();
    expect(client.state).toMatchObject({ transport: 'sockjs' });
  });

  it('is given up when it cannot be made', async () => {
    const server = await serve();
    const { client } = clientOf(server, {
      webSocket: () => {
        throw new Error('forbidden here');
      },
    });
    await client.connect();
    expect(client.state).toMatchObject({ transport: 'sockjs' });
  });

  it('is replaced by polling where a proxy holds streams back', async () => {
    const server = await serve({ webSockets: 'refused', holdsStreams: true });
    const { client } = clientOf(server, { sockjs: () => import('sockjs-client') });
    const bodies: string[] = [];
    const subscription = client.subscribe('/topic/shapes', (_, { body }) => bodies.push(body));
    await client.connect();
    await subscription.ready;
    server.last.publish('{}');
    await until('the event', () => bodies.length === 1);
  });

  it('is all there is without `sockjs`', async () => {
    const server = await serve({ webSockets: 'refused' });
    const client = new SluiceClient({ url: server.url, token: () => 't', webSocket });
    cleanups.push(() => client.close());
    client.connect().catch(() => {});
    await until('the wait', () => client.state.status === 'reconnecting');
    expect(server.connections).toHaveLength(0);
  });

  it.each([
    ['answers nothing', undefined],
    ['has no SockJS', { hasSockJs: false }],
    [
      'is hidden by somebody who answers everything',
      { hasSockJs: false, onRequest: (_: unknown, response: ServerResponse) => void response.end('{}') },
    ],
  ])('is no reason to load SockJS where the gateway %s', async (_, options) => {
    const server = await StompServer.start({ webSockets: 'refused', ...options });
    if (options === undefined) await server.stop();
    else cleanups.push(() => server.stop());
    const { client, states, sockjs } = clientOf(server);
    client.connect().catch(() => {});
    await until('two attempts', () => states.filter(({ status }) => status === 'reconnecting').length === 2);
    expect(sockjs).not.toHaveBeenCalled();
  });

  it('leaves the reason of SockJS when that fails, too', async () => {
    const server = await serve({ webSockets: 'refused' });
    const { client } = clientOf(server, {
      sockjs: async () => {
        throw new Error('the chunk is gone');
      },
    });
    client.connect().catch(() => {});
    const { error } = await until('the wait', () =>
      client.state.status === 'reconnecting' ? client.state : undefined,
    );
    expect(error.message).toBe('the transport sockjs could not be started');
    expect(error.cause).toEqual(new Error('the chunk is gone'));
  });

  it('says nothing any more after close()', async () => {
    const questions: ServerResponse[] = [];
    const server = await serve({
      webSockets: 'refused',
      hasSockJs: false,
      onRequest: (_, response) => void questions.push(response),
    });
    const { client, sockjs } = clientOf(server);
    const connection = client.connect();
    connection.catch(() => {});
    const question = await until('the question', () => questions[0]);
    await client.close();
    question.end('{"entropy":1}');
    await expect(connection).rejects.toThrow('closed');
    const again = clientOf(await serve());
    await again.client.connect();
    expect(client.state).toEqual({ status: 'closed', reason: 'requested' });
    expect(sockjs).not.toHaveBeenCalled();
  });
});

describe('what is remembered', () => {
  let now = 0;
  beforeEach(() => {
    now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is that SockJS was needed, for each client of the page', async () => {
    const server = await serve({ webSockets: 'refused' });
    const { client } = clientOf(server);
    await client.connect();
    expect(server.upgrades).toBe(1);
    await reconnected(server, client);
    const another = clientOf(server);
    await another.client.connect();
    expect(another.client.state).toMatchObject({ transport: 'sockjs' });
    expect(server.upgrades).toBe(1);
  });

  it('is forgotten after five minutes, when the connection is lost the next time', async () => {
    const server = await serve({ webSockets: 'refused' });
    const { client } = clientOf(server);
    await client.connect();
    server.webSockets = 'accepted';
    now += 5 * 60_000 - 1;
    await reconnected(server, client);
    expect(client.state).toMatchObject({ transport: 'sockjs' });
    now += 1;
    await reconnected(server, client);
    expect(client.state).toMatchObject({ transport: 'websocket' });
    await reconnected(server, client);
    expect(client.state).toMatchObject({ transport: 'websocket' });
  });

  it('lasts five minutes more when the WebSocket failed again', async () => {
    const server = await serve({ webSockets: 'refused' });
    const { client } = clientOf(server);
    await client.connect();
    now += 5 * 60_000;
    await reconnected(server, client);
    expect(client.state).toMatchObject({ transport: 'sockjs' });
    expect(server.upgrades).toBe(2);
    await reconnected(server, client);
    expect(server.upgrades).toBe(2);
  });

  it('is forgotten when the browser is online again', async () => {
    const listeners = new Set<() => void>();
    vi.stubGlobal('addEventListener', (_: string, listener: () => void) => listeners.add(listener));
    vi.stubGlobal('removeEventListener', (_: string, listener: () => void) => listeners.delete(listener));
    const server = await serve({ webSockets: 'refused' });
    const { client } = clientOf(server);
    await client.connect();
    server.webSockets = 'accepted';
    for (const listener of listeners) listener();
    await reconnected(server, client);
    expect(client.state).toMatchObject({ transport: 'websocket' });
  });

  it('is no trap: SockJS that fails gives the WebSocket a turn', async () => {
    const server = await serve({ webSockets: 'refused' });
    const first = clientOf(server);
    await first.client.connect();
    server.webSockets = 'accepted';
    const { client, states } = clientOf(server, {
      sockjs: async () => {
        throw new Error('the chunk is gone');
      },
    });
    await client.connect();
    expect(client.state).toMatchObject({ transport: 'websocket' });
    expect(states.map(({ status }) => status)).toEqual(['connecting', 'connected']);
  });
});

describe('the option `transports`', () => {
  it('may ask for SockJS alone', async () => {
    const server = await serve();
    const { client } = clientOf(server, { transports: ['sockjs'] });
    await client.connect();
    expect(client.state).toMatchObject({ transport: 'sockjs' });
    expect(server.upgrades).toBe(0);
  });

  it.each([
    [[], '`transports` is empty'],
    [['sockjs'], "SockJS needs `sockjs: () => import('sockjs-client')`"],
    [['pigeon'], 'there is no transport "pigeon"'],
  ])('cannot be %j without more', (transports, message) => {
    const options = { url: 'ws://localhost/ws', token: () => '', transports: transports as 'sockjs'[] };
    expect(() => new SluiceClient(options)).toThrow(new TypeError(message));
  });
});

describe('addresses', () => {
  it.each([
    ['ws://a.example/ws', 'ws://a.example/ws', 'http://a.example/ws'],
    ['https://a.example:8443/ws/?x=1#y', 'wss://a.example:8443/ws/?x=1', 'https://a.example:8443/ws?x=1'],
    [
      'wss://a.example/events/ws/websocket',
      'wss://a.example/events/ws/websocket',
      'https://a.example/events/ws',
    ],
  ])('of %s are %s and %s', (url, socket, http) => {
    const address = webSocketAddress(url);
    expect(address.href).toBe(socket);
    expect(sockJsAddress(address).href).toBe(http);
    expect(infoAddress(sockJsAddress(address)).href).toBe(http.replace('/ws', '/ws/info'));
  });
});

describe('the close code', () => {
  const { closeCode } = sockJsTransport(new URL('ws://a.example/ws'), async () => ({
    default: sockJsBy('xhr-polling'),
  }));

  it.each([1000, 1001, 1002, 1006, 1008, 1013, 3000, 4002, 4004])('%i of the gateway stays', (code) => {
    expect(closeCode(code, 'protocol')).toBe(code);
  });

  it.each([
    [1002, 'Cannot connect to server'],
    [1002, 'Connection interrupted'],
    [2000, 'All transports failed'],
    [2007, 'Transport timed out'],
    [2010, 'Another connection still open'],
  ])('%i for "%s" is a lost connection', (code, reason) => {
    expect(closeCode(code, reason)).toBe(1006);
  });
});
