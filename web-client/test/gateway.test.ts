/** The client and the real gateway. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LearningEvent, SluiceClient, type SluiceMessage, type SluiceOptions } from '../src/index.ts';
import { carriage, carrier, webSocket } from './support/carrier.ts';
import { Gateway } from './support/gateway.ts';
import { tokenOf } from './support/tokens.ts';
import { until } from './support/until.ts';

let gateway: Gateway;
const clients: SluiceClient<LearningEvent>[] = [];

beforeAll(async () => {
  gateway = await Gateway.start();
});
afterAll(() => gateway?.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function clientOf(user: string, options: Partial<SluiceOptions> = {}): SluiceClient<LearningEvent> {
  const client = new SluiceClient<LearningEvent>({
    url: gateway.url,
    token: () => tokenOf(user),
    backoff: { firstMs: 50, maxMs: 500 },
    ...carriage(),
    ...options,
  });
  clients.push(client);
  return client;
}

/** A session's start as the platform's own publisher writes it: the type twice, the time with nine decimals. */
function sessionStarted(user: string, subject: string): string {
  const envelope = {
    eventType: 'session.started.v1',
    eventId: randomUUID(),
    timestamp: 0,
    correlationId: randomUUID(),
    causationId: null,
    userId: user,
    metadata: {
      source: 'tests',
      version: '1.0.0',
      environment: 'development',
      region: 'us-east-1',
      schemaVersion: '1.0',
    },
    sessionId: randomUUID(),
    topic: subject,
    estimatedDurationMinutes: null,
  };
  return JSON.stringify(envelope)
    .replace('{', '{"eventType":"session.started.v1",')
    .replace('"timestamp":0', `"timestamp":${Math.floor(Date.now() / 1_000)}.123456789`);
}

describe('an event', () => {
  it('reaches the user that it is for, unchanged and typed, and nobody else', async () => {
    const [ana, bob] = [randomUUID(), randomUUID()];
    const [forAna, forBob] = [clientOf(ana), clientOf(bob)];
    const arrived: { subject: string; message: SluiceMessage }[] = [];
    const subscription = forAna.subscribe('/user/**');
    subscription.on('session.started.v1', (event, message) =>
      arrived.push({ subject: event.topic, message }),
    );
    const bobs: string[] = [];
    const bobsSubscription = forBob.subscribe('/user/**', (event) => {
      if (event.eventType === 'session.started.v1') bobs.push(event.topic);
    });
    await Promise.all([forAna.connect(), forBob.connect()]);
    await Promise.all([subscription.ready, bobsSubscription.ready]);

    const body = sessionStarted(ana, 'Photosynthesis');
    await gateway.publish(body);
    await gateway.publish(sessionStarted(bob, 'Fractions'));
    await until('both events', () => arrived.length === 1 && bobs.length === 1);

    expect(arrived[0]!.subject).toBe('Photosynthesis');
    expect(arrived[0]!.message.body).toBe(body);
    expect(bobs).toEqual(['Fractions']);
    const { headers } = arrived[0]!.message;
    expect(headers['event-type']).toBe('session.started.v1');
    expect(headers.destination).toMatch(new RegExp(`^/topic/user/${ana}/session/`));
    expect(headers['message-id']).toMatch(/^[A-Za-z0-9._-]+-[0-9]+$/);
    expect(headers.timestamp).toMatch(/^\d{4}-\d{2}-\d{2}T.*Z$/);
  });
});

describe('texts', () => {
  it('come through as they are, whatever a transport makes of its own signs', async () => {
    const ana = randomUUID();
    const client = clientOf(ana);
    const subjects: string[] = [];
    const subscription = client.subscribe('/user/**');
    subscription.on('session.started.v1', (event) => subjects.push(event.topic));
    await client.connect();
    await subscription.ready;
    const hard = ['100% sure, %41 %E4 %', 'ä€😀', 'a"b\\c</script>', '\u0000\u2028\u200d\ufffe\r\n', '["x"]'];
    for (const subject of hard) await gateway.publish(sessionStarted(ana, subject));
    await until('all', () => subjects.length === hard.length);
    expect(subjects).toEqual(expect.arrayContaining(hard));
  });

  it('come all and once, more of them than one response carries', async () => {
    const ana = randomUUID();
    const client = clientOf(ana);
    const subjects: string[] = [];
    const subscription = client.subscribe('/user/**');
    subscription.on('session.started.v1', (event) => subjects.push(event.topic));
    await client.connect();
    await subscription.ready;
    const long = Array.from({ length: 150 }, (_, index) => `${index} ${'x'.repeat(4_000)}`);
    for (const subject of long) await gateway.publish(sessionStarted(ana, subject));
    await until('all', () => subjects.length === long.length);
    expect(subjects).toEqual(long);
    expect(client.state.status).toBe('connected');
  });
});

describe('the way to the gateway', () => {
  it('is the one asked for', async () => {
    const client = clientOf('ana');
    await client.connect();
    expect(client.state).toMatchObject({ transport: carrier === 'websocket' ? 'websocket' : 'sockjs' });
  });

  it('is SockJS where no WebSocket gets through', async () => {
    const client = clientOf('ana', {
      transports: ['websocket', 'sockjs'],
      webSocket: () => webSocket('ws://127.0.0.1:9/ws', []),
      sockjs: () => import('sockjs-client'),
    });
    await client.connect();
    expect(client.state).toMatchObject({ transport: 'sockjs' });
  });
});

describe('the token', () => {
  it('is refused for good when the gateway does not believe it', async () => {
    const client = clientOf('ana', { token: () => `${tokenOf('ana').slice(0, -4)}AAAA` });
    await expect(client.connect()).rejects.toThrow();
    expect(client.state).toMatchObject({ status: 'closed', reason: 'refused', error: { closeCode: 4004 } });
  });

  it('is renewed within the session, which outlives the first one', async () => {
    const ana = randomUUID();
    let tokens = 0;
    const client = clientOf(ana, {
      token: () => {
        tokens += 1;
        return tokenOf(ana, tokens === 1 ? 3 : 600);
      },
    });
    const states: string[] = [];
    client.onState((state) => states.push(state.status));
    const subjects: string[] = [];
    const subscription = client.subscribe('/user/**');
    subscription.on('session.started.v1', (event) => subjects.push(event.topic));
    await client.connect();
    await subscription.ready;
    const end = Date.now() + 4_000;
    await until('the end of the first token', () => Date.now() > end);
    await gateway.publish(sessionStarted(ana, 'Volcanoes'));
    await until('the event', () => subjects.length === 1);
    expect(tokens).toBe(2);
    expect(states).toEqual(['connecting', 'connected']);
  });
});

describe('a subscription', () => {
  it('to what belongs to somebody else is refused, and the session goes on without it', async () => {
    const ana = randomUUID();
    const client = clientOf(ana);
    await client.connect();
    const own = client.subscribe('/user/**');
    await own.ready;
    const others = client.subscribe(`/topic/user/${randomUUID()}/**`);
    await expect(others.ready).rejects.toThrow();
    await until('the connection', () => client.state.status === 'connected');
    await own.ready;
  });
});

describe('a gateway that crashes', () => {
  it('is found again on the same address, with every subscription', async () => {
    const ana = randomUUID();
    const client = clientOf(ana);
    const subjects: string[] = [];
    const subscription = client.subscribe('/user/**');
    subscription.on('session.started.v1', (event) => subjects.push(event.topic));
    await client.connect();
    await subscription.ready;
    await gateway.kill();
    await until('the loss', () => client.state.status === 'reconnecting');
    await gateway.restart();
    await until('the connection', () => client.state.status === 'connected');
    await subscription.ready;
    await gateway.publish(sessionStarted(ana, 'Glaciers'));
    await until('the event', () => subjects.length === 1);
    expect(subjects).toEqual(['Glaciers']);
  });
});
