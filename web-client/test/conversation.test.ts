/** Which ends of a connection are final. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conversation, type Ending } from '../src/conversation.ts';
import { Transports } from '../src/transport/transports.ts';
import { carriage } from './support/carrier.ts';
import { type Refusal, StompServer } from './support/stomp-server.ts';

let server: StompServer;
let refusal: Refusal | undefined;
let closeAfterConnect: number | undefined;

beforeEach(async () => {
  refusal = undefined;
  closeAfterConnect = undefined;
  server = await StompServer.start({
    onConnect: (_, connection) => {
      if (closeAfterConnect !== undefined) setImmediate(() => connection.close(closeAfterConnect!));
      return refusal;
    },
  });
});
afterEach(() => server.stop());

function converse(): Promise<Ending> {
  return new Promise((closed) => {
    new Conversation(
      {
        transport: new Transports({ url: server.url, ...carriage() }).order()[0]!,
        token: 't',
        connectHeaders: {},
        openTimeoutMs: 5_000,
        connectTimeoutMs: 5_000,
        heartbeatMs: 0,
      },
      { connected: () => {}, error: () => {}, closed },
    );
  });
}

describe('an ERROR instead of CONNECTED', () => {
  it.each([1000, 1002, 1003, 1007, 1008, 1009, 4003, 4004])('with code %i is final', async (closeCode) => {
    refusal = { message: 'no', closeCode };
    expect(await converse()).toMatchObject({ refused: true, error: { message: 'no', closeCode } });
  });

  it.each([1001, 1011, 1012, 1013, 4000, 4002, 4008, 4012, 4029])(
    'with code %i asks to come back',
    async (closeCode) => {
      refusal = { message: 'later', closeCode };
      expect(await converse()).toMatchObject({ refused: false, error: { message: 'later', closeCode } });
    },
  );

  it('is final even when the gateway forgets to close', async () => {
    refusal = { message: 'no', closeCode: 0 };
    expect(await converse()).toMatchObject({ refused: true, error: { message: 'no' } });
  });
});

describe('the end of a session that was accepted', () => {
  it.each([1001, 1008, 4002, 4003, 4004])('with code %i is never final', async (closeCode) => {
    closeAfterConnect = closeCode;
    expect(await converse()).toMatchObject({ refused: false, error: { closeCode } });
  });
});
