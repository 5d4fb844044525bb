/** The demo's users and their tokens, where the gateway is a demo. */

/** One of the demo's users. */
export interface DemoUser {
  readonly name: string;
  readonly user: string;
  readonly role: string;
  readonly token: string;
}

/** The demo's users; `undefined` where the gateway is no demo. */
export async function demoUsers(): Promise<DemoUser[] | undefined> {
  const response = await fetch('/demo/tokens', { cache: 'no-store' });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  const answer = (await response.json()) as { users?: DemoUser[] };
  return answer.users ?? [];
}

/** A fresh token of one of the demo's users. */
export async function demoToken(user: string): Promise<string> {
  const found = (await demoUsers())?.find((candidate) => candidate.user === user);
  if (found === undefined) throw new Error('this gateway has no such demo user: sign out and choose again');
  return found.token;
}
