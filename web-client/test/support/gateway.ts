/** The real gateway, as a process of its own, on the embedded log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SECRET, tokenOf } from './tokens.ts';

const BINARY: string = resolve(
  process.env.SLUICE_BIN ?? join(import.meta.dirname, '../../../target/debug/sluice'),
);
/** How long the gateway may take to be ready. */
const READY_MS = 20_000;

/** The learning platform's sessions and notices, and one access rule for each right that the tests need. */
function configuration(port: number, adminPort: number, directory: string): string {
  return `
[server]
listen = "127.0.0.1:${port}"
[admin]
listen = "127.0.0.1:${adminPort}"
[auth]
leeway = "0s"
[[auth.keys]]
id = "tests"
algorithm = "HS256"
secret = "${SECRET}"
[source.embedded]
path = "${join(directory, 'data')}"
[topics.session-events]
partitions = 2
key = "/userId"
[topics.system-events]
[[route]]
topics = ["session-events"]
channel = "/topic/user/{userId}/session/{sessionId}"
[[route]]
topics = ["system-events"]
channel = "/topic/system"
[[access]]
subscribe = "/topic/user/{sub}/**"
[[access]]
subscribe = "/topic/system"
[[access]]
publish = "*"
claims = { scope = "publish" }
`;
}

/** A gateway that can be killed and started again on the same port and data. */
export class Gateway {
  readonly port: number;
  readonly #directory: string;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /** Starts one and waits until it is ready. */
  static async start(): Promise<Gateway> {
    if (!existsSync(BINARY))
      throw new Error(`there is no gateway at ${BINARY}: run \`cargo build\`, or set SLUICE_BIN`);
    const directory = await mkdtemp(join(tmpdir(), 'sluice-client-'));
    const [port, adminPort] = await Promise.all([freePort(), freePort()]);
    await writeFile(join(directory, 'sluice.toml'), configuration(port, adminPort, directory));
    const gateway = new Gateway(port, directory);
    await gateway.restart();
    return gateway;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** Starts the process again. */
  async restart(): Promise<void> {
    const child = spawn(BINARY, ['serve', '--config', join(this.#directory, 'sluice.toml')], {
      cwd: this.#directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk).slice(-20_000);
      });
    }
    await this.#ready(child);
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await exited;
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Publishes over HTTP; done when the gateway has stored the event. The body may be text, to be sent as it is. */
  async publish(event: unknown): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokenOf('publisher', 600, { scope: 'publish' })}`,
        'content-type': 'application/json',
      },
      body: typeof event === 'string' ? event : JSON.stringify(event),
    });
    if (response.status !== 200) {
      throw new Error(`publishing was answered ${response.status}: ${await response.text()}\n${this.#log}`);
    }
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}:\n${this.#log}`);
      const response = await fetch(`http://127.0.0.1:${this.port}/health/ready`).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((done) => setTimeout(done, 25));
    }
    throw new Error(`the gateway was not ready within ${READY_MS} ms:\n${this.#log}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
