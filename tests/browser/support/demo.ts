/** `sluice demo`, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BINARY = resolve(process.env.SLUICE_BIN ?? join(import.meta.dirname, '../../../target/debug/sluice'));
/** How long the demo may take to print its address. */
const START_MS = 20_000;
/** Ten times faster than life: a session takes a few seconds. */
const PACE = '10';

/** A user of the demo. */
export interface DemoUser {
  name: string;
  user: string;
  role: string;
}

/** A running demo, which can be killed and started again where it was. */
export class Demo {
  readonly #data: string;
  #process: ChildProcess | undefined;
  #port = 0;
  #output = '';

  private constructor(data: string) {
    this.#data = data;
  }

  static async start(): Promise<Demo> {
    if (!existsSync(BINARY))
      throw new Error(`there is no gateway at ${BINARY}: run \`cargo build\`, or set SLUICE_BIN`);
    const demo = new Demo(await mkdtemp(join(tmpdir(), 'sluice-demo-')));
    await demo.restart();
    return demo;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts the process, on the same port and data as before. */
  async restart(): Promise<void> {
    const listen = `127.0.0.1:${this.#port}`;
    const child = spawn(
      BINARY,
      ['demo', '--platform', 'learning', '--listen', listen, '--data', this.#data, '--pace', PACE],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    this.#output = '';
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(
        () => fail(new Error(`no address within ${START_MS} ms:\n${this.#output}`)),
        START_MS,
      );
      child.once('exit', (code) => fail(new Error(`the demo ended with ${code}:\n${this.#output}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          this.#output = (this.#output + chunk).slice(-50_000);
          const port = /^page\s+http:\/\/[^\s/]+:(\d+)\//m.exec(this.#output)?.[1];
          if (port === undefined) return;
          this.#port = Number(port);
          clearTimeout(timer);
          done();
        });
      }
    });
  }

  /** The users that the page offers. */
  async users(): Promise<{ learners: DemoUser[]; operator: DemoUser }> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/demo/tokens`);
    const { users } = (await answer.json()) as { users: DemoUser[] };
    const operator = users.find((user) => user.role === 'operator');
    if (operator === undefined) throw new Error('the demo has no operator');
    return { learners: users.filter((user) => user.role !== 'operator'), operator };
  }

  /** Ends the process at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }
}
