/** The network between the browser and the gateway, in this run of the tests. */
import type { Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { BlockingProxy } from './proxy.ts';

/** WebSockets get through, or they are blocked. */
export type Network = 'websocket' | 'blocked';

declare module 'vitest' {
  interface ProvidedContext {
    network: Network;
  }
}

/** What this run's network is like. */
export const network: Network = inject('network');

/** The way from the browser to a gateway. */
export interface Way {
  address: string;
  stop: () => Promise<void>;
}

/** The way to the gateway that listens, or will listen, on that port of this machine. */
export async function wayTo(port: number): Promise<Way> {
  if (network === 'blocked') return BlockingProxy.start(port);
  return { address: `http://127.0.0.1:${port}/`, stop: async () => {} };
}

/** Waits for the connection, which must be of the kind that the network allows. */
export async function connected(page: Page, timeout = 15_000): Promise<void> {
  await page.locator('[data-testid=connection][data-status=connected]').waitFor({ timeout });
  const transport = await page.getByTestId('transport').innerText();
  expect(transport).toBe(network === 'blocked' ? 'SockJS' : 'WebSocket');
}
