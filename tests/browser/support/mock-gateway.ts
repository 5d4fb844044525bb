/** Serves the built page, its demo users and a STOMP endpoint that a test speaks for. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { type ServerOptions, StompServer } from '../../../web-client/test/support/stomp-server.ts';
import { tokenOf } from '../../../web-client/test/support/tokens.ts';
import type { StoryEvent } from './story.ts';

const PAGE = resolve(import.meta.dirname, '../../../console/dist');
const KINDS: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** The same as the gateway's. */
const POLICY =
  "default-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The users that the page offers. */
export const USERS = [
  { name: 'Ana', user: '0b9b6d0e-3a44-4f0e-9a0e-5d6f8a7b1c02', role: 'learner' },
  { name: 'Ben', user: '7c1de2f4-90aa-4b61-8e0b-2f3f0c9d4e15', role: 'learner' },
  { name: 'Operator', user: 'e5a3b8c7-1d2f-4c6e-9b7a-6f8d0e1c2b34', role: 'operator' },
] as const;

/** A gateway of the tests. */
export class MockGateway {
  readonly #stomp: StompServer;

  private constructor(stomp: StompServer) {
    this.#stomp = stomp;
  }

  static async start(options: ServerOptions & { isDemo?: boolean } = {}, port = 0): Promise<MockGateway> {
    if (!existsSync(join(PAGE, 'index.html'))) throw new Error('the page is not built: run `npm run build`');
    const { isDemo = true, ...rest } = options;
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      void answer(request.url ?? '/', response, isDemo);
    };
    return new MockGateway(await StompServer.start({ ...rest, onRequest, heartBeat: '1000,1000' }, port));
  }

  get port(): number {
    return this.#stomp.port;
  }

  /** Delivers to every connection whose user may see the event. */
  deliver(events: Iterable<StoryEvent>): void {
    for (const event of events) {
      const destination = destinationOf(event);
      for (const connection of this.#stomp.connections) {
        const user = userOf(connection.token);
        const isOperator = user === USERS[2].user;
        connection.publish(
          event,
          (subscribed) => {
            if (isOperator) return subscribed === '/topic/**';
            if (event.userId === null) return subscribed === '/topic/system';
            return subscribed === '/user/**' && event.userId === user;
          },
          destination,
        );
      }
    }
  }

  stop(): Promise<void> {
    return this.#stomp.stop();
  }
}

function destinationOf(event: StoryEvent): string {
  if (event.userId === null) return '/topic/system';
  const session = event.sessionId === undefined ? '' : `/session/${event.sessionId}`;
  return `/topic/user/${event.userId}${session}`;
}

function userOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string;
  };
  return claims.sub;
}

async function answer(url: string, response: ServerResponse, isDemo: boolean): Promise<void> {
  if (url === '/demo/tokens' && isDemo) {
    const users = USERS.map((user) => ({ ...user, token: tokenOf(user.user, 600, { role: user.role }) }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ users, platform: 'learning' }));
    return;
  }
  const path = join(PAGE, url === '/' ? 'index.html' : url);
  const body = await readFile(path).catch(() => undefined);
  if (body === undefined || !path.startsWith(PAGE)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': KINDS[extname(path)] ?? 'text/plain',
    'content-security-policy': POLICY,
  });
  response.end(body);
}
