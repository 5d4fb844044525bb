/** Who a pasted token belongs to, and what a tab remembers. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Identity, identityOfToken, storedIdentity, storeIdentity } from '../src/gateway/identity.ts';

function token(claims: Record<string, unknown>): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

describe('a pasted token', () => {
  it('names its user, with or without the word Bearer and space around it', () => {
    const expected = { kind: 'token', user: 'ana', name: 'Ana', isOperator: false };
    expect(identityOfToken(token({ sub: 'ana', name: 'Ana' }))).toMatchObject(expected);
    expect(identityOfToken(`  Bearer ${token({ sub: 'ana', name: 'Ana' })}\n`)).toMatchObject(expected);
  });

  it.each([
    ['', 'Paste a token first.'],
    ['opaque', 'no JSON Web Token'],
    ['a.b.c', 'no JSON Web Token'],
    [token({ name: 'Ana' }), 'no `sub` claim'],
    [token({ sub: 'ana', exp: 1_000 }), 'expired'],
  ])('%j is answered with what is wrong', (pasted, problem) => {
    expect(identityOfToken(pasted)).toContain(problem);
  });

  it.each([
    [{ role: 'operator' }, true],
    [{ role: ['learner', 'operator'] }, true],
    [{ roles: 'learner operator' }, true],
    [{ roles: 'ADMIN,operator' }, true],
    [{ role: 'operators' }, false],
    [{ role: { operator: true } }, false],
    [{}, false],
  ])('with %j is an operator: %j', (claims, isOperator) => {
    expect(identityOfToken(token({ sub: 'ana', ...claims }))).toMatchObject({ isOperator });
  });
});

describe('the tab', () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    kept.clear();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    });
  });

  it('remembers who is signed in, until sign-out', () => {
    const identity: Identity = { kind: 'demo', user: 'u', name: 'Ana', isOperator: false };
    storeIdentity(identity);
    expect(storedIdentity()).toEqual(identity);
    storeIdentity(undefined);
    expect(storedIdentity()).toBeUndefined();
  });

  it('takes nothing that is not whole', () => {
    for (const text of ['', 'null', '{', '{"kind":"token","user":"u","name":"n","isOperator":true}', '[]']) {
      kept.set('sluice.identity', text);
      expect(storedIdentity(), text).toBeUndefined();
    }
  });

  it('works where nothing can be stored', () => {
    vi.stubGlobal('sessionStorage', undefined);
    storeIdentity({ kind: 'demo', user: 'u', name: 'Ana', isOperator: false });
    expect(storedIdentity()).toBeUndefined();
  });
});
