/** JSON text laid out for reading, without being parsed: what is doubled or has nine decimals stays so. */

/** What a piece of the text is. */
export type JsonKind = 'key' | 'string' | 'number' | 'literal' | 'punctuation';

/** A piece of the text. */
export interface JsonPiece {
  readonly kind: JsonKind;
  readonly text: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;
/** Text beyond this is not laid out. */
const LENGTH_MAX = 200_000;

/** The pieces of a JSON text, with line breaks and indents; text that is no JSON comes back as it is. */
export function layOut(text: string): JsonPiece[] {
  const tokens = text.length > LENGTH_MAX ? null : text.match(TOKEN);
  if (tokens === null || tokens.join('').length !== withoutSpace(text).length)
    return [{ kind: 'string', text }];
  const pieces: JsonPiece[] = [];
  let depth = 0;
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === '{' || token === '[') {
      const isEmpty = next === '}' || next === ']';
      if (!isEmpty) depth += 1;
      pieces.push(punctuation(isEmpty ? token : token + newLine(depth)));
    } else if (token === '}' || token === ']') {
      const previous = tokens[index - 1];
      const isEmpty = previous === '{' || previous === '[';
      if (!isEmpty) depth -= 1;
      pieces.push(punctuation(isEmpty ? token : newLine(depth) + token));
    } else if (token === ',') pieces.push(punctuation(token + newLine(depth)));
    else if (token === ':') pieces.push(punctuation(': '));
    else pieces.push({ kind: kindOf(token, next), text: token });
  });
  return pieces;
}

function kindOf(token: string, next: string | undefined): JsonKind {
  if (token.startsWith('"')) return next === ':' ? 'key' : 'string';
  return /^[tfn]/.test(token) ? 'literal' : 'number';
}

function punctuation(text: string): JsonPiece {
  return { kind: 'punctuation', text };
}

function newLine(depth: number): string {
  return `\n${'  '.repeat(Math.max(depth, 0))}`;
}

/** The text without the space between its tokens. */
function withoutSpace(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '');
}
