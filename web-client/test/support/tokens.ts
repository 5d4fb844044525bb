/** Tokens of the tests, signed with HS256. */
import { createHmac } from 'node:crypto';

/** The secret that the tests' gateway believes. */
export const SECRET: string = 'a secret of the tests, at least thirty-two octets';

/** Signs a token with these claims. */
export function signToken(claims: Record<string, unknown>, secret: string = SECRET): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** A token of this user that lives for so many seconds. */
export function tokenOf(user: string, seconds: number = 600, claims: Record<string, unknown> = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  return signToken({ sub: user, iat: now, exp: now + seconds, ...claims });
}
