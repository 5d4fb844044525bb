/** The page, in a real browser, against a gateway of the tests. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokenOf } from '../../web-client/test/support/tokens.ts';
import { Browser, DESK, PHONE, screenshot, sidewaysScroll, signIn } from './support/browser.ts';
import { MockGateway, USERS } from './support/mock-gateway.ts';
import { connected, network, type Way, wayTo } from './support/network.ts';
import { Story } from './support/story.ts';

const ana = new Story(USERS[0].user);
const ben = new Story(USERS[1].user);
let browser: Browser;
let gateway: MockGateway;
let way: Way;

beforeAll(async () => {
  browser = await Browser.start();
});
afterAll(() => browser?.stop());
beforeEach(async () => {
  gateway = await MockGateway.start();
  way = await wayTo(gateway.port);
});
afterEach(async () => {
  await way.stop();
  await gateway.stop();
  expect(browser.complaints.splice(0)).toEqual([]);
});

async function openAs(name: string): Promise<Page> {
  const page = await browser.open(way.address);
  await signIn(page, name);
  return page;
}

/** Everything at once, so that a picture shows it. */
function tellEverything(story: Story): void {
  gateway.deliver(story.account());
  gateway.deliver(story.failed('The causes of the First World War'));
  gateway.deliver(story.completed('Photosynthesis in C4 plants'));
  gateway.deliver(story.session('Linear algebra for machine learning', 5));
  gateway.deliver(story.system());
}

describe('looks', () => {
  for (const [size, viewport] of [
    ['desk', DESK],
    ['tablet', { width: 820, height: 1100 }],
    ['phone', PHONE],
  ] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`fits a ${size} in ${colorScheme}`, async () => {
        const page = await browser.open(way.address);
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.getByTestId('user-choice').first().waitFor();
        await screenshot(page, `${size}-${colorScheme}-sign-in`);
        expect(await sidewaysScroll(page)).toBe(0);

        await signIn(page, 'Ana');
        await screenshot(page, `${size}-${colorScheme}-empty`);
        tellEverything(ana);
        await page.getByTestId('session').nth(2).waitFor();
        await screenshot(page, `${size}-${colorScheme}-sessions`);
        expect(await sidewaysScroll(page)).toBe(0);

        if (size !== 'desk') {
          await page.getByTestId('tab-notices').click();
          await screenshot(page, `${size}-${colorScheme}-notices`);
          expect(await sidewaysScroll(page)).toBe(0);
        }
        await page.getByTestId('tab-events').click();
        await page.getByTestId('log-row').nth(3).locator('button').click();
        await page.getByTestId('log-body').waitFor();
        await screenshot(page, `${size}-${colorScheme}-events`, false);
        expect(await sidewaysScroll(page)).toBe(0);
        await page.close();
      });
    }
  }

  it('groups the sessions by user for an operator', async () => {
    const page = await openAs('Operator');
    tellEverything(ana);
    gateway.deliver(ben.session('The water cycle', 3));
    await page.getByTestId('user-group').nth(1).waitFor();
    const groups = await page.getByTestId('user-group').locator('h2').allInnerTexts();
    expect(groups.map((words) => words.replace(/\s+/g, ' '))).toEqual([
      'B Ben 1 session',
      'A Ana 3 sessions',
    ]);
    await screenshot(page, 'desk-light-operator');
    await page.close();
  });
});

describe('sessions', () => {
  it('are shown to their user and to nobody else', async () => {
    const [anas, bens] = [await openAs('Ana'), await openAs('Ben')];
    gateway.deliver(ana.completed('Photosynthesis'));
    gateway.deliver(ben.session('Fractions', 1));
    const session = anas.getByTestId('session');
    await session.and(anas.locator('[data-status=completed]')).waitFor();
    expect(await session.getByTestId('subject').allInnerTexts()).toEqual(['Photosynthesis']);
    expect(await session.locator('[data-testid=stage][data-status=completed]').count()).toBe(8);
    await bens.getByTestId('session').waitFor();
    expect(await bens.getByTestId('subject').allInnerTexts()).toEqual(['Fractions']);
    await Promise.all([anas.close(), bens.close()]);
  });

  it('that fail say plainly why', async () => {
    const page = await openAs('Ana');
    gateway.deliver(ana.failed('History'));
    const words = await page.getByTestId('session-error').innerText();
    expect(words).toBe('Stopped at Decomposition. The model answered with no usable outline');
    await page.close();
  });
});

describe('the raw events', () => {
  it('can be filtered, paused and opened', async () => {
    const page = await openAs('Ana');
    gateway.deliver(ana.session('Fractions', 2));
    await page.getByTestId('tab-events').click();
    await page.getByTestId('log-filter').fill('agent.completed');
    await page.getByTestId('log-row').nth(1).waitFor();
    expect(await page.getByTestId('log-row').count()).toBe(2);
    await page.getByTestId('log-row').first().locator('button').click();
    expect(await page.getByTestId('log-body').innerText()).toContain('"eventType": "agent.completed.v1"');
    await page.getByTestId('log-filter').fill('');

    const before = await page.getByTestId('log-row').count();
    await page.getByTestId('log-pause').click();
    gateway.deliver(ana.session('Decimals', 0));
    await page.getByText('Resume (2 new)').waitFor();
    expect(await page.getByTestId('log-row').count()).toBe(before);
    await page.getByTestId('log-pause').click();
    await page
      .getByTestId('log-row')
      .nth(before + 1)
      .waitFor();
    await page.close();
  });

  it('keep the last five hundred', async () => {
    const page = await openAs('Ana');
    for (let count = 0; count < 60; count += 1) gateway.deliver(ana.completed(`Subject ${count}`));
    await page.getByTestId('tab-events').click();
    await page.getByText('The last 500 of').waitFor();
    expect(await page.getByTestId('log-row').count()).toBe(500);
    await page.close();
  });
});

describe('the connection', () => {
  it('comes back by itself, and says what it does', async () => {
    const page = await openAs('Ana');
    await gateway.stop();
    await page.locator('[data-testid=connection][data-status=reconnecting]').waitFor();
    await page.getByTestId('lost').waitFor();
    await screenshot(page, 'desk-light-reconnecting');
    gateway = await MockGateway.start({}, gateway.port);
    await connected(page, 40_000);
    gateway.deliver(ana.session('Afterwards', 1));
    await page.getByText('Afterwards').waitFor();
    await page.close();
  });

  it('loads SockJS from the gateway where WebSockets are blocked, and only there', async () => {
    const page = await openAs('Ana');
    const scripts = await page.evaluate(() =>
      performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')),
    );
    expect(scripts).toHaveLength(network === 'blocked' ? 2 : 1);
    await page.close();
  });

  it('keeps its heart-beats in a worker, which the page is allowed to make', async () => {
    const page = await openAs('Ana');
    // One worker for the probe has ended; the one that beats goes on.
    await expect.poll(() => page.workers().length).toBe(1);
    await page.close();
  });

  it('survives a reload, and ends with signing out', async () => {
    const page = await openAs('Ben');
    await page.reload();
    await connected(page);
    expect(await page.getByTestId('who').innerText()).toContain('Ben');
    await page.getByTestId('sign-out').click();
    await page.getByTestId('sign-in').waitFor();
    await page.reload();
    await page.getByTestId('sign-in').waitFor();
    await page.close();
  });
});

describe('without a demo', () => {
  it('takes a pasted token, and says what is wrong with one', async () => {
    await gateway.stop();
    const onConnect = (token: string) =>
      token.endsWith('x') ? { message: 'the signature is wrong', closeCode: 4004 } : undefined;
    gateway = await MockGateway.start({ isDemo: false, onConnect }, gateway.port);
    const page = await browser.open(way.address);
    await page.getByText('Your token').waitFor();
    await page.getByTestId('connect').click();
    expect(await page.getByTestId('token-problem').innerText()).toBe('Paste a token first.');
    await page.getByTestId('token').fill('not a token');
    await page.getByTestId('connect').click();
    expect(await page.getByTestId('token-problem').innerText()).toContain('no JSON Web Token');
    await page.getByTestId('token').fill(`${tokenOf('ana')}x`);
    await page.getByTestId('connect').click();
    await page.getByTestId('refused').waitFor();
    expect(await page.getByTestId('refused').innerText()).toContain('the signature is wrong');
    await page.getByText('Sign in again').click();
    await page.getByTestId('token').fill(tokenOf('ana'));
    await page.getByTestId('connect').click();
    await connected(page);
    await page.close();
  });
});
