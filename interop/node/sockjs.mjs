// sockjs-client by itself, one transport forced, with STOMP frames written by hand.

import assert from 'node:assert/strict';
import { newSockJS } from './links.mjs';
import { control, deferred, eventually, Inbox, runChecks, within } from './report.mjs';

const transport = process.env.SOCKJS;
const connect = (token) =>
  `CONNECT\naccept-version:1.2\nheart-beat:1000,1000\nauthorization:Bearer ${token}\n\n\0`;

async function open(token = process.env.SLUICE_TOKEN) {
  const socket = newSockJS();
  const opened = deferred();
  const closed = deferred();
  const frames = new Inbox();
  socket.onopen = opened.resolve;
  socket.onmessage = (event) => event.data === '\n' || frames.push(event.data);
  socket.onclose = (event) => {
    opened.reject(new Error(`closed with ${event.code} ${event.reason}`));
    closed.resolve(event);
  };
  await within(10_000, 'the open event', opened.promise);
  const beat = setInterval(() => socket.readyState === 1 && socket.send('\n'), 500);
  closed.promise.then(() => clearInterval(beat));
  socket.send(connect(token));
  return { socket, frames, closed: closed.promise, first: await frames.next('the answer to CONNECT') };
}

async function use(act) {
  const session = await open();
  try {
    assert.match(session.first, /^CONNECTED\n/);
    return await act(session);
  } finally {
    session.socket.close();
    await within(5000, 'the close event', session.closed);
  }
}

async function subscribe({ socket, frames }, destination) {
  socket.send(`SUBSCRIBE\nid:0\ndestination:${destination}\nreceipt:s\n\n\0`);
  assert.match(await frames.next('the receipt'), /^RECEIPT\nreceipt-id:s\n\n\0$/);
}

const bodyOf = (frame) => {
  assert.match(frame, /^MESSAGE\n/);
  return frame.slice(frame.indexOf('\n\n') + 2, -1);
};

await runChecks({
  transport: () => use(async ({ socket }) => assert.equal(socket.transport, transport)),

  /** Everything that SockJS has to escape on its way, and what a proxy likes to change. */
  unicode: () =>
    use(async (session) => {
      await subscribe(session, '/topic/room/unicode');
      const special = [
        '\0',
        '\u200c',
        '\u2028',
        '\u2029',
        '\u206f',
        '\ufff0',
        '\uffff',
        '\ufeff',
        '"',
        '\\',
        '</script>',
      ];
      const body = `${special.join('|')} ☃ 😀 \r\n\t ${String.fromCharCode(...Array(32).keys())}`;
      const length = Buffer.byteLength(body);
      session.socket.send(`SEND\ndestination:/topic/room/unicode\ncontent-length:${length}\n\n${body}\0`);
      assert.equal(bodyOf(await session.frames.next()), body);
    }),

  /** More messages than one poll or one stream takes, cut and joined as SockJS pleases: all, once, in order. */
  order: () =>
    use(async (session) => {
      await subscribe(session, '/topic/room/order');
      const bodies = Array.from({ length: 500 }, (_, number) => `${number} ${'x'.repeat(1000)}`);
      for (const body of bodies) session.socket.send(`SEND\ndestination:/topic/room/order\n\n${body}\0`);
      assert.deepEqual((await session.frames.take(bodies.length)).map(bodyOf), bodies);
    }),

  /** The gateway's own close code arrives, after the ERROR that explains it. */
  'server-close': async () => {
    const { first, closed } = await open(process.env.SLUICE_WRONG_TOKEN);
    assert.match(first, /^ERROR\nmessage:.*token/);
    assert.equal((await within(5000, 'the close event', closed)).code, 4004);
  },

  'client-close': async () => {
    const { socket, closed } = await open();
    socket.close(1000, 'bye');
    assert.equal((await within(5000, 'the close event', closed)).code, 1000);
    await eventually('the gateway to forget the session', async () => (await control('sessions')) === '0');
  },

  /** Nobody polls any more: the gateway gives the session up. */
  'client-gone': async () => {
    const { socket, closed } = await open();
    await control('sleep-client?8');
    assert.equal(await control('sessions'), '0');
    socket.close();
    await within(5000, 'the close event', closed);
  },

  /** Two sessions of one client do not meet. */
  parallel: () =>
    use(async (one) => {
      await subscribe(one, '/topic/room/one');
      await use(async (two) => {
        await subscribe(two, '/topic/room/two');
        two.socket.send('SEND\ndestination:/topic/room/one\n\nfor one\0');
        two.socket.send('SEND\ndestination:/topic/room/two\n\nfor two\0');
        assert.equal(bodyOf(await one.frames.next()), 'for one');
        assert.equal(bodyOf(await two.frames.next()), 'for two');
      });
    }),
});
