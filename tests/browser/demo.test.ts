/** The page that the real gateway serves, and the demo's story on it. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser, PHONE, screenshot, sidewaysScroll, signIn } from './support/browser.ts';
import { Demo, type DemoUser } from './support/demo.ts';
import { connected, type Way, wayTo } from './support/network.ts';

/** Longer than a few sessions of the story take. */
const STORY_MS = 60_000;

let demo: Demo;
let way: Way;
let browser: Browser;
let ana: DemoUser;
let ben: DemoUser;
let operator: DemoUser;

beforeAll(async () => {
  demo = await Demo.start();
  way = await wayTo(demo.port);
  browser = await Browser.start();
  const users = await demo.users();
  [ana, ben] = users.learners as [DemoUser, DemoUser];
  operator = users.operator;
});
afterAll(async () => {
  await browser?.stop();
  await way?.stop();
  await demo?.stop();
});
afterEach(() => {
  expect(browser.complaints.splice(0)).toEqual([]);
});

async function openAs(user: DemoUser): Promise<Page> {
  const page = await browser.open(way.address);
  await signIn(page, user.name);
  return page;
}

function sessions(page: Page | Locator, status?: string): Locator {
  return page.locator(`[data-testid=session]${status === undefined ? '' : `[data-status=${status}]`}`);
}

async function sessionIds(page: Page | Locator): Promise<string[]> {
  const ids = await sessions(page).evaluateAll((cards) =>
    cards.map((card) => card.getAttribute('data-session')),
  );
  return ids.filter((id) => id !== null);
}

describe('the demo', () => {
  it('serves the full page, which nobody may frame or feed with foreign scripts', async () => {
    const response = await fetch(way.address);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const asset = /src="(\/assets\/[^"]+)"/.exec(await response.text())?.[1];
    expect(asset, 'the gateway was built without its page').toBeDefined();
    const script = await fetch(new URL(asset!, way.address));
    expect(script.headers.get('cache-control')).toContain('immutable');
    const again = await fetch(way.address, { headers: { 'if-none-match': response.headers.get('etag')! } });
    expect(again.status).toBe(304);
  });

  it('shows each learner a session from start to end, and nothing of the other; the operator sees both', async () => {
    const [anas, bens, operators] = await Promise.all([openAs(ana), openAs(ben), openAs(operator)]);

    // A session that begins while the page watches, stage by stage, until it has completed.
    await sessions(anas, 'running').first().waitFor({ timeout: STORY_MS });
    await anas.locator('[data-testid=stage][data-status=running]').first().waitFor({ timeout: STORY_MS });
    await screenshot(anas, 'demo-running');
    const completed = await wholeSession(anas);
    // Stages, content and sessions come by different topics: no order among them is promised.
    await expect.poll(() => completed.locator('[data-testid=stage][data-status=completed]').count()).toBe(8);
    await expect.poll(() => completed.getByTestId('content').count()).toBeGreaterThan(0);
    expect(await completed.getByTestId('subject').innerText()).not.toContain('already under way');
    expect(await completed.getByTestId('cost').innerText()).toMatch(/[1-9]/);
    await screenshot(anas, 'demo-completed');

    await sessions(bens).first().waitFor({ timeout: STORY_MS });
    const own = { ana: await sessionIds(anas), ben: await sessionIds(bens) };
    expect(own.ana.length).toBeGreaterThan(0);
    expect(own.ben.filter((id) => own.ana.includes(id))).toEqual([]);
    expect(await eventsWith(bens, ana.user)).toBe(0);
    expect(await eventsWith(anas, ben.user)).toBe(0);
    expect(await eventsWith(anas, ana.user)).toBeGreaterThan(0);

    const groups = operators.getByTestId('user-group');
    const [anaGroup, benGroup] = [ana, ben].map(({ user }) =>
      groups.and(operators.locator(`[data-user="${user}"]`)),
    );
    expect(await sessionIds(anaGroup!)).toEqual(expect.arrayContaining(own.ana.slice(-1)));
    expect(await sessionIds(benGroup!)).toEqual(expect.arrayContaining(own.ben.slice(-1)));
    await screenshot(operators, 'demo-operator');
    await Promise.all([anas.close(), bens.close(), operators.close()]);
  });

  it('fits a phone', async () => {
    const page = await browser.open(way.address);
    await page.setViewportSize(PHONE);
    expect(await sidewaysScroll(page)).toBe(0);
    await signIn(page, ana.name);
    await page.locator('[data-testid=stage]').first().waitFor({ timeout: STORY_MS });
    expect(await sidewaysScroll(page)).toBe(0);
    await screenshot(page, 'demo-phone');
    for (const tab of ['notices', 'events']) {
      await page.getByTestId(`tab-${tab}`).click();
      expect(await sidewaysScroll(page), tab).toBe(0);
    }
    await page.close();
  });

  it('is found again after a crash, on the same address', async () => {
    const page = await openAs(ana);
    await demo.kill();
    await page.locator('[data-testid=connection][data-status=reconnecting]').waitFor();
    await demo.restart();
    await connected(page, STORY_MS);
    const before = await page.getByTestId('figure-received').innerText();
    await expect
      .poll(() => page.getByTestId('figure-received').innerText(), { timeout: STORY_MS })
      .not.toBe(before);
    await page.close();
  });
});

/** Waits for a session that was seen from its start and has completed, and opens its card. */
async function wholeSession(page: Page): Promise<Locator> {
  const started = page.getByTestId('subject').filter({ hasNotText: 'already under way' });
  const found = sessions(page, 'completed').filter({ has: started }).first();
  await found.waitFor({ timeout: STORY_MS });
  // Held by its id: newer sessions push it down, and close it.
  const session = page.locator(`[data-session="${await found.getAttribute('data-session')}"]`);
  const head = session.locator('h3 button');
  if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
  return session;
}

/** How many raw events hold this text. */
async function eventsWith(page: Page, text: string): Promise<number> {
  await page.getByTestId('tab-events').click();
  await page.getByTestId('log-filter').fill(text);
  const count = await page.getByTestId('log-row').count();
  await page.getByTestId('tab-sessions').click();
  return count;
}
