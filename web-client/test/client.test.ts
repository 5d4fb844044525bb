/** Connecting, reconnecting and closing, against a STOMP server of the tests. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ConnectionState, SluiceClient, type SluiceError, type SluiceOptions } from '../src/index.ts';
import { carriage } from './support/carrier.ts';
import { type ServerOptions, StompServer } from './support/stomp-server.ts';
import { tokenOf } from './support/tokens.ts';
import { until } from './support/until.ts';

type Shape = { eventType: 'circle.v1'; radius: number } | { eventType: 'square.v1'; side: number };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: ServerOptions = {}, port = 0): Promise<StompServer> {
  const server = await StompServer.start(options, port);
  cleanups.push(() => server.stop());
  return server;
}

function clientOf(url: string, options: Partial<SluiceOptions> = {}) {
  const client = new SluiceClient<Shape>({
    url,
    token: () => 'token-of-ana',
    backoff: { firstMs: 20, maxMs: 100 },
    ...carriage(),
    ...options,
  });
  cleanups.push(() => client.close());
  const states: ConnectionState[] = [];
  client.onState((state) => states.push(state));
  const errors: SluiceError[] = [];
  client.onError((error) => errors.push(error));
  return { client, states, errors };
}

/** Nobody but these has connected: another client, let in now, is the next one. */
async function oneMoreThan(server: StompServer, connections: number): Promise<void> {
  await clientOf(server.url, { token: () => 'bob' }).client.connect();
  expect(server.connections).toHaveLength(connections + 1);
}

describe('connecting', () => {
  it('presents the token as a bearer and tells its states', async () => {
    const server = await serve();
    const { client, states } = clientOf(server.url);
    expect(client.state).toEqual({ status: 'closed', reason: 'not-started' });
    await client.connect();
    const connect = server.last.frames[0]!;
    expect(connect.command).toBe('CONNECT');
    expect(connect.headers.authorization).toBe('Bearer token-of-ana');
    expect(connect.headers['heart-beat']).toBe('10000,10000');
    expect(states.map((state) => state.status)).toEqual(['connecting', 'connected']);
    expect(client.state).toMatchObject({ headers: { 'user-name': 'ana', session: 'session-1' } });
  });

  it('does not come back when the token is refused', async () => {
    const onConnect = (token: string) =>
      token === 'bob' ? undefined : { message: 'the token is not believed', closeCode: 4004 };
    const server = await serve({ onConnect });
    const { client, errors } = clientOf(server.url, { backoff: { random: () => 0 } });
    await expect(client.connect()).rejects.toThrow('the token is not believed');
    expect(client.state).toMatchObject({ status: 'closed', reason: 'refused', error: { closeCode: 4004 } });
    expect(errors.map((error) => error.message)).toEqual(['the token is not believed']);
    await oneMoreThan(server, 1);
  });

  it('comes back when the gateway only says that it is busy', async () => {
    let refused = 0;
    const server = await serve({
      onConnect: () => {
        refused += 1;
        return refused < 3 ? { message: 'too many connections', closeCode: 1013 } : undefined;
      },
    });
    const { client, states } = clientOf(server.url);
    await client.connect();
    expect(server.connections).toHaveLength(3);
    const waits = states.filter((state) => state.status === 'reconnecting');
    expect(waits.map((state) => state.attempt)).toEqual([1, 2]);
    expect(waits[0]!.error.message).toBe('too many connections');
  });

  it('tries again when the token provider fails', async () => {
    const server = await serve();
    const token = vi
      .fn(() => 'fresh')
      .mockImplementationOnce(() => {
        throw new Error('offline');
      });
    const { client, states } = clientOf(server.url, { token });
    await client.connect();
    expect(server.last.token).toBe('fresh');
    expect(states.find((state) => state.status === 'reconnecting')?.error.message).toBe('no token: offline');
  });

  it('gives up an attempt that gets no answer', async () => {
    const server = await serve({
      onConnect: (_, connection) => (server.connections.length === 1 ? swallow(connection) : undefined),
    });
    const { client, states } = clientOf(server.url, { connectTimeoutMs: 100 });
    await client.connect();
    expect(states.find((state) => state.status === 'reconnecting')?.error.message).toBe(
      'not connected within 100 ms',
    );
  });

  it('refuses an address that no WebSocket can have', () => {
    expect(() => new SluiceClient({ url: 'ftp://example.com', token: () => '' })).toThrow(TypeError);
  });
});

/** Replaces the answer of the first connection by none at all. */
function swallow(connection: { send: (...args: never[]) => void }): undefined {
  connection.send = () => {};
}

describe('reconnecting', () => {
  it('comes back after a cut, with a new token and all subscriptions', async () => {
    const server = await serve();
    let tokens = 0;
    const { client, states } = clientOf(server.url, { token: async () => `token-${++tokens}` });
    const radii: number[] = [];
    const subscription = client.subscribe('/topic/shapes', (event) => {
      if (event.eventType === 'circle.v1') radii.push(event.radius);
    });
    await client.connect();
    await subscription.ready;
    server.last.publish({ eventType: 'circle.v1', radius: 1 });
    await until('the first circle', () => radii.length === 1);

    server.last.cut();
    await until(
      'the second connection',
      () => server.connections.length === 2 && client.state.status === 'connected',
    );
    await subscription.ready;
    expect(server.last.token).toBe('token-2');
    expect([...server.last.subscriptions.values()]).toEqual(['/topic/shapes']);
    server.last.publish({ eventType: 'circle.v1', radius: 2 });
    await until('the second circle', () => radii.length === 2);
    expect(radii).toEqual([1, 2]);
    expect(states.map((state) => state.status)).toEqual([
      'connecting',
      'connected',
      'reconnecting',
      'connecting',
      'connected',
    ]);
  });

  it('finds a gateway that comes back on the same port', async () => {
    const server = await StompServer.start();
    const { client } = clientOf(server.url);
    await client.connect();
    await server.stop();
    await until('a few attempts', () => client.state.status === 'reconnecting' && client.state.attempt >= 3);
    const again = await serve({}, server.port);
    await until('the connection', () => client.state.status === 'connected');
    expect(again.connections).toHaveLength(1);
  });

  it('waits longer each time when connections are accepted and dropped at once', async () => {
    const server = await serve({
      onConnect: (_, connection) => void setTimeout(() => connection.close(1011), 0),
    });
    const { client, states } = clientOf(server.url, { backoff: { firstMs: 1, maxMs: 1_000 } });
    void client.connect();
    await until('five attempts', () => server.connections.length === 5);
    const attempts = states.filter((state) => state.status === 'reconnecting').map((state) => state.attempt);
    expect(attempts.slice(0, 4)).toEqual([1, 2, 3, 4]);
  });

  it('starts with small waits again after a connection that lasted', async () => {
    const server = await serve();
    const { client, states } = clientOf(server.url, { stableMs: 0 });
    await client.connect();
    for (const count of [1, 2]) {
      await client.subscribe(`/topic/${count}`).ready;
      server.last.cut();
      await until(
        'the connection',
        () => server.connections.length === count + 1 && client.state.status === 'connected',
      );
    }
    const attempts = states.filter((state) => state.status === 'reconnecting').map((state) => state.attempt);
    expect(attempts).toEqual([1, 1]);
  });

  it('goes at once when asked to', async () => {
    const server = await serve();
    const { client } = clientOf(server.url, {
      backoff: { firstMs: 600_000, maxMs: 600_000, random: () => 0.9 },
    });
    await client.connect();
    server.last.cut();
    await until('the wait', () => client.state.status === 'reconnecting');
    client.reconnectNow();
    await until('the connection', () => client.state.status === 'connected');
  });

  it('notices that the gateway fell silent', async () => {
    const server = await serve({ heartBeat: '50,50' });
    const { client, states } = clientOf(server.url, { heartbeatMs: 50 });
    await client.connect();
    const lost = await until('the loss', () => states.find((state) => state.status === 'reconnecting'));
    expect(lost.error.message).toBe('the gateway fell silent');
  });
});

describe('subscribing', () => {
  it('knows each event by its type', async () => {
    const server = await serve();
    const { client } = clientOf(server.url);
    await client.connect();
    const sides: number[] = [];
    const subscription = client.subscribe('/topic/shapes');
    subscription.on('square.v1', (event) => sides.push(event.side));
    const stop = subscription.on('circle.v1', () => expect.unreachable());
    stop();
    await subscription.ready;
    server.last.publish({ eventType: 'circle.v1', radius: 1 });
    server.last.publish({ eventType: 'square.v1', side: 4 });
    await until('the square', () => sides.length === 1);
    expect(sides).toEqual([4]);
  });

  it('hands over headers and the text as it came', async () => {
    const server = await serve();
    const { client } = clientOf(server.url);
    await client.connect();
    const bodies: string[] = [];
    const subscription = client.subscribe('/topic/shapes', (_, message) => {
      bodies.push(message.body);
      expect(message.headers.destination).toBe('/topic/shapes');
      expect(message.headers['message-id']).toBe('test-1');
    });
    await subscription.ready;
    const body = '{"eventType":"circle.v1","eventType":"circle.v1","radius":1.123456789}';
    server.last.publish(body);
    await until('the event', () => bodies.length === 1);
    expect(bodies).toEqual([body]);
  });

  it('tells the refused subscription why, and keeps the others', async () => {
    const server = await serve({
      onSubscribe: (destination) =>
        destination === '/topic/secret' ? { message: 'you may not subscribe to /topic/secret' } : undefined,
    });
    const { client, errors } = clientOf(server.url);
    const open = client.subscribe('/topic/open');
    const secret = client.subscribe('/topic/secret');
    await client.connect();
    await expect(secret.ready).rejects.toThrow('you may not subscribe to /topic/secret');
    expect(errors[0]!.receiptId).toBeDefined();
    await until(
      'the second connection',
      () => server.connections.length === 2 && client.state.status === 'connected',
    );
    await open.ready;
    expect([...server.last.subscriptions.values()]).toEqual(['/topic/open']);
  });

  it('ends with unsubscribe', async () => {
    const server = await serve();
    const { client } = clientOf(server.url);
    const onEvent = vi.fn();
    const subscription = client.subscribe('/topic/shapes', onEvent);
    await client.connect();
    await subscription.ready;
    subscription.unsubscribe();
    await until('UNSUBSCRIBE', () => server.last.frames.some((frame) => frame.command === 'UNSUBSCRIBE'));
    server.last.cut();
    await until(
      'the second connection',
      () => server.connections.length === 2 && client.state.status === 'connected',
    );
    expect(server.last.subscriptions.size).toBe(0);
    expect(onEvent).not.toHaveBeenCalled();
  });

  it('tells of a body that is no JSON and goes on', async () => {
    const server = await serve();
    const { client } = clientOf(server.url);
    const broken: string[] = [];
    client.onParseError((_, message) => broken.push(message.body));
    const onEvent = vi.fn();
    const subscription = client.subscribe('/topic/shapes', onEvent);
    await client.connect();
    await subscription.ready;
    server.last.publish('{"eventType":');
    server.last.publish({ eventType: 'circle.v1', radius: 1 });
    await until('the good event', () => onEvent.mock.calls.length === 1);
    expect(broken).toEqual(['{"eventType":']);
  });

  it('passes headers on', async () => {
    const server = await serve();
    const { client } = clientOf(server.url);
    await client.connect();
    await client.subscribe('/topic/shapes', undefined, { headers: { selector: "severity = 'high'" } }).ready;
    expect(server.last.frames.at(-1)!.headers.selector).toBe("severity = 'high'");
  });
});

describe('the token of a running session', () => {
  it('is renewed before it ends', async () => {
    const server = await serve();
    const token = vi.fn(() => tokenOf('ana', 600)).mockImplementationOnce(() => tokenOf('ana', 2));
    const { client } = clientOf(server.url, { token });
    await client.connect();
    const send = await until('the renewal', () =>
      server.last.frames.find((frame) => frame.command === 'SEND'),
    );
    expect(send.headers.destination).toBe('/sluice/token');
    expect(send.headers.receipt).toBeDefined();
    expect(send.body).toBe(token.mock.results[1]!.value);
    expect(server.connections).toHaveLength(1);
  });
});

describe('closing', () => {
  it('says goodbye and stays closed', async () => {
    const server = await serve();
    const { client } = clientOf(server.url, { backoff: { random: () => 0 } });
    await client.connect();
    await client.close();
    expect(server.last.frames.at(-1)!.command).toBe('DISCONNECT');
    expect(client.state).toEqual({ status: 'closed', reason: 'requested' });
    await oneMoreThan(server, 1);
  });

  it('ends a wait, and can connect again', async () => {
    const server = await StompServer.start();
    const { client } = clientOf(server.url);
    const subscription = client.subscribe('/topic/shapes');
    await client.connect();
    await server.stop();
    await until('the wait', () => client.state.status === 'reconnecting');
    await client.close();
    expect(client.state.status).toBe('closed');
    await serve({}, server.port);
    await client.connect();
    await subscription.ready;
  });

  it('fails a connect() that was never done', async () => {
    const { client } = clientOf('ws://127.0.0.1:9/ws');
    const connection = client.connect();
    await client.close();
    await expect(connection).rejects.toThrow('closed');
  });
});
