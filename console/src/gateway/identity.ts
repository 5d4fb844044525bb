/** Who is signed in: one of the demo's users, or whoever a pasted token belongs to. */
import { tokenClaims } from '@sluice/client';
import { demoToken } from './demo.ts';

/** Who is signed in. */
export type Identity =
  | { readonly kind: 'demo'; readonly user: string; readonly name: string; readonly isOperator: boolean }
  | {
      readonly kind: 'token';
      readonly user: string;
      readonly name: string;
      readonly isOperator: boolean;
      readonly token: string;
    };

const STORAGE_KEY = 'sluice.identity';

/** The identity that a pasted token gives; a text that says what is wrong where it gives none. */
export function identityOfToken(pasted: string): Identity | string {
  const token = pasted.trim().replace(/^Bearer\s+/i, '');
  if (token === '') return 'Paste a token first.';
  const claims = tokenClaims(token);
  if (claims === undefined) return 'This is no JSON Web Token: it has three parts with dots between them.';
  const user = claims.sub;
  if (typeof user !== 'string' || user === '') return 'This token names no user: it has no `sub` claim.';
  if (typeof claims.exp === 'number' && claims.exp * 1_000 < Date.now()) return 'This token has expired.';
  const name = typeof claims.name === 'string' ? claims.name : user;
  return { kind: 'token', user, name, isOperator: hasRole(claims, 'operator'), token };
}

/** A token for the identity: the demo signs a new one each time, a pasted one stays what it is. */
export async function tokenOf(identity: Identity): Promise<string> {
  return identity.kind === 'token' ? identity.token : demoToken(identity.user);
}

/** The identity kept for this tab, if there is one. */
export function storedIdentity(): Identity | undefined {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null');
    return isIdentity(stored) ? stored : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the identity for this tab, or forgets it. */
export function storeIdentity(identity: Identity | undefined): void {
  try {
    if (identity === undefined) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, JSON.stringify(identity));
  } catch {
    // A browser that keeps nothing asks again after a reload.
  }
}

/** Whether the claim `role` or `roles` is this role, or holds it: as a list, or as text with spaces or commas. */
function hasRole(claims: Record<string, unknown>, role: string): boolean {
  return [claims.role, claims.roles].some((claim) => {
    const roles = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(/[\s,]+/) : [];
    return roles.includes(role);
  });
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, user, name, isOperator, token } = value as Record<string, unknown>;
  const isWhole = typeof user === 'string' && typeof name === 'string' && typeof isOperator === 'boolean';
  return isWhole && (kind === 'demo' || (kind === 'token' && typeof token === 'string'));
}
