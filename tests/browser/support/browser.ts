/** A real browser, with a fresh profile. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { connected, network } from './network.ts';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SCREENSHOTS = resolve(
  process.env.SCREENSHOTS ?? join(import.meta.dirname, '../../../.run/screenshots'),
);

/** The size of a phone, and of a desk. */
export const PHONE = { width: 360, height: 740 };
export const DESK = { width: 1360, height: 900 };

/** A browser, and what its pages complained of. */
export class Browser {
  /** Exceptions, errors on the console (a violated Content-Security-Policy among them) and foreign requests. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async start(options: BrowserContextOptions = {}): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'sluice-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: ARGUMENTS,
      viewport: DESK,
      ...options,
    });
    context.setDefaultTimeout(15_000);
    return new Browser(context, profile);
  }

  /** Opens the page. Each call is a tab of its own, signed in as nobody. */
  async open(address: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on('pageerror', (error) => this.complaints.push(`exception: ${error.message}`));
    page.on('console', (message) => {
      // A gateway that is away is no fault of the page.
      const isNetwork = /ERR_CONNECTION|WebSocket connection to|Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !isNetwork) this.complaints.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(address) && !url.startsWith('blob:'))
        this.complaints.push(`foreign request: ${url}`);
    });
    await page.goto(address);
    return page;
  }

  async stop(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}

/** Keeps a picture of the page. */
export async function screenshot(page: Page, name: string, fullPage = true): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  const suffix = network === 'blocked' ? '-blocked' : '';
  await page.screenshot({ path: join(SCREENSHOTS, `${name}${suffix}.png`), fullPage });
}

/** Signs in as one of the demo's users and waits for the connection. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.locator(`[data-testid=user-choice][data-name="${name}"]`).click();
  await connected(page);
}

/** How far the page can be scrolled to the side, in pixels: 0 is right. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
